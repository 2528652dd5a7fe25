"""The part of a market's book that an order can reach: from rows to the pure book, and back.

1. Users' orders come before makers' quotes of the same price: quotes are renewed at every tick.
2. At most REACH orders are read, the first in line. Where more reach, nothing behind the last of
   them is matched: who stands there would be passed over.
"""

from dataclasses import dataclass
from decimal import Decimal

from dualis.trading.markets import MARKETS, Market
from dualis.trading.models import BookState, MarginOrder
from dualis.trading.order_rules import Request, limit_of
from dualis.trading.orderbook import Order, OrderBook, Side, Tif, Trade
from dualis.trading.statuses import IN_BOOK

REACH = 500  # resting orders that one order can trade with
_QUOTE = "quote:"
_Placed = tuple[Decimal, int, int, Order]  # price, quotes last, time, the order


@dataclass(slots=True)
class Reached:
    """What stands against an order: the users' orders, and all quotes of the market's row.

    `edge` is the price of the last order that was read, where more than those reach.
    """

    state: BookState
    orders: dict[str, MarginOrder]
    edge: Decimal | None = None

    @property
    def owners(self) -> set[str]:
        """Return the accounts that an order may trade with."""
        return {o.account_id for o in self.orders.values()} | {q[0] for q in self.state.quotes}

    def resting(self, side: Side) -> OrderBook:
        """Return the users' orders that stand against an order of `side`, as a book."""
        return _book(self._orders(side))

    def book(self, side: Side) -> OrderBook:
        """Return all that stands against an order of `side`, quotes included."""
        resting = self._orders(side)
        for place, (maker, quoted, price, size) in enumerate(self.state.quotes):
            if quoted == side.other and Decimal(size):
                order = Order(f"{_QUOTE}{place}", maker, side.other, Decimal(price), Decimal(size))
                if self.edge is None or _is_before(side, order.price, self.edge):
                    resting.append((order.price, 1, place, order))
        return _book(resting)

    def clear_quotes(self, side: Side) -> None:
        """Take away the quotes of `side` that reach the edge: they would stand crossed."""
        if self.edge is not None:
            for quote in self.state.quotes:
                if quote[1] == side and not _is_before(side, Decimal(quote[2]), self.edge):
                    quote[3] = "0"

    def _orders(self, side: Side) -> list[_Placed]:
        return [
            (row.price, 0, row.venue_oid, _of_row(row))
            for row in self.orders.values()
            if row.status in IN_BOOK and row.side == side.other
        ]

    def take(self, trade: Trade) -> MarginOrder | None:
        """Take a trade out of what rests; return the user's order, None for a maker's quote."""
        if is_quote(trade.maker_id):
            quote = self.state.quotes[int(trade.maker_id.removeprefix(_QUOTE))]
            quote[3] = format(Decimal(quote[3]) - trade.size, "f")
            return None
        return self.orders[trade.maker_id]


def reach(state: BookState, market: Market, side: Side, limit: Decimal) -> Reached:
    """Read what an order of this side and limit could trade with. The caller locks `state`."""
    ticks = market.ticks(limit)
    rows = MarginOrder.objects.filter(coin=market.coin, status__in=IN_BOOK, side=side.other.value)
    if side is Side.BUY:
        rows = rows.filter(ticks__lte=ticks).order_by("ticks", "venue_oid")
    else:
        rows = rows.filter(ticks__gte=ticks).order_by("-ticks", "venue_oid")
    found = list(rows[: REACH + 1])
    edge = found[REACH - 1].price if len(found) > REACH else None
    return Reached(state, {row.id: row for row in found[:REACH]}, edge)


def reach_of(request: Request, state: BookState, mark: Decimal) -> Reached:
    """Read what a request could trade with at this mark. The caller locks `state`."""
    market = MARKETS[request.coin]
    return reach(state, market, request.side, limit_of(request, market, mark))


def is_quote(order_id: str) -> bool:
    """Tell whether an order in a book is a maker's quote."""
    return order_id.startswith(_QUOTE)


def _is_before(side: Side, price: Decimal, edge: Decimal) -> bool:
    """Tell whether an order of `side` meets a price strictly before the edge."""
    return price < edge if side is Side.BUY else price > edge


def _book(resting: list[_Placed]) -> OrderBook:
    found = OrderBook()
    for *_, order in sorted(resting, key=lambda item: item[:3]):
        found.rest(order)
    return found


def _of_row(row: MarginOrder) -> Order:
    return Order(
        row.id,
        row.account_id,
        Side(row.side),
        row.price,
        row.size,
        Tif.GTC,
        row.is_reduce_only,
    )
