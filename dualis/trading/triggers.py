"""Orders that wait for the mark: each enters its book once the mark has reached its trigger."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from dualis.apart import Apart
from dualis.trading import books, order_rules
from dualis.trading.counter import Counter, Placed
from dualis.trading.desk import lock_books, open_desk
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import MarginOrder
from dualis.trading.order_models import STOP_MARKET
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side
from dualis.trading.state import FEES, VENUE
from dualis.trading.statuses import ACTIVE, WAITING


@transaction.atomic
def enter(order_id: str, *, now: datetime) -> Placed | None:
    """Let an order that waits enter the book if the mark has reached its trigger; None if not."""
    asked = MarginOrder.objects.get(id=order_id)
    market, side = MARKETS[asked.coin], Side(asked.side)
    book = lock_books([asked.coin])[asked.coin]
    marks = Marks.read(now)
    row = MarginOrder.objects.get(id=order_id)
    if row.status != WAITING or not _is_due(row, marks):
        return None
    mark = marks.prices[market.feed]
    is_market = row.kind == STOP_MARKET
    request = Request(row.coin, side, row.size, None if is_market else row.price)
    found = books.reach_of(request, book, mark)
    desk = open_desk({row.account_id, VENUE, FEES} | found.owners, now, marks)
    desk.take_orders(MarginOrder.objects.filter(account_id=row.account_id, status__in=ACTIVE))
    found.orders = {key: desk.orders.get(key, one) for key, one in found.orders.items()}
    desk.take_orders(found.orders.values())
    counter = Counter(desk, row.account_id)
    placed = counter.trigger(desk.orders[row.id], found)
    book.save()
    desk.save(*counter.written.values())
    return placed


def run(now: datetime) -> int:
    """Try every order that waits for its trigger; return how many entered a book."""
    waiting = MarginOrder.objects.filter(status=WAITING).order_by("venue_oid")
    marks = Marks.read(now)
    entered: set[str] = set()

    def act(ids: Sequence[str]) -> None:
        if enter(ids[0], now=now) is not None:
            entered.add(ids[0])

    with Apart("entering triggered orders") as apart:
        for row in waiting:
            if _is_due(row, marks):
                apart.act(act, [row.id])
    return len(entered)


def _is_due(row: MarginOrder, marks: Marks) -> bool:
    feed = MARKETS[row.coin].feed
    assert row.trigger_price is not None, "what waits has a trigger"
    return marks.is_live(feed) and order_rules.is_triggered(
        Side(row.side), row.tpsl, row.trigger_price, marks.prices[feed]
    )
