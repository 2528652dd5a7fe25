"""The risk of one borrow position: values, health, zones, capacity, liquidation price. Pure.

1. Decisions compare exact products; only what is shown is rounded, against the position.
2. Capacity values collateral at the lower of spot and 5-minute TWAP, health at spot (rulings, 4);
   for liquidation a frozen asset counts at the price that ruling 2 gives it.

Values are USD. Knows nothing of pools, feeds, users or rows: prices and terms are given.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from enum import Enum, StrEnum

from dualis.exact import EXACT, ZERO, div_down, div_up, mul_down, mul_up
from dualis.lending.terms import AssetTerms, TierTerms

HEALTH_PLACES = 4
RATIO_PLACES = 4
PRICE_PLACES = 8
USD_PLACES = 2
CAPACITY_PLACES = 18

ONE = Decimal(1)
MIN_HEALTH_TO_BORROW = Decimal("1.20")  # spec 5
LIQUIDATABLE_BELOW = Decimal("0.95")  # rulings, 14 and 16
MIN_DEBT = Decimal(100)  # USD; rulings, 9


class Zone(StrEnum):
    """Where a health factor lies (rulings, 14); a crossing is a change of zone."""

    SAFE = "safe"
    CAUTION = "caution"
    DANGER = "danger"
    CRITICAL = "critical"
    MARGIN_CALL = "margin_call"
    LIQUIDATABLE = "liquidatable"


# the lowest health factor of each zone; below the last is LIQUIDATABLE
ZONES: tuple[tuple[Decimal, Zone], ...] = (
    (Decimal("1.5"), Zone.SAFE),
    (MIN_HEALTH_TO_BORROW, Zone.CAUTION),
    (Decimal("1.05"), Zone.DANGER),
    (ONE, Zone.CRITICAL),
    (LIQUIDATABLE_BELOW, Zone.MARGIN_CALL),
)


class AlertLevel(StrEnum):
    """What a credit tier calls a health factor (spec 5)."""

    WARNING = "warning"
    DANGER = "danger"
    CRITICAL = "critical"


class Basis(Enum):
    """What a value is for, which decides the price it is taken at."""

    SPOT = "spot"
    CAPACITY = "capacity"
    LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True)
class Price:
    """USD a unit: spot; the lower of spot and TWAP; what it counts at for liquidation.

    The last two favour different sides and depend on whether the asset is collateral or debt.
    """

    spot: Decimal
    capacity: Decimal
    liquidation: Decimal
    is_frozen: bool = False

    def at(self, basis: Basis) -> Decimal:
        """Return the price for a purpose."""
        match basis:
            case Basis.SPOT:
                return self.spot
            case Basis.CAPACITY:
                return self.capacity
            case Basis.LIQUIDATION:
                return self.liquidation


@dataclass(frozen=True, slots=True)
class Collateral:
    """An amount locked in a position; `places` are the asset's decimals."""

    asset: str
    amount: Decimal
    places: int
    price: Price
    terms: AssetTerms


@dataclass(frozen=True, slots=True)
class Debt:
    """What a position owes now, rounded up; `places` are the asset's decimals."""

    asset: str
    amount: Decimal
    places: int
    price: Price


@dataclass(frozen=True, slots=True)
class Position:
    """One isolated position (rulings, 12) under the tier it was opened with (rulings, 13)."""

    collaterals: tuple[Collateral, ...]
    debt: Debt
    tier: TierTerms


@dataclass(frozen=True, slots=True)
class Health:
    """Weighted collateral over debt, both exact; without debt it is infinite."""

    weighted: Decimal
    debt: Decimal

    def is_below(self, threshold: Decimal) -> bool:
        """Tell whether the health factor is below a threshold, exactly."""
        return self.weighted < EXACT.multiply(threshold, self.debt)

    def is_at_most(self, threshold: Decimal) -> bool:
        """Tell whether there is debt and the health factor is at or below a threshold, exactly."""
        return self.debt > 0 and self.weighted <= EXACT.multiply(threshold, self.debt)


def value(collateral: Collateral, basis: Basis = Basis.SPOT) -> Decimal:
    """Return the exact value of one collateral."""
    return EXACT.multiply(collateral.amount, collateral.price.at(basis))


def collateral_value(position: Position, basis: Basis = Basis.SPOT) -> Decimal:
    """Return the exact value of all collateral."""
    return _sum(position, lambda held: value(held, basis))


def weighted_value(position: Position, basis: Basis = Basis.SPOT) -> Decimal:
    """Return the exact sum of value x threshold x haircut."""
    return _sum(position, lambda held: EXACT.multiply(value(held, basis), held.terms.weight))


def debt_value(position: Position, basis: Basis = Basis.SPOT) -> Decimal:
    """Return the exact value of the debt; the lower price of capacity is collateral's alone."""
    debt = position.debt
    used = Basis.SPOT if basis is Basis.CAPACITY else basis
    return EXACT.multiply(debt.amount, debt.price.at(used))


def usd_down(amount: Decimal) -> Decimal:
    """Return a value as it is shown for collateral: 2 decimals, rounded down."""
    return mul_down(amount, ONE, USD_PLACES)


def usd_up(amount: Decimal) -> Decimal:
    """Return a value as it is shown for debt: 2 decimals, rounded up."""
    return mul_up(amount, ONE, USD_PLACES)


def health(position: Position, basis: Basis = Basis.SPOT) -> Health:
    """Return the health of a position (spec 5, with thresholds)."""
    return Health(weighted_value(position, basis), debt_value(position, basis))


def health_factor_down(found: Health) -> Decimal | None:
    """Return the health factor as it is shown, 4 decimals; None if infinite.

    Rounded down, what is shown lies in the same zone as what is exact.
    """
    return div_down(found.weighted, found.debt, HEALTH_PLACES) if found.debt else None


def zone_of(found: Health) -> Zone:
    """Return the zone, decided exactly; without debt it is safe."""
    for lowest, zone in ZONES:
        if not found.is_below(lowest):
            return zone
    return Zone.LIQUIDATABLE


def alert_level(found: Health, tier: TierTerms) -> AlertLevel | None:
    """Return the most severe alert of the tier that the health factor reaches."""
    for highest, level in (
        (tier.critical, AlertLevel.CRITICAL),
        (tier.danger, AlertLevel.DANGER),
        (tier.warning, AlertLevel.WARNING),
    ):
        if found.is_at_most(highest):
            return level
    return None


def weighted_ltv_up(position: Position) -> Decimal | None:
    """Return debt / collateral as it is shown, 4 decimals; None without collateral."""
    held = collateral_value(position)
    return div_up(debt_value(position), held, RATIO_PLACES) if held else None


def limits(position: Position) -> tuple[Decimal, Decimal]:
    """Return the two limits of debt: tier-limited LTV value, and weighted collateral / 1.20."""
    by_ltv = _sum(position, lambda held: EXACT.multiply(held.amount, _ltv_of_unit(held, position)))
    weighted = weighted_value(position, Basis.CAPACITY)
    return by_ltv, div_down(weighted, MIN_HEALTH_TO_BORROW, CAPACITY_PLACES)


def capacity_down(position: Position) -> Decimal:
    """Return the USD that can still be borrowed: the lower limit less the debt (rulings, 10)."""
    room = EXACT.subtract(min(limits(position)), debt_value(position))
    return mul_down(max(room, ZERO), ONE, CAPACITY_PLACES)


def borrowable_down(position: Position) -> Decimal:
    """Return the capacity in units of the debt asset."""
    return div_down(capacity_down(position), position.debt.price.spot, position.debt.places)


def removable_down(position: Position, asset: str) -> Decimal:
    """Return how much of a collateral may leave so that both limits still cover the debt.

    The limits are those of capacity: else one would borrow at them, and take collateral out until
    the tier's LTV means nothing. Without debt everything may leave.
    """
    held = _held(position, asset)
    debt = debt_value(position)
    if not debt:
        return held.amount
    by_ltv, by_health = limits(position)
    units = EXACT.multiply(held.price.capacity, held.terms.weight)
    spare = EXACT.multiply(EXACT.subtract(by_health, debt), MIN_HEALTH_TO_BORROW)
    most = min(held.amount, div_down(max(spare, ZERO), units, held.places))
    if unit := _ltv_of_unit(held, position):
        most = min(most, div_down(max(EXACT.subtract(by_ltv, debt), ZERO), unit, held.places))
    return most


def liquidation_price_up(position: Position, asset: str, at: Decimal = ONE) -> Decimal | None:
    """Return the spot of one collateral at which health equals `at`, the others standing still.

    8 decimals; None where no fall of this asset alone gets there.
    """
    held = _held(position, asset)
    rest = replace(position, collaterals=tuple(c for c in position.collaterals if c is not held))
    needed = EXACT.subtract(EXACT.multiply(at, debt_value(position)), weighted_value(rest))
    if needed <= 0 or not held.amount:
        return None
    return div_up(needed, EXACT.multiply(held.amount, held.terms.weight), PRICE_PLACES)


def distance_up(liquidation_price: Decimal, spot: Decimal) -> Decimal:
    """Return the change of price that liquidates, as a fraction (-0.4363): rounded up, so that a
    fall is never shown longer than it is; positive where it has happened already.
    """
    change = EXACT.subtract(EXACT.divide(liquidation_price, spot), ONE)
    return change.quantize(Decimal("0.0001"), rounding=ROUND_CEILING, context=EXACT) + ZERO


def is_dust_debt(position: Position) -> bool:
    """Tell whether there is a debt worth less than 100 USD (rulings, 9)."""
    return 0 < debt_value(position) < MIN_DEBT


def is_spared(position: Position) -> bool:
    """Tell whether frozen assets, moved 10 % in its favour, lift the position to 1 (rulings, 2)."""
    is_frozen = position.debt.price.is_frozen or any(
        held.price.is_frozen for held in position.collaterals
    )
    return is_frozen and not health(position, Basis.LIQUIDATION).is_below(ONE)


def is_liquidatable(position: Position) -> bool:
    """Tell whether health is below 0.95 and no frozen asset spares the position."""
    return health(position).is_below(LIQUIDATABLE_BELOW) and not is_spared(position)


def with_collateral(position: Position, asset: str, change: Decimal) -> Position:
    """Return the position after collateral it holds has come or gone."""
    held = _held(position, asset)
    new = replace(held, amount=EXACT.add(held.amount, change))
    return replace(
        position, collaterals=tuple(new if c is held else c for c in position.collaterals)
    )


def with_debt(position: Position, change: Decimal) -> Position:
    """Return the position after its debt has risen or fallen."""
    debt = position.debt
    return replace(position, debt=replace(debt, amount=EXACT.add(debt.amount, change)))


def _held(position: Position, asset: str) -> Collateral:
    return next(held for held in position.collaterals if held.asset == asset)


def _ltv_of_unit(held: Collateral, position: Position) -> Decimal:
    ltv = EXACT.multiply(min(held.terms.ltv, position.tier.max_ltv), held.terms.haircut)
    return EXACT.multiply(held.price.capacity, ltv)


def _sum(position: Position, worth: Callable[[Collateral], Decimal]) -> Decimal:
    total = ZERO
    for held in position.collaterals:
        total = EXACT.add(total, worth(held))
    return total
