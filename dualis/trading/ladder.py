"""What a simulated maker quotes around a mark: a ladder of prices and sizes. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from dualis.exact import EXACT, div_down
from dualis.trading.markets import Market
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
            share = EXACT.subtract(ONE, away) if side is Side.BUY else EXACT.add(ONE, away)
            price = market.rounded(EXACT.multiply(mark, share), side)
            size = div_down(EXACT.multiply(USD, Decimal(level + 1)), mark, market.size_places)
            if size and price > 0:
                found.append(Quote(side, price, size))
    return found
