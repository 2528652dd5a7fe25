"""Placing and cancelling orders on the embedded venue.

1. A list of orders is one transaction; a rejected one leaves a rejection and the others alone.
2. Books are locked before anything is read of them: nobody else trades with the same orders.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import zip_longest

from django.db import transaction

from dualis import errors
from dualis.trading import books
from dualis.trading.counter import Counter, Placed
from dualis.trading.desk import lock_books, open_desk
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import BookState, MarginOrder
from dualis.trading.order_rules import Request
from dualis.trading.state import FEES, VENUE
from dualis.trading.statuses import ACTIVE

MAX_ORDERS = 20  # of one act; notional 7


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
    return trade(address, requests, rows, now=now)


def trade(
    address: str,
    requests: Sequence[Request],
    rows: Mapping[str, BookState],
    *,
    now: datetime,
    instead: Sequence[str] = (),
) -> list[Placed]:
    """Place orders in books that are locked; as `place`. Locks their owners' accounts together.

    `instead` are the ids of the orders that these replace, one each: OrderNotFound for one that is
    not open, or no longer, because one before it has traded with it.
    """
    marks = Marks.read(now)
    reached = [_reach(request, rows[request.coin], marks) for request in requests]
    names = {address, VENUE, FEES}.union(*(found.owners for found in reached if found))
    desk = open_desk(names, now, marks)
    own = MarginOrder.objects.filter(account_id=address, status__in=ACTIVE)
    desk.take_orders(own)
    for found in reached:
        if found:
            found.orders = {key: desk.orders.get(key, row) for key, row in found.orders.items()}
            desk.take_orders(found.orders.values())
    counter = Counter(desk, address)
    results = []
    for request, found, order_id in zip_longest(requests, reached, instead):
        replaced = desk.orders.get(order_id) if order_id else None
        if order_id and (replaced is None or not replaced.is_active):
            raise errors.OrderNotFound(orderId=order_id)
        placed = counter.place(request, found, replaced)
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
    if request.price is not None and not market.is_price(request.price):
        return None
    return books.reach_of(request, row, marks.prices[market.feed])
