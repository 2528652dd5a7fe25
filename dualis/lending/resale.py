"""The resale of what the backstop seized: a Dutch auction, paid in the backstop's asset. Pure.

1. A buyer pays the oracle's price less a discount, which grows with the clock from nothing to the
   penalty of what is sold, and stays there.
2. All rounding is the backstop's gain: what is paid is worth at least what is bought, less the
   discount.

Knows nothing of buyers, rows or clocks: seconds with live prices are given.
"""

from dataclasses import dataclass
from decimal import Decimal

from dualis.exact import EXACT, div_down, div_up, mul_up
from dualis.lending.risk import ONE
from dualis.lending.settlement import MIN_BID_SHARE, BidTooLarge, BidTooSmall

TIER = "Resale"  # among the tiers of the channel
CLOCK_SECONDS = 300  # until the discount is whole; the longest clock of spec 6
MIN_LOT = Decimal(10)  # USD; what is worth less waits for more
DISCOUNT_PLACES = 12


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two assets that change hands: USD a unit, and its decimals."""

    price: Decimal
    places: int


@dataclass(frozen=True, slots=True)
class Sale:
    """`lot` and what is `left` of it are in the asset that is sold, bids in the one that pays."""

    lot: Decimal
    left: Decimal
    max_discount: Decimal
    live_seconds: Decimal
    sold: Side
    paid: Side


def is_worth_a_lot(amount: Decimal, price: Decimal) -> bool:
    """Tell whether an amount is worth an auction."""
    return EXACT.multiply(amount, price) >= MIN_LOT


def discount_down(sale: Sale) -> Decimal:
    """Return the discount of now, as a fraction: linear in live seconds, then whole."""
    clock = Decimal(CLOCK_SECONDS)
    passed = min(sale.live_seconds, clock)
    return div_down(EXACT.multiply(sale.max_discount, passed), clock, DISCOUNT_PLACES)


def cost_up(sale: Sale, amount: Decimal) -> Decimal:
    """Return what an amount of the lot costs now, in the asset that pays."""
    return div_up(EXACT.multiply(amount, _price(sale)), sale.paid.price, sale.paid.places)


def most_up(sale: Sale) -> Decimal:
    """Return the largest bid: it buys all that is left."""
    return cost_up(sale, sale.left)


def least_up(sale: Sale) -> Decimal:
    """Return the smallest bid: 10 % of the lot's cost and one unit of it, or all that is left."""
    tenth = mul_up(cost_up(sale, sale.lot), MIN_BID_SHARE, sale.paid.places)
    unit = Decimal(1).scaleb(-sale.sold.places)
    return min(max(tenth, cost_up(sale, unit)), most_up(sale))


def bought_down(sale: Sale, bid: Decimal) -> Decimal:
    """Return what a bid buys of the lot; raise BidRefusal if it is not taken."""
    most, least = most_up(sale), least_up(sale)
    if bid > most:
        raise BidTooLarge(most)
    if not bid or bid < least:
        raise BidTooSmall(least)
    if bid == most:
        return sale.left
    money = EXACT.multiply(bid, sale.paid.price)
    return min(sale.left, div_down(money, _price(sale), sale.sold.places))


def _price(sale: Sale) -> Decimal:
    """Return what a unit of the lot costs now, in USD."""
    return EXACT.multiply(sale.sold.price, EXACT.subtract(ONE, discount_down(sale)))
