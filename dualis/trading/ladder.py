"""What a simulated maker quotes around a mark: a ladder of prices and sizes. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from dualis.exact import EXACT, div_down, mul_down, mul_up
from dualis.trading.markets import PRICE_DIGITS, Market
from dualis.trading.orderbook import Side

LEVELS = 8
FIRST = Decimal("0.0002")  # of the mark: half the spread
STEP = Decimal("0.0004")
USD = Decimal(20_000)  # of the best level; each one further away has as much again
ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Quote:
    side: Side
    price: Decimal
    size: Decimal


def quotes(market: Market, mark: Decimal) -> list[Quote]:
    """Return bids and asks, best first; bids are rounded down and asks up to a valid price."""
    found = []
    for side in (Side.BUY, Side.SELL):
        for level in range(LEVELS):
            away = EXACT.fma(STEP, Decimal(level), FIRST)
            price = _price(market, mark, away, side)
            size = div_down(EXACT.multiply(USD, Decimal(level + 1)), mark, market.size_places)
            if size and price > 0:
                found.append(Quote(side, price, size))
    return found


def _price(market: Market, mark: Decimal, away: Decimal, side: Side) -> Decimal:
    """Return a price that the market takes: its decimals, and no more than five digits."""
    places = min(market.price_places, PRICE_DIGITS - 1 - mark.adjusted())
    places = max(places, 0)
    if side is Side.BUY:
        return mul_down(mark, EXACT.subtract(ONE, away), places)
    return mul_up(mark, EXACT.add(ONE, away), places)
