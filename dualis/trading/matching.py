"""One order against what it reaches: matched in memory, then booked. For all who trade in a book.

Orders, triggers, liquidations and makers' quotes come through here, so that one rule holds for all:
who rests is asked whether he can carry the fill, and an order that reaches further than what was
read of the book does not rest before it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from dualis.trading import books, carrying, fills
from dualis.trading.desk import Desk
from dualis.trading.models import MarginOrder
from dualis.trading.orderbook import Order, OrderBook, Outcome, Tif
from dualis.trading.positions import Position
from dualis.trading.state import Account

IN_THE_WAY = "it would trade with itself or enlarge a position"
NOT_CARRIED = "the margin of the account does not carry its fill"


@dataclass(frozen=True, slots=True)
class Matched:
    """What would come of an order, and why each resting order ends that ends without a trade."""

    outcome: Outcome
    ended: dict[str, str]


def match(
    desk: Desk, reached: books.Reached, order: Order, book: OrderBook | None = None
) -> Matched:
    """Match an order in a book of this moment, or in one that is given; the desk does not change.

    The desk has the accounts of all that it can trade with. Where the book goes on behind what was
    read of it, what does not trade does not rest.
    """
    coin = reached.state.coin
    if reached.edge is not None and order.tif is Tif.GTC:
        order = replace(order, tif=Tif.IOC)
    sizes = {
        name: account.positions.get(coin, Position()).size
        for name, account in desk.ledger.accounts.items()
    }
    makers = _Makers(desk, coin)
    outcome = (book or reached.book(order.side)).submit(order, sizes, makers.carry)
    ended = {
        gone.id: NOT_CARRIED if gone.id in makers.refused else IN_THE_WAY
        for gone in outcome.cancelled
    }
    return Matched(outcome, ended)


def settle(
    desk: Desk, reached: books.Reached, matched: Matched, taker: MarginOrder | None = None
) -> list[MarginOrder]:
    """Book the trades and end what ended on the way; return the resting orders that this changed.

    Trades come first: a reduce-only order may have traded before it stood in the way.
    """
    changed: dict[str, MarginOrder] = {}
    for trade in matched.outcome.trades:
        maker = reached.take(trade)
        fills.book_trade(desk, trade, reached.state.coin, taker=taker, maker=maker)
        if maker is not None:
            changed[maker.id] = maker
    for order_id, reason in matched.ended.items():
        desk.end(reached.orders[order_id], reason)
        changed[order_id] = reached.orders[order_id]
    return list(changed.values())


class _Makers:
    """The accounts of who rests, as the trades of one order leave them one after another."""

    def __init__(self, desk: Desk, coin: str) -> None:
        self._desk, self._coin = desk, coin
        self._accounts: dict[str, Account] = {}
        self.refused: set[str] = set()

    def carry(self, order: Order, size: Decimal) -> bool:
        """Tell whether its owner carries a trade of a resting order; quotes are no orders."""
        if books.is_quote(order.id):
            return True
        marks = self._desk.marks
        before = self._accounts.get(order.owner) or self._desk.ledger.account(order.owner)
        after = carrying.after_fill(
            before, self._coin, order.side, size, order.price, is_taker=False
        )
        if not carrying.may_fill(before, after, self._coin, marks.prices, marks.frozen):
            self.refused.add(order.id)
            return False
        self._accounts[order.owner] = after
        return True
