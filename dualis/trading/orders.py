"""Placing and cancelling orders on the embedded venue.

1. An order is judged, matched and margined in memory; only one that is taken is written.
2. Margin is checked after the fill at the mark (rulings, 33); what only reduces always passes.
3. A list of orders is one transaction; a rejected one leaves a rejection and the others alone.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.exact import EXACT, ZERO, div_down, plain_trimmed
from dualis.trading import books, fills, order_rules, state, summary
from dualis.trading.charges import fee_up
from dualis.trading.desk import Desk, lock_books, open_desk
from dualis.trading.margin import OpenOrder
from dualis.trading.markets import MARKETS, Market
from dualis.trading.marks import Marks
from dualis.trading.models import (
    BookState,
    MarginAccount,
    MarginOrder,
    Rejection,
)
from dualis.trading.order_models import LIMIT, MARKET, STOP_LIMIT, STOP_MARKET
from dualis.trading.order_rules import Code, Rejected, Request
from dualis.trading.orderbook import Order, Outcome, Tif, Trade
from dualis.trading.positions import PRICE_PLACES, Position, fill
from dualis.trading.state import FEES, VENUE, Account
from dualis.trading.statuses import ACTIVE, FILLED, OPEN, PARTIAL, WAITING

MAX_ORDERS = 20  # of one act; notional 7
MAX_OPEN = 200  # of an account


@dataclass(frozen=True, slots=True)
class Placed:
    """What came of one request: the order, what of it traded and at what average price."""

    order: MarginOrder | None
    filled: Decimal = ZERO
    average: Decimal | None = None
    rejection: Rejection | None = None


@transaction.atomic
def place(address: str, requests: Sequence[Request], *, now: datetime) -> list[Placed]:
    """Place orders of one account, in their order. Locks as in `desk`.

    AccountNotFound; ValidationError for too many or an unknown market. What the rules or the
    margin refuse is a rejection in the result, written and published.
    """
    if not 0 < len(requests) <= MAX_ORDERS:
        raise errors.ValidationError({"orders": [f"takes 1 to {MAX_ORDERS} orders."]})
    for request in requests:
        if request.coin not in MARKETS:
            raise errors.ValidationError({"coin": [f"there is no market {request.coin}."]})
    rows = lock_books(request.coin for request in requests)
    marks = Marks.read(now)
    reached = [_reach(request, rows[request.coin], marks) for request in requests]
    names = {address, VENUE, FEES}.union(*(found.owners for found in reached if found))
    desk = open_desk(names, now, marks)
    if desk.accounts[address].is_liquidating:
        raise errors.AccountLiquidating(address=address)
    own = MarginOrder.objects.filter(account_id=address, status__in=ACTIVE)
    desk.take_orders(own)
    for found in reached:
        if found:
            found.orders = {key: desk.orders.get(key, row) for key, row in found.orders.items()}
            desk.take_orders(found.orders.values())
    counter = _Counter(desk, address)
    results = []
    for request, found in zip(requests, reached, strict=True):
        placed = counter.place(request, found)
        results.append(placed)
        if placed.order is not None:  # the next of them meets what this one left
            for other in reached:
                if other and other.state.coin == request.coin:
                    other.orders[placed.order.id] = placed.order
    for row in rows.values():
        row.save()
    desk.save(*counter.written.values())
    return results


@transaction.atomic
def cancel(address: str, order_ids: Sequence[str], *, now: datetime) -> list[MarginOrder | None]:
    """Cancel active orders of an account; None for each that is not there or has ended."""
    found = MarginOrder.objects.filter(account_id=address, id__in=order_ids, status__in=ACTIVE)
    lock_books(set(found.values_list("coin", flat=True)))
    desk = open_desk([address], now)
    rows = {row.id: row for row in found}  # again, under the locks
    desk.take_orders(rows.values())
    for row in rows.values():
        desk.end(row, "by its owner")
    desk.save(*rows.values())
    return [rows.get(order_id) for order_id in order_ids]


def _reach(request: Request, row: BookState, marks: Marks) -> books.Reached | None:
    """Read what a request could trade with; None where it will wait or be rejected."""
    market = MARKETS[request.coin]
    if not marks.is_live(market.feed) or request.trigger is not None:
        return None
    mark = marks.prices[market.feed]
    if request.price is not None and not market.is_price(request.price):
        return None
    return books.reach(row, market, request.side, order_rules.limit_of(request, market, mark))


class _Counter:
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
        is_smaller = abs(after.size) <= abs(before.size) and after.size * before.size >= 0
        if is_smaller and (order.is_reduce_only or not outcome.rested):
            return
        raise Rejected(
            Code.INSUFFICIENT_MARGIN,
            f"Insufficient margin: {plain_trimmed(summary.usd_up(found.initial))} USDC are needed, "
            f"{plain_trimmed(summary.usd_down(found.total_margin))} are there",
        )

    def _take(
        self, row: MarginOrder, order: Order, outcome: Outcome, reached: books.Reached
    ) -> Placed:
        """Post the order, its trades and what ended on the way."""
        desk = self.desk
        self._post_placed(row)
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


_KINDS = {
    (False, False): LIMIT,
    (False, True): MARKET,
    (True, False): STOP_LIMIT,
    (True, True): STOP_MARKET,
}


def account_of(user_id: str) -> MarginAccount | None:
    """Return the margin account that a user is linked to."""
    return MarginAccount.objects.filter(user_id=user_id).first()
