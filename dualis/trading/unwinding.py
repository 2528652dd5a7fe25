"""Works off what the backstop took over: in the market, a bounded piece at a time.

Its orders are anybody's: reduce-only, at once or not at all, near the mark, with fills and a fee.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from dualis.apart import Apart
from dualis.exact import EXACT, div_down
from dualis.trading import books, orders
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import BookState, MarginAccount
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side, Tif
from dualis.trading.positions import Position
from dualis.trading.state import BACKSTOP

STEP_USD = Decimal(20_000)  # of a position, at the mark, in one step of each market
AWAY = Decimal("0.005")  # of the mark: a worse price it waits out
_ONE = Decimal(1)


def run(now: datetime) -> int:
    """Sell or buy back a piece of each position of the backstop; return how many markets traded."""
    row = MarginAccount.objects.filter(name=BACKSTOP).first()
    held = row.value.positions if row else {}
    traded: set[str] = set()

    def act(coins: Sequence[str]) -> None:
        if step(coins[0], held[coins[0]], now):
            traded.add(coins[0])

    with Apart("working the backstop's positions off") as apart:
        for coin in sorted(held):
            apart.act(act, [coin])
    return len(traded)


def step(coin: str, held: Position, now: datetime) -> bool:
    """Place one order against a position, if somebody stands there; tell whether it traded."""
    market, marks = MARKETS[coin], Marks.read(now)
    if not held.size or not marks.is_live(market.feed):
        return False
    mark = marks.prices[market.feed]
    side = Side.SELL if held.size > 0 else Side.BUY
    away = EXACT.subtract(_ONE, AWAY) if side is Side.SELL else EXACT.add(_ONE, AWAY)
    size = min(abs(held.size), div_down(STEP_USD, mark, market.size_places))
    price = market.rounded(EXACT.multiply(mark, away), side)
    request = Request(coin, side, size, price, Tif.IOC, is_reduce_only=True)
    book = BookState.objects.filter(coin=coin).first()
    if book is None or not _meets(request, price, book, mark):
        return False
    (placed,) = orders.place(BACKSTOP, [request], now=now)
    return bool(placed.filled)


def _meets(request: Request, price: Decimal, book: BookState, mark: Decimal) -> bool:
    """Tell, without a lock, whether it is worth trying: an order that trades nothing is noise."""
    best = books.reach_of(request, book, mark).book(request.side).best(request.side.other)
    if best is None:
        return False
    return best >= price if request.side is Side.SELL else best <= price
