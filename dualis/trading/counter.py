"""Takes one order after another at a desk: judged, matched and margined in memory, then posted.

1. Nothing of an order is posted before all of it is known to be taken.
2. Margin is checked after the fill at the mark (rulings, 33); what only reduces always passes,
   unless it leaves a debt. What does not only reduce needs a live price of all it leans on.
"""

from dataclasses import dataclass
from decimal import Decimal

from dualis.exact import EXACT, ZERO, div_down, plain_trimmed
from dualis.trading import books, carrying, matching, order_rules, state, summary
from dualis.trading.desk import Desk
from dualis.trading.margin import OpenOrder
from dualis.trading.markets import MARKETS, Market
from dualis.trading.matching import Matched
from dualis.trading.models import MarginOrder, Rejection
from dualis.trading.order_models import LIMIT, MARKET, STOP_LIMIT, STOP_MARKET
from dualis.trading.order_rules import Code, Rejected, Request
from dualis.trading.orderbook import Order, Side, Tif
from dualis.trading.positions import PRICE_PLACES, Position
from dualis.trading.state import Account
from dualis.trading.statuses import FILLED, OPEN, PARTIAL, WAITING

MAX_OPEN = 200  # of an account


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of one request: the order, what of it traded and at what average price."""

    order: MarginOrder | None
    filled: Decimal = ZERO
    average: Decimal | None = None
    rejection: Rejection | None = None


class Counter:
    """Takes one order after another at a desk."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk, self.address = desk, address
        self.written: dict[str, MarginOrder] = {}

    def place(
        self,
        request: Request,
        reached: books.Reached | None,
        instead: MarginOrder | None = None,
    ) -> Placed:
        """Judge, match and margin an order; post it if it is taken, else its rejection.

        One that is taken comes `instead` of another, which ends; a rejection leaves that one alone
        and carries its id.
        """
        market, desk = MARKETS[request.coin], self.desk
        mark = desk.marks.prices[market.feed] if desk.marks.is_live(market.feed) else None
        row = self._row(request, market, mark or ZERO)
        try:
            others = [order for order in self._open_orders() if order is not instead]
            if len(others) >= MAX_OPEN:
                raise Rejected(Code.RATE_LIMITED, f"At most {MAX_OPEN} orders are open at once")
            _require_new(request, others)
            position = self._account.positions.get(request.coin, Position())
            order_rules.check(request, market, mark, position.size)
            order_rules.check_value(request, mark or ZERO, position.size)
            matched = None
            if request.trigger is None:
                assert reached is not None, "a request with a live mark has been looked at"
                order, matched = self._match(request, row, reached)
                self._require_margin(market, order, matched, others)
        except Rejected as refused:
            return self._reject(row, refused, instead)
        if instead is not None:
            self.desk.end(instead, "another one came instead")
            self.written[instead.id] = instead
        self._post_placed(row)
        if matched is None:
            self.desk.set_status(row, WAITING)
            return Placed(row)
        assert reached is not None, "it was matched there"
        return self._take(row, matched, reached)

    def trigger(self, row: MarginOrder, reached: books.Reached) -> Placed:
        """Match an order that has waited for its trigger; one that is refused now ends."""
        market, desk = MARKETS[row.coin], self.desk
        request = Request(
            row.coin,
            Side(row.side),
            row.size,
            None if row.kind == STOP_MARKET else row.price,
            Tif(row.tif),
            row.is_reduce_only,
        )
        mark = desk.marks.prices[market.feed]
        row.price = order_rules.limit_of(request, market, mark)
        row.ticks = market.ticks(row.price)
        self.written[row.id] = row
        try:
            position = self._account.positions.get(row.coin, Position())
            order_rules.check(request, market, mark, position.size)
            order, matched = self._match(request, row, reached)
            self._require_margin(market, order, matched, self._open_orders())
        except Rejected as refused:
            desk.end(row, refused.reason)
            return self._reject(row, refused)
        return self._take(row, matched, reached)

    @property
    def _account(self) -> Account:
        return self.desk.ledger.account(self.address)

    def _open_orders(self) -> list[MarginOrder]:
        own = [o for o in self.desk.orders.values() if o.account_id == self.address]
        return [order for order in own if order.is_active]

    def _match(
        self, request: Request, row: MarginOrder, reached: books.Reached
    ) -> tuple[Order, Matched]:
        """Match in a book of this moment; nothing outside it changes."""
        tif = Tif.IOC if request.is_market else request.tif
        order = Order(
            row.id, self.address, request.side, row.price, row.size, tif, row.is_reduce_only
        )
        matched = matching.match(self.desk, reached, order)
        if matched.outcome.would_trade:
            raise Rejected(Code.INVALID_PRICE, "An Alo order would trade at once")
        return order, matched

    def _require_margin(
        self, market: Market, order: Order, matched: Matched, others: list[MarginOrder]
    ) -> None:
        """Raise unless the account carries what it would hold, or only holds less.

        `others` are its open orders; those that end on the way need nothing.
        """
        before, marks, outcome = self._account, self.desk.marks, matched.outcome
        after = before
        for one in outcome.trades:
            after = carrying.after_fill(
                after, market.coin, order.side, one.size, one.price, is_taker=True
            )
        kept = [other.open_order for other in others if other.id not in matched.ended]
        orders = list(kept)
        if outcome.rested:
            rest = OpenOrder(
                market.coin, order.side, outcome.rested, order.price, order.is_reduce_only
            )
            orders.append(rest)
        found = summary.margin_of(after, marks.prices, orders)
        dead = marks.dead(summary.feeds_of(after, orders))
        if not dead and found.initial <= found.total_margin:
            return
        old = summary.margin_of(before, marks.prices, kept)
        leaves_no_debt = found.after_orders >= min(old.after_orders, ZERO)
        is_smaller = carrying.is_reduced(before, after, market.coin)
        only_reduces = is_smaller and (order.is_reduce_only or not outcome.rested)
        is_own = self.address in state.SYSTEM  # nobody else would pay for it
        if only_reduces and (leaves_no_debt or is_own):  # a worse price is for liquidation to take
            return
        if dead:
            raise Rejected(
                Code.MARKET_CLOSED, f"{dead[0]} has no live price, and the margin leans on it"
            )
        raise Rejected(
            Code.INSUFFICIENT_MARGIN,
            f"Insufficient margin: {plain_trimmed(summary.usd_up(found.initial))} USDC are needed, "
            f"{plain_trimmed(summary.usd_down(found.total_margin))} are there",
        )

    def _take(self, row: MarginOrder, matched: Matched, reached: books.Reached) -> Placed:
        """Book the trades of an order that is posted, and what ended on the way."""
        desk, outcome = self.desk, matched.outcome
        for changed in matching.settle(desk, reached, matched, row):
            self.written[changed.id] = changed
        traded = value = ZERO
        for trade in outcome.trades:
            traded = EXACT.add(traded, trade.size)
            value = EXACT.fma(trade.price, trade.size, value)
        if row.status == FILLED:
            pass  # as its last trade said
        elif outcome.rested:
            if outcome.dropped:  # a reduce-only order rests with what it can reduce
                row.size = outcome.rested
                desk.post(
                    state.ORDER_MODIFIED, self.address, {"size": format(row.size, "f")}, row.id
                )
            desk.set_status(row, PARTIAL if traded else OPEN)
        else:
            desk.end(row, "nothing more to trade with at its price")
        average = div_down(value, traded, PRICE_PLACES) if traded else None
        return Placed(row, traded, average)

    def _reject(
        self, row: MarginOrder, refused: Rejected, instead: MarginOrder | None = None
    ) -> Placed:
        rejection = Rejection(
            account_id=self.address,
            order_id=(instead or row).id,
            coin=row.coin,
            reason=refused.reason[:200],
            code=refused.code.value,
            at=self.desk.now,
        )
        self.desk.rejections.append(rejection)
        return Placed(None, rejection=rejection)

    def _post_placed(self, row: MarginOrder) -> None:
        data = {
            "coin": row.coin,
            "side": row.side,
            "size": plain_trimmed(row.size),
            "price": plain_trimmed(row.price),
            "kind": row.kind,
            "tif": row.tif,
            "reduceOnly": row.is_reduce_only,
        }
        self.desk.post(state.ORDER_PLACED, self.address, data, row.id)
        self.desk.orders[row.id] = self.written[row.id] = row

    def _row(self, request: Request, market: Market, mark: Decimal) -> MarginOrder:
        """Return the order of a request, with numbers of its own."""
        head = self.desk.head
        number = head.next_oid
        head.next_oid += 1
        price = order_rules.limit_of(request, market, mark)
        tif = Tif.IOC if request.is_market else request.tif
        return MarginOrder(
            id=f"0x{number:032x}",
            venue_oid=number,
            account=self.desk.accounts[self.address],
            cloid=request.cloid,
            coin=request.coin,
            side=request.side.value,
            kind=_KINDS[request.trigger is not None, request.is_market],
            tif=tif.value,
            price=price,
            ticks=market.ticks(price),
            original_size=request.size,
            size=request.size,
            is_reduce_only=request.is_reduce_only,
            trigger_price=request.trigger,
            tpsl=request.tpsl,
            is_position_tpsl=request.is_position_tpsl,
            placed_at=self.desk.now,
            status_at=self.desk.now,
        )


def _require_new(request: Request, others: list[MarginOrder]) -> None:
    if request.cloid and any(other.cloid == request.cloid for other in others):
        raise Rejected(Code.DUPLICATE_ORDER, f"The order {request.cloid} is open already")


_KINDS = {
    (False, False): LIMIT,
    (False, True): MARKET,
    (True, False): STOP_LIMIT,
    (True, True): STOP_MARKET,
}
