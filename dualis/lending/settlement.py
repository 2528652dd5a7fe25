"""What a bid or the backstop buys in a liquidation auction, and who bears what is lost. Pure.

1. Collateral is sold in the order of `sellable`, the lowest threshold x haircut first. With the
   cap on the bonus no bid lowers the health of a position whose collateral covers its debt, and
   no dust in front of the rest delays anything.
2. Values are taken at the prices for liquidation (rulings, 2); all rounding is the bidder's loss:
   what is seized is worth at most what is repaid x (1 + bonus).

Knows nothing of bidders, pools, rows or clocks.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from dualis.exact import EXACT, ZERO, div_down, div_up, mul_up
from dualis.lending.auction import CLOCK_SECONDS, Auction, leaves_dust, left_up, sellable
from dualis.lending.risk import (
    MIN_DEBT,
    ONE,
    Basis,
    Collateral,
    Position,
    collateral_value,
    debt_value,
    value,
    with_collateral,
    with_debt,
)

BONUS_PLACES = 18
PROTOCOL_SHARE = Decimal("0.10")  # of the bonus; spec 6
MIN_BID_SHARE = Decimal("0.10")  # of the lot; rulings, 19

_COST_PLACES = 30  # of the USD that buy one collateral: finer than any unit
_LIVE = Basis.LIQUIDATION

_Bonus = Callable[[Collateral], Decimal]


class BidRefusal(ValueError):
    """A bid that the auction does not take; `limit` is what it would take."""

    def __init__(self, limit: Decimal) -> None:
        super().__init__(f"{type(self).__name__}: {limit}")
        self.limit = limit


class BidTooSmall(BidRefusal):
    """Below 10 % of the lot and below all that is left."""


class BidTooLarge(BidRefusal):
    """More than is left, or than the collateral pays for."""


class BidLeavesDust(BidRefusal):
    """A debt below 100 USD would remain."""


@dataclass(frozen=True, slots=True)
class Seizure:
    """Collateral that leaves the position: `reward` to the bidder, `fee` to the protocol."""

    asset: str
    reward: Decimal
    fee: Decimal
    bonus: Decimal  # the rate it was sold at
    value: Decimal  # USD, of both

    @property
    def amount(self) -> Decimal:
        """What leaves the position."""
        return EXACT.add(self.reward, self.fee)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a bid, or the backstop, has bought, and what it left."""

    repaid: Decimal
    seizures: tuple[Seizure, ...]
    auction: Auction
    position: Position


@dataclass(frozen=True, slots=True)
class Losses:
    """Who bears a bad debt, in the debt asset (rulings, 21)."""

    fees: Decimal
    reserves: Decimal
    backstop: Decimal
    suppliers: Decimal


def is_covered(position: Position) -> bool:
    """Tell whether the collateral is worth the debt."""
    return collateral_value(position, _LIVE) >= debt_value(position, _LIVE)


def bonus_down(auction: Auction, position: Position, held: Collateral) -> Decimal:
    """Return the bonus of now: linear in time up to the penalty.

    While collateral covers the debt it is at most collateral / debt - 1 (rulings, 17).
    """
    clock = Decimal(CLOCK_SECONDS[auction.tier])
    passed = min(auction.live_seconds, clock)
    bonus = div_down(EXACT.multiply(held.terms.penalty, passed), clock, BONUS_PLACES)
    cap = cap_down(position)
    return bonus if cap is None else min(bonus, cap)


def cap_down(position: Position) -> Decimal | None:
    """Return what no bonus exceeds while collateral covers the debt; None where it does not."""
    if not is_covered(position):
        return None
    cover = div_down(collateral_value(position, _LIVE), debt_value(position, _LIVE), BONUS_PLACES)
    return EXACT.subtract(cover, ONE)


def most_up(auction: Auction, position: Position) -> Decimal:
    """Return the largest bid: what is left of the lot, or what buys all sellable collateral."""
    return _most(auction, position, lambda held: bonus_down(auction, position, held))


def least_up(auction: Auction, position: Position) -> Decimal:
    """Return the smallest bid: 10 % of the lot, or all that is left."""
    lot = EXACT.add(auction.filled, left_up(auction, position))
    tenth = mul_up(lot, MIN_BID_SHARE, position.debt.places)
    return min(tenth, most_up(auction, position))


def bid(auction: Auction, position: Position, repay: Decimal) -> Taken:
    """Return what a bid buys now; raise BidRefusal if it is not taken.

    The largest bid is always taken; where collateral limits it, it takes all of it.
    """
    most = most_up(auction, position)
    least = least_up(auction, position)
    if repay > most:
        raise BidTooLarge(most)
    if not repay or repay < least:
        raise BidTooSmall(least)
    if repay < most and leaves_dust(position, repay):
        raise BidLeavesDust(most)
    return _take(auction, position, repay, lambda held: bonus_down(auction, position, held))


def backstop(auction: Auction, position: Position, balance: Decimal) -> Taken | None:
    """Return what the backstop buys once the clock has ended, up to its balance (rulings, 20).

    It takes no bonus where collateral does not cover the debt. None if it can buy nothing: the
    auction stays open at the full bonus.
    """
    is_solvent = is_covered(position)

    def bonus(held: Collateral) -> Decimal:
        return bonus_down(auction, position, held) if is_solvent else ZERO

    most = _most(auction, position, bonus)
    repay = min(balance, most)
    if repay < most and leaves_dust(position, repay):
        kept = div_up(MIN_DEBT, position.debt.price.at(_LIVE), position.debt.places)
        repay = EXACT.subtract(position.debt.amount, kept)
    return _take(auction, position, repay, bonus) if repay > 0 else None


def bad_debt(position: Position) -> Decimal:
    """Return the debt that no collateral stands behind any more."""
    has_collateral = any(held.amount for held in position.collaterals)
    return ZERO if has_collateral else position.debt.amount


def share_loss(loss: Decimal, *, fees: Decimal, reserves: Decimal, backstop: Decimal) -> Losses:
    """Return who bears a bad debt: fees of this liquidation, reserves, backstop, suppliers."""
    from_fees = min(loss, fees)
    loss = EXACT.subtract(loss, from_fees)
    from_reserves = min(loss, reserves)
    loss = EXACT.subtract(loss, from_reserves)
    from_backstop = min(loss, backstop)
    return Losses(from_fees, from_reserves, from_backstop, EXACT.subtract(loss, from_backstop))


def _cost(held: Collateral, bonus: Decimal) -> Decimal:
    """Return the USD that buy all of a collateral, rounded up."""
    return div_up(value(held, _LIVE), EXACT.add(ONE, bonus), _COST_PLACES)


def _most(auction: Auction, position: Position, bonus: _Bonus) -> Decimal:
    left = left_up(auction, position)
    if not left:
        return ZERO
    cost = ZERO
    for held in sellable(position):
        cost = EXACT.add(cost, _cost(held, bonus(held)))
    debt = position.debt
    return min(left, div_up(cost, debt.price.at(_LIVE), debt.places))


def _take(auction: Auction, position: Position, repay: Decimal, bonus: _Bonus) -> Taken:
    """Seize collateral in order until its cost is what is repaid."""
    money = EXACT.multiply(repay, position.debt.price.at(_LIVE))
    seizures = []
    after = with_debt(position, repay.copy_negate())
    for held in sellable(position):
        if not money:
            break
        rate = bonus(held)
        spent = min(money, _cost(held, rate))
        money = EXACT.subtract(money, spent)
        seizure = _seizure(held, spent, rate)
        seizures.append(seizure)
        after = with_collateral(after, held.asset, seizure.amount.copy_negate())
    new = replace(auction, filled=EXACT.add(auction.filled, repay))
    return Taken(repay, tuple(seizures), new, after)


def _seizure(held: Collateral, spent: Decimal, bonus: Decimal) -> Seizure:
    """Return what USD buy of one collateral: all of it at its cost; rounded down below."""
    price = held.price.at(_LIVE)
    if spent == _cost(held, bonus):
        amount = held.amount
    else:
        bought = EXACT.multiply(spent, EXACT.add(ONE, bonus))
        amount = min(held.amount, div_down(bought, price, held.places))
    cut = EXACT.multiply(EXACT.multiply(spent, bonus), PROTOCOL_SHARE)
    fee = min(amount, div_up(cut, price, held.places))
    return Seizure(
        held.asset, EXACT.subtract(amount, fee), fee, bonus, EXACT.multiply(amount, price)
    )
