"""Changing open orders: a new price, a new total size, in place of the old ones.

A modified order ends and is placed anew under the same client id: it loses its place in the queue,
as an order at another price would. One that is refused stays as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.exact import EXACT
from dualis.trading import orders
from dualis.trading.counter import Placed
from dualis.trading.desk import lock_books
from dualis.trading.models import MarginOrder
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side, Tif
from dualis.trading.statuses import ACTIVE


@dataclass(frozen=True, slots=True)
class Change:
    """`size` is the new total, filled parts included; `is_reduce_only` None keeps it."""

    order_id: str
    price: Decimal
    size: Decimal
    is_reduce_only: bool | None = None


@transaction.atomic
def modify(address: str, changes: Sequence[Change], *, now: datetime) -> list[Placed]:
    """Change open orders, in their order and in one transaction; refusals of `orders.place`.

    OrderNotFound for one that is not open, ValidationError for a size that is filled already: both
    leave all of them alone. What the rules or the margin refuse is a rejection under the order's
    id. Locks the books of all changes first, then as `desk`.
    """
    asked = MarginOrder.objects.filter(
        account_id=address, id__in=[change.order_id for change in changes], status__in=ACTIVE
    )
    rows = lock_books(set(asked.values_list("coin", flat=True)))
    found = {row.id: row for row in asked}  # under the locks, which keep them as they are
    requests = [_request(found.get(change.order_id), change) for change in changes]
    return orders.trade(
        address, requests, rows, now=now, instead=[change.order_id for change in changes]
    )


def _request(row: MarginOrder | None, change: Change) -> Request:
    if row is None:
        raise errors.OrderNotFound(orderId=change.order_id)
    done = EXACT.subtract(row.original_size, row.size)
    left = EXACT.subtract(change.size, done)
    if left <= 0:
        raise errors.ValidationError({"s": ["is not above what is filled already."]})
    return Request(
        row.coin,
        Side(row.side),
        left,
        change.price or None,
        Tif(row.tif),
        row.is_reduce_only if change.is_reduce_only is None else change.is_reduce_only,
        row.trigger_price,
        row.tpsl,
        row.is_position_tpsl,
        row.cloid,
    )
