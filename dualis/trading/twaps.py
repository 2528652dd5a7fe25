"""TWAP orders: placing and cancelling them, and the engine's step that runs their slices.

1. A slice's order, its fills and the mark that it ran stand in one transaction: after kill -9 it
   has run whole or not at all, and no slice runs twice. Two engines at once: the second finds the
   mark under the account's lock and takes everything back.
2. Each slice is an order as anybody's: rules, book and margin judge it at its moment. One that is
   rejected is told as a rejection, and the next slice makes up for it.
3. An order whose engine was away goes on with the slice of the present; it does not rush.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.apart import Apart
from dualis.exact import EXACT, ZERO, plain_trimmed
from dualis.trading import orders, twap_ending, twap_fold, twap_schedule
from dualis.trading.counter import Placed
from dualis.trading.desk import Desk, open_desk
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import Fill, Rejection, Twap, milliseconds
from dualis.trading.order_rules import LEAST_USD, Code, Rejected, Request
from dualis.trading.orderbook import Side, Tif
from dualis.trading.positions import Position
from dualis.trading.twap_schedule import ACTIVE, CANCELED, LIVE, PARTLY, REFUSED, WHOLE, Asked

BATCH = 20  # slices of one step: the others wait a tick, and so does no price for them


class Overtaken(Exception):
    """Another transaction ran or ended what this one was about to; nothing of it may stay."""


@dataclass(frozen=True, slots=True)
class PlacedTwap:
    """What came of a request: the order, or why there is none."""

    twap: Twap | None
    rejection: Rejection | None = None


@transaction.atomic
def place(address: str, asked: Asked, *, now: datetime) -> PlacedTwap:
    """Place a TWAP order, whose first slice is due at once. Locks as in `desk`.

    AccountNotFound; ValidationError for an unknown market. What the rules refuse is a rejection,
    written and published.
    """
    market = MARKETS.get(asked.coin)
    if market is None:
        raise errors.ValidationError({"coin": [f"there is no market {asked.coin}."]})
    desk = open_desk([address], now)
    twap_id = f"0x{desk.head.next_oid:032x}"
    desk.head.next_oid += 1
    live = Twap.objects.filter(account_id=address, status__in=LIVE).count()
    position = desk.ledger.account(address).positions.get(asked.coin, Position())
    try:
        mark = desk.marks.prices[market.feed] if desk.marks.is_live(market.feed) else None
        twap_schedule.check(asked, market, position.size, live, mark)
    except Rejected as refused:
        rejection = Rejection(
            account_id=address,
            order_id=twap_id,
            coin=asked.coin,
            reason=refused.reason,
            code=refused.code.value,
            at=now,
        )
        desk.rejections.append(rejection)
        desk.save()
        return PlacedTwap(None, rejection)
    row = Twap(
        id=twap_id,
        account=desk.accounts[address],
        coin=asked.coin,
        side=asked.side.value,
        size=asked.size,
        is_reduce_only=asked.is_reduce_only,
        is_randomized=asked.is_randomized,
        duration_ms=asked.duration_ms,
        slices=asked.slice_count,
        placed_at=now,
        started_at=now,
        next_at=now,
        updated_at=now,
    )
    data = {
        "coin": row.coin,
        "side": row.side,
        "size": plain_trimmed(row.size),
        "slices": row.slices,
        "durationMs": row.duration_ms,
        "reduceOnly": row.is_reduce_only,
        "randomize": row.is_randomized,
    }
    desk.post(twap_fold.PLACED, address, data, twap_id)
    row.save(force_insert=True)
    desk.save()
    return PlacedTwap(row)


@transaction.atomic
def cancel(address: str, twap_id: str, *, now: datetime) -> Twap | None:
    """Cancel a running order of an account; None for one that is not there or has ended."""
    desk = open_desk([address], now)
    row = Twap.objects.filter(account_id=address, id=twap_id, status__in=LIVE).first()
    if row is None:
        return None
    twap_ending.end(desk, row, CANCELED, "by its owner")
    row.save()
    desk.save()
    return row


def run(now: datetime) -> int:
    """Run slices that are due, one of an order; return how many. One at fault holds up no other."""
    due = Twap.objects.filter(status__in=LIVE, next_at__lte=now).order_by("next_at", "id")
    ran: set[str] = set()

    def act(ids: Sequence[str]) -> None:
        try:
            if take_slice(ids[0], now=now):
                ran.add(ids[0])
        except Overtaken:
            pass  # what overtook it has done it

    with Apart("running slices of TWAP orders") as apart:
        for twap_id in due.values_list("id", flat=True)[:BATCH]:
            apart.act(act, [twap_id])
    return len(ran)


@transaction.atomic
def take_slice(twap_id: str, *, now: datetime, draw: int | None = None) -> bool:
    """Run the slice of an order that is due, and mark it; tell whether one was.

    `draw` is the per cent by which a randomised slice is moved; drawn anew without it. Overtaken
    if the order moved on meanwhile: the caller's transaction must not stay.
    """
    row = Twap.objects.get(id=twap_id)
    if row.next_at is None or row.next_at > now:
        return False
    if row.slice_index < 0:
        row.started_at = now
    index = twap_schedule.slot(
        milliseconds(row.started_at), row.duration_ms, row.slices, milliseconds(now)
    )
    market = MARKETS[row.coin]
    if draw is None and row.is_randomized:
        draw = secrets.randbelow(2 * twap_schedule.SPREAD + 1) - twap_schedule.SPREAD
    size = twap_schedule.slice_size(
        row.size, row.filled, row.slices, index, market.size_places, draw=draw
    )
    placed = _place(row, index, size, now) if size else None
    desk = open_desk([row.account_id], now)
    current = Twap.objects.get(id=twap_id)
    if (current.status, current.slice_index) != (row.status, row.slice_index):
        raise Overtaken
    _mark(desk, row, index, size, placed)
    row.save()
    desk.save()
    return True


def _place(row: Twap, index: int, size: Decimal, now: datetime) -> Placed | None:
    """Place the slice's order, which trades at once within 3 % of the mark or not at all.

    None for one that is worth too little for an order: the next makes up for it, but the last,
    which nothing comes after, is judged as it is.
    """
    market, side, marks = MARKETS[row.coin], Side(row.side), Marks.read(now)
    price = None
    if marks.is_live(market.feed):
        mark = marks.prices[market.feed]
        if index < row.slices - 1 and EXACT.multiply(size, mark) < LEAST_USD:
            return None
        price = twap_schedule.limit_of(side, market, mark)
    request = Request(
        row.coin,
        side,
        size,
        price,
        Tif.IOC,
        row.is_reduce_only,
        twap_id=row.id,
        twap_slice=index,
    )
    (placed,) = orders.place(row.account_id, [request], now=now)
    return placed


def _mark(desk: Desk, row: Twap, index: int, size: Decimal, placed: Placed | None) -> None:
    """Note in chain and row what came of a slice, and what comes of the order with it."""
    filled, value = _traded(row, placed)
    rejection = placed.rejection if placed else None
    traded = WHOLE if filled == size else PARTLY
    data = {
        "index": index,
        "outcome": REFUSED if rejection else traded,
        "filled": plain_trimmed(filled),
        "value": plain_trimmed(value),
        "order": placed.order.id if placed and placed.order else "",
    }
    desk.ledger.twaps[row.id] = row.folded
    desk.post(twap_fold.SLICE, row.account_id, data, row.id)
    row.take(desk.ledger.twaps[row.id])
    row.status, row.updated_at = ACTIVE, desk.now
    row.next_at = _moment(row, index + 1)
    is_whole = row.filled == row.size
    is_in_vain = rejection is not None and rejection.code == Code.REDUCE_ONLY_VIOLATION
    if is_whole or is_in_vain or index == row.slices - 1:
        status = twap_schedule.ending(
            is_whole=is_whole,
            has_filled=bool(row.filled),
            has_placed=bool(row.slices_filled or row.slices_partial),
        )
        reason = "" if is_whole else "its time was over before it was filled"
        twap_ending.end(desk, row, status, rejection.reason if rejection else reason)


def _traded(row: Twap, placed: Placed | None) -> tuple[Decimal, Decimal]:
    """Return how much a slice traded, and price x size of that, exactly."""
    filled = value = ZERO
    if placed and placed.order:
        for fill in Fill.objects.filter(account_id=row.account_id, order_id=placed.order.id):
            filled = EXACT.add(filled, fill.size)
            value = EXACT.fma(fill.price, fill.size, value)
    return filled, value


def _moment(row: Twap, index: int) -> datetime:
    """Return when a slice is due; past the last one never asked for."""
    start = milliseconds(row.started_at)
    due = twap_schedule.due_ms(start, row.duration_ms, row.slices, index)
    return datetime.fromtimestamp(due // 1_000, UTC) + timedelta(milliseconds=due % 1_000)
