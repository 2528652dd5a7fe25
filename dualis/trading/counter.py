"""Takes one order after another at a desk: judged, matched and margined in memory, then posted.

1. Nothing of an order is posted before all of it is known to be taken.
2. Margin is checked after the fill at the mark (rulings, 33); what only reduces always passes.
"""

from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal

from dualis.exact import EXACT, ZERO, div_down, plain_trimmed
from dualis.trading import books, fills, order_rules, state, summary
from dualis.trading.charges import fee_up
from dualis.trading.desk import Desk
from dualis.trading.margin import OpenOrder
from dualis.trading.markets import MARKETS, Market
from dualis.trading.models import MarginOrder, Rejection
from dualis.trading.order_models import LIMIT, MARKET, STOP_LIMIT, STOP_MARKET
from dualis.trading.order_rules import Code, Rejected, Request
from dualis.trading.orderbook import Order, Outcome, Side, Tif, Trade
from dualis.trading.positions import PRICE_PLACES, Position, fill
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

    def place(self, request: Request, reached: books.Reached | None) -> Placed:
        """Judge, match and margin an order; post it if it is taken, else its rejection."""
        market, desk = MARKETS[request.coin], self.desk
        mark = desk.marks.prices[market.feed] if desk.marks.is_live(market.feed) else None
        row = self._row(request, market, mark or ZERO)
        try:
            if len(self._open_orders()) >= MAX_OPEN:
                raise Rejected(Code.RATE_LIMITED, f"At most {MAX_OPEN} orders are open at once")
            self._require_new(request)
            position = self._account.positions.get(request.coin, Position())
            order_rules.check(request, market, mark, position.size)
            if request.trigger is not None:
                return self._wait(row)
            assert reached is not None, "a request with a live mark has been looked at"
            order, outcome = self._match(request, row, reached)
            self._require_margin(market, order, outcome)
        except Rejected as refused:
            return self._reject(row, refused)
        self._post_placed(row)
        return self._take(row, order, outcome, reached)

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
            order, outcome = self._match(request, row, reached)
            self._require_margin(market, order, outcome)
        except Rejected as refused:
            desk.end(row, refused.reason)
            return self._reject(row, refused)
        return self._take(row, order, outcome, reached)

    @property
    def _account(self) -> Account:
        return self.desk.ledger.account(self.address)

    def _open_orders(self) -> list[MarginOrder]:
        own = [o for o in self.desk.orders.values() if o.account_id == self.address]
        return [order for order in own if order.is_active]

    def _require_new(self, request: Request) -> None:
        if request.cloid and any(o.cloid == request.cloid for o in self._open_orders()):
            raise Rejected(Code.DUPLICATE_ORDER, f"The order {request.cloid} is open already")

    def _match(
        self, request: Request, row: MarginOrder, reached: books.Reached
    ) -> tuple[Order, Outcome]:
        """Match in a book of this moment; nothing outside it changes."""
        tif = Tif.IOC if request.is_market else request.tif
        order = Order(
            row.id, self.address, request.side, row.price, row.size, tif, row.is_reduce_only
        )
        held = {
            name: account.positions.get(request.coin, Position()).size
            for name, account in self.desk.ledger.accounts.items()
        }
        outcome = reached.book(request.side).submit(order, held)
        if outcome.would_trade:
            raise Rejected(Code.INVALID_PRICE, "An Alo order would trade at once")
        return order, outcome

    def _require_margin(self, market: Market, order: Order, outcome: Outcome) -> None:
        """Raise unless the account carries what it would hold, or only holds less."""
        before = self._account.positions.get(market.coin, Position())
        account = deepcopy(self._account)
        for trade in outcome.trades:
            held = account.positions.get(market.coin, Position())
            done = fill(held, order.side, trade.size, trade.price)
            fee = fee_up(trade.price, trade.size, is_taker=True)
            account.positions[market.coin] = done.position
            account.usdc = EXACT.add(account.usdc, EXACT.subtract(done.closed_pnl, fee))
        after = account.positions.get(market.coin, Position())
        orders = [o.open_order for o in self._open_orders()]
        if outcome.rested:
            orders.append(OpenOrder(market.coin, order.side, outcome.rested, order.is_reduce_only))
        found = summary.margin_of(account, self.desk.marks.prices, orders)
        if found.initial <= found.total_margin:
            return
        old = summary.margin_of(self._account, self.desk.marks.prices)
        leaves_no_debt = found.total_margin >= min(old.total_margin, ZERO)
        is_smaller = abs(after.size) <= abs(before.size) and after.size * before.size >= 0
        only_reduces = is_smaller and (order.is_reduce_only or not outcome.rested)
        if only_reduces and leaves_no_debt:  # a worse price is for liquidation to take
            return
        raise Rejected(
            Code.INSUFFICIENT_MARGIN,
            f"Insufficient margin: {plain_trimmed(summary.usd_up(found.initial))} USDC are needed, "
            f"{plain_trimmed(summary.usd_down(found.total_margin))} are there",
        )

    def _take(
        self, row: MarginOrder, order: Order, outcome: Outcome, reached: books.Reached
    ) -> Placed:
        """Book the trades of an order that is posted, and what ended on the way."""
        desk = self.desk
        for gone in outcome.cancelled:
            self._end_resting(gone, reached)
        traded = value = ZERO
        for trade in outcome.trades:
            self._trade(row, trade, reached)
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

    def _trade(self, row: MarginOrder, trade: Trade, reached: books.Reached) -> None:
        maker = reached.take(trade)
        fills.book_trade(self.desk, trade, row.coin, taker=row, maker=maker)
        if maker is not None:
            self.written[maker.id] = maker

    def _end_resting(self, gone: Order, reached: books.Reached) -> None:
        maker = reached.orders[gone.id]
        self.desk.end(maker, "it would trade with itself or enlarge a position")
        self.written[maker.id] = maker

    def _wait(self, row: MarginOrder) -> Placed:
        self._post_placed(row)
        self.desk.set_status(row, WAITING)
        return Placed(row)

    def _reject(self, row: MarginOrder, refused: Rejected) -> Placed:
        rejection = Rejection(
            account_id=self.address,
            order_id=row.id,
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
        } | ({"twapId": row.twap_id, "twapSlice": row.twap_slice} if row.twap_id else {})
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
            twap_id=request.twap_id,
            twap_slice=request.twap_slice,
            placed_at=self.desk.now,
            status_at=self.desk.now,
        )


_KINDS = {
    (False, False): LIMIT,
    (False, True): MARKET,
    (True, False): STOP_LIMIT,
    (True, True): STOP_MARKET,
}
