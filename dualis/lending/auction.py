"""A liquidation auction: when it opens, how much of the debt it sells, how long it runs. Pure.

1. A lot is a share of the debt, paid from all collateral with a live price.
2. A lot never shrinks and its clock never grows: the tier is taken anew each tick, and kept while
   health is better (rulings, 18). Recovery cancels, whatever is left.

Knows nothing of bids, pools, rows or clocks: seconds with live prices are given.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from dualis.exact import EXACT, ZERO, mul_up
from dualis.lending.risk import (
    LIQUIDATABLE_BELOW,
    MIN_DEBT,
    ONE,
    Basis,
    Collateral,
    Health,
    Position,
    collateral_value,
    health,
    is_liquidatable,
    is_spared,
    value,
)

COOLDOWN_SECONDS = 60  # rulings, 19
GRACE_SECONDS = 300  # rulings, 18
GRACE_DOWN_TO = Decimal("0.90")  # rulings, 18
FULL_BELOW = Decimal("0.85")


class LiquidationTier(StrEnum):
    """How far below 1 the health factor is (spec 6)."""

    MARGIN_CALL = "MarginCall"
    SOFT = "SoftLiquidation"
    FORCED = "ForcedLiquidation"
    FULL = "FullLiquidation"


# share of the debt (rulings, 17) and seconds of the clock (spec 6)
SHARES: dict[LiquidationTier, Decimal] = {
    LiquidationTier.MARGIN_CALL: ZERO,
    LiquidationTier.SOFT: Decimal("0.25"),
    LiquidationTier.FORCED: Decimal("0.50"),
    LiquidationTier.FULL: ONE,
}
CLOCK_SECONDS: dict[LiquidationTier, int] = {
    LiquidationTier.SOFT: 300,
    LiquidationTier.FORCED: 180,
    LiquidationTier.FULL: 60,
}


@dataclass(frozen=True, slots=True)
class Auction:
    """`opened_with` is the debt at the opening, `filled` what bids repaid; in the debt asset."""

    tier: LiquidationTier
    opened_with: Decimal
    filled: Decimal = ZERO
    live_seconds: Decimal = ZERO


def tier_of(position: Position) -> LiquidationTier | None:
    """Return the tier of the position's health at spot; None from 1 on."""
    found = health(position)
    if not found.is_below(ONE):
        return None
    if not found.is_below(LIQUIDATABLE_BELOW):
        return LiquidationTier.MARGIN_CALL
    if found.is_below(FULL_BELOW) or is_below_full_line(position, found):
        return LiquidationTier.FULL
    if found.is_below(GRACE_DOWN_TO):
        return LiquidationTier.FORCED
    return LiquidationTier.SOFT


def is_below_full_line(position: Position, found: Health) -> bool:
    """Tell whether health is below threshold x haircut x (1 + penalty) (rulings, 17).

    Of several collaterals the line is the mean weighted by value.
    """
    total = ZERO
    for held in position.collaterals:
        total = EXACT.fma(value(held), held.terms.full_line, total)
    left = EXACT.multiply(found.weighted, collateral_value(position))
    return left < EXACT.multiply(found.debt, total)


def tier_to_open(
    position: Position, *, since_filled: Decimal | None, since_outage: Decimal | None
) -> LiquidationTier | None:
    """Return the tier of the auction that has to open, or None.

    `since_filled` are seconds since a lot that earned a cooldown was settled, `since_outage`
    since the market came back; None if neither was. Grace holds down to 0.90, the cooldown down
    to the 100 % line.
    """
    tier = tier_of(position)
    if tier is None or not is_liquidatable(position) or not sellable(position):
        return None
    if is_in_grace(position, since_outage):
        return None
    is_cooling = since_filled is not None and since_filled < COOLDOWN_SECONDS
    return None if is_cooling and tier is not LiquidationTier.FULL else tier


def is_in_grace(position: Position, since_outage: Decimal | None) -> bool:
    """Tell whether an outage less than 300 s ago protects the position: down to 0.90 it does."""
    if since_outage is None or since_outage >= GRACE_SECONDS:
        return False
    return not health(position).is_below(GRACE_DOWN_TO)


def opened(position: Position, tier: LiquidationTier) -> Auction:
    """Return a new auction over the position's debt."""
    return Auction(tier, position.debt.amount)


def ticked(auction: Auction, position: Position, live_seconds: Decimal) -> Auction:
    """Return the auction after a tick: escalated if health is worse, the clock moved on.

    `live_seconds` is 0 for a tick without live prices.
    """
    tier = tier_of(position)
    if tier is None or SHARES[tier] < SHARES[auction.tier]:
        tier = auction.tier
    passed = EXACT.add(auction.live_seconds, live_seconds)
    return replace(auction, tier=tier, live_seconds=passed)


def is_running(position: Position) -> bool:
    """Tell whether a tick counts and bids are taken: the debt and collateral have live prices.

    Frozen collateral beside it does not stop the clock, as dust of it would protect (rulings, 2),
    unless it spares the position.
    """
    is_live = not position.debt.price.is_frozen and bool(sellable(position))
    return is_live and not is_spared(position)


def is_recovered(position: Position) -> bool:
    """Tell whether what is left of the auction is cancelled: health is 1 or more."""
    return not health(position).is_below(ONE)


def is_over(auction: Auction) -> bool:
    """Tell whether the clock has ended."""
    return auction.live_seconds >= CLOCK_SECONDS[auction.tier]


def left_up(auction: Auction, position: Position) -> Decimal:
    """Return what of the lot is not repaid yet, in the debt asset.

    A full lot is the debt as it is now; so is one that would leave less than 100 USD of debt.
    """
    debt = position.debt
    share = SHARES[auction.tier]
    if share == ONE:
        return debt.amount
    lot = mul_up(auction.opened_with, share, debt.places)
    left = min(debt.amount, max(EXACT.subtract(lot, auction.filled), ZERO))
    return debt.amount if left and leaves_dust(position, left) else left


def earns_cooldown(auction: Auction, position: Position) -> bool:
    """Tell whether at least half of the lot was filled (rulings, 19)."""
    return auction.filled > 0 and auction.filled >= left_up(auction, position)


def sellable(position: Position) -> tuple[Collateral, ...]:
    """Return the collaterals with a live price, in the order in which they are sold."""
    live = [held for held in position.collaterals if held.amount and not held.price.is_frozen]
    return tuple(
        sorted(
            live, key=lambda held: (held.terms.weight, value(held, Basis.LIQUIDATION).copy_negate())
        )
    )


def leaves_dust(position: Position, repay: Decimal) -> bool:
    """Tell whether a debt below 100 USD would remain (rulings, 9)."""
    left = EXACT.subtract(position.debt.amount, repay)
    return 0 < EXACT.multiply(left, position.debt.price.at(Basis.LIQUIDATION)) < MIN_DEBT
