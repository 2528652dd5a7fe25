"""Interest rates: the kinked model, tier discounts, yields, growth over time. Pure.

Rates are fractions a year (0.05 is 5 %) with 18 places; a year has 31,557,600 s (365.25 days).
Knows nothing of books, prices or rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal

from dualis.exact import EXACT, ZERO, div_down, div_up, mul_down, mul_up

YEAR_SECONDS = 31_557_600
RATE_PLACES = 18
# An index of 18 places times a growth of 36 is exact: only the index is ever rounded.
GROWTH_PLACES = 36
CURVE_STEPS = 100

_ONE = Decimal(1)
_MICROSECOND = timedelta(microseconds=1)
_CEILING = Context(prec=80, rounding=ROUND_UP)
_FLOOR = Context(prec=80, rounding=ROUND_DOWN)


class InvalidRateModel(ValueError):
    """The parameters make no rate curve."""


@dataclass(frozen=True, slots=True)
class RateModel:
    """base + U x slope up to the kink, above it base + kink x slope + (U - kink) x jump."""

    base: Decimal
    slope: Decimal
    kink: Decimal
    jump: Decimal
    reserve_factor: Decimal

    def __post_init__(self) -> None:
        if min(self.base, self.slope, self.jump) < 0:
            raise InvalidRateModel("base, slope and jump are not negative")
        if not 0 < self.kink < 1:
            raise InvalidRateModel("the kink lies between 0 and 1")
        if not 0 <= self.reserve_factor < 1:
            raise InvalidRateModel("the reserve factor is at least 0 and below 1")


def _model(*numbers: str) -> RateModel:
    return RateModel(*map(Decimal, numbers))


_STABLE = _model("0.02", "0.07", "0.80", "0.30", "0.10")
_COIN = _model("0.01", "0.04", "0.65", "0.50", "0.15")
_BILL = _model("0.04", "0.03", "0.90", "0.15", "0.05")
_EQUITY = _model("0.02", "0.05", "0.75", "0.18", "0.10")

# spec 4; there is no default: an asset that is not listed has no pool (rulings, 1)
MODELS: dict[str, RateModel] = {
    "USDC": _STABLE,
    "USDT": _STABLE,
    "wBTC": _COIN,
    "wETH": _COIN,
    "ETH": _COIN,
    "CC": _model("0.03", "0.10", "0.60", "0.80", "0.20"),
    "T-BILL": _BILL,
    "T-BILL-2026": _BILL,
    "RWA-TBILL": _BILL,
    "TIFA-REC": _model("0.08", "0.12", "0.70", "0.60", "0.15"),
    "CC-REC": _model("0.03", "0.06", "0.70", "0.25", "0.15"),
    "SPY": _EQUITY,
    "SPY-2026": _EQUITY,
    "SWING": _COIN,  # of demo markets
}


@dataclass(frozen=True, slots=True)
class PoolRates:
    """What a pool charges and pays at one moment; `borrow_apr` is before tier discounts."""

    utilization: Decimal
    borrow_apr: Decimal
    tier_aprs: Mapping[str, Decimal]
    supply_apr: Decimal


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Rates at one utilization, without tier discounts."""

    utilization: Decimal
    borrow_apr: Decimal
    supply_apr: Decimal


def utilization_up(borrowed: Decimal, supplied: Decimal) -> Decimal:
    """Return min(borrowed / supplied, 1).

    Debt that only reserves fund (supplied is 0) is fully utilized: the last supplier who leaves
    does not cut the rate.
    """
    if not borrowed:
        return ZERO
    if borrowed >= supplied:
        return _ONE
    return div_up(borrowed, supplied, RATE_PLACES)


def borrow_apr_up(model: RateModel, utilization: Decimal) -> Decimal:
    """Return the rate a year that borrowers without a discount pay at this utilization."""
    below = min(utilization, model.kink)
    rate = EXACT.fma(below, model.slope, model.base)
    return mul_up(
        EXACT.fma(EXACT.subtract(utilization, below), model.jump, rate), _ONE, RATE_PLACES
    )


def tier_apr_up(apr: Decimal, discount: Decimal) -> Decimal:
    """Return the rate of a credit tier: APR x (1 - discount)."""
    return mul_up(apr, EXACT.subtract(_ONE, discount), RATE_PLACES)


def credited_down(
    interest: Decimal, reserve_factor: Decimal, borrowed: Decimal, supplied: Decimal
) -> Decimal:
    """Return suppliers' part of interest: interest x (1 - reserve factor), at 36 places.

    Interest on what reserves lend (borrowed above supplied) is the reserves': else a supply of one
    unit would take all of it and blow the supply index up.
    """
    credited = EXACT.multiply(interest, EXACT.subtract(_ONE, reserve_factor))
    if borrowed > supplied:
        return div_down(EXACT.multiply(credited, supplied), borrowed, GROWTH_PLACES)
    return mul_down(credited, _ONE, GROWTH_PLACES)


def pool_rates(
    model: RateModel,
    borrowed: Mapping[str, Decimal],
    supplied: Decimal,
    discounts: Mapping[str, Decimal],
) -> PoolRates:
    """Return all rates of a pool; `borrowed` and `discounts` are by credit tier.

    Supply APR is the interest actually charged (rulings, 6): tier discounts lower it.
    """
    total = interest = ZERO
    for amount in borrowed.values():
        total = EXACT.add(total, amount)
    utilization = utilization_up(total, supplied)
    apr = borrow_apr_up(model, utilization)
    aprs = {tier: tier_apr_up(apr, discounts[tier]) for tier in borrowed}
    for tier, amount in borrowed.items():
        interest = EXACT.fma(amount, aprs[tier], interest)
    credited = credited_down(interest, model.reserve_factor, total, supplied)
    supply_apr = div_down(credited, supplied, RATE_PLACES) if supplied else ZERO
    return PoolRates(utilization, apr, aprs, supply_apr)


def apy_up(apr: Decimal, places: int) -> Decimal:
    """Return e^APR - 1 rounded up: the yield a borrower pays."""
    return mul_up(EXACT.subtract(growth_up(apr, Decimal(YEAR_SECONDS)), _ONE), _ONE, places)


def apy_down(apr: Decimal, places: int) -> Decimal:
    """Return e^APR - 1 rounded down: the yield a supplier earns."""
    return mul_down(EXACT.subtract(growth_down(apr, Decimal(YEAR_SECONDS)), _ONE), _ONE, places)


def growth_up(apr: Decimal, seconds: Decimal) -> Decimal:
    """Return e^(APR x seconds / year), rounded up at 36 places; seconds are not negative."""
    exponent = _exponent(apr, seconds, _CEILING)
    # exp() is correct to half a digit: the next number up is a true bound
    return (
        mul_up(_CEILING.exp(exponent).next_plus(_CEILING), _ONE, GROWTH_PLACES)
        if exponent
        else _ONE
    )


def growth_down(apr: Decimal, seconds: Decimal) -> Decimal:
    """Return e^(APR x seconds / year), rounded down at 36 places; seconds are not negative."""
    exponent = _exponent(apr, seconds, _FLOOR)
    return (
        mul_down(_FLOOR.exp(exponent).next_minus(_FLOOR), _ONE, GROWTH_PLACES) if exponent else _ONE
    )


def elapsed_seconds(since: datetime, now: datetime) -> Decimal:
    """Return the seconds from one moment to another, to the microsecond; never negative."""
    return Decimal(max((now - since) // _MICROSECOND, 0)).scaleb(-6)


def curve(model: RateModel) -> tuple[CurvePoint, ...]:
    """Return 101 points from utilization 0 to 1 (spec 4), with this model's reserve factor."""
    points = []
    for step in range(CURVE_STEPS + 1):
        utilization = Decimal(step) / CURVE_STEPS
        apr = borrow_apr_up(model, utilization)
        interest = EXACT.multiply(apr, utilization)
        paid = credited_down(interest, model.reserve_factor, utilization, _ONE)
        points.append(CurvePoint(utilization, apr, mul_down(paid, _ONE, RATE_PLACES)))
    return tuple(points)


def _exponent(apr: Decimal, seconds: Decimal, context: Context) -> Decimal:
    if seconds < 0:
        raise ValueError("time does not run backwards")
    return context.divide(context.multiply(apr, seconds), Decimal(YEAR_SECONDS))
