"""Changing open orders: a new price, a new total size, in place of the old ones.

A modified order is cancelled and placed anew under the same client id, in one transaction: it loses
its place in the queue, as an order at another price would. One that is refused stays as it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.exact import EXACT
from dualis.trading import orders
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side, Tif


@dataclass(frozen=True, slots=True)
class Change:
    """`size` is the new total, filled parts included; `is_reduce_only` None keeps it."""

    order_id: str
    price: Decimal
    size: Decimal
    is_reduce_only: bool | None = None


def modify(address: str, changes: Sequence[Change], *, now: datetime) -> list[orders.Placed]:
    """Change open orders one by one, each whole or not at all; refusals of `orders.place`.

    OrderNotFound for one that is not open; ValidationError for a size that is filled already.
    """
    return [_modify(address, change, now) for change in changes]


def _modify(address: str, change: Change, now: datetime) -> orders.Placed:
    refused: orders.Placed | None = None
    try:
        with transaction.atomic():
            placed = _replace(address, change, now)
            if placed.rejection is not None:
                refused = placed
                raise _Refused
            return placed
    except _Refused:
        assert refused is not None and refused.rejection is not None, "it was refused"
        refused.rejection.pk = None
        refused.rejection._state.adding = True
        refused.rejection.save()
        return refused


class _Refused(Exception):
    """Rolls the cancellation back."""


def _replace(address: str, change: Change, now: datetime) -> orders.Placed:
    (row,) = orders.cancel(address, [change.order_id], now=now)
    if row is None:
        raise errors.OrderNotFound(orderId=change.order_id)
    done = EXACT.subtract(row.original_size, row.size)
    left = EXACT.subtract(change.size, done)
    if left <= 0:
        raise errors.ValidationError({"s": ["is not above what is filled already."]})
    request = Request(
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
    (placed,) = orders.place(address, [request], now=now)
    return placed
