"""The journal: every committed change, in one order.

1. `seq` is assigned under the head row's lock, which is held until commit: commit order is `seq`
   order, and a rollback leaves no hole.
2. What one transaction recorded is announced once, after it committed.
3. Announcing never fails a committed request; who missed it reads the journal.

Knows rows that are `Published`. Knows nothing of sockets.
"""

import weakref
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.db import connection, transaction
from django.utils import timezone

from dualis import trips
from dualis.errors import JournalGone
from dualis.published import Published, Told
from dualis.timestamps import iso
from dualis.writes import FEW, insert_all
from realtime import messages
from realtime.models import Event, Head
from realtime.topics import Kind, kind_of

STATE_RETENTION = timedelta(hours=1)  # rulings, 35
EVENT_RETENTION = timedelta(days=7)
COPIED_FROM = 50  # events; below it one INSERT is as fast
PRUNE_BATCH = 20_000  # rows a transaction: pruning never holds up writers for long

_ADVANCE = "UPDATE realtime_head SET seq = seq + %s WHERE id = 1 RETURNING seq, epoch"
_LAST = "(SELECT seq FROM realtime_head WHERE id = 1)"
_encode = msgspec.json.Encoder().encode
_listeners: list[Callable[[str, list[messages.Event]], None]] = []


@dataclass(frozen=True, slots=True)
class Position:
    """Where the journal stands."""

    seq: int
    epoch: str
    pruned_state_seq: int
    pruned_events_seq: int

    def is_gone(self, after: int, *, with_state: bool) -> bool:
        """Tell whether events after `after` are no longer all kept, or never were."""
        pruned = self.pruned_events_seq
        if with_state:
            pruned = max(pruned, self.pruned_state_seq)
        return after < pruned or after > self.seq


def record(rows: Sequence[Published], *, is_deleted: bool = False) -> None:
    """Journal the whole public state of rows, in order, under one head increment.

    Locks the head row until the transaction ends that wrote the rows.
    """
    assert connection.in_atomic_block, "a row and its event are written in one transaction"
    told = [face for row in rows for face in row.faces()]
    if not told:
        return
    part = _Part()
    trips.send(_ADVANCE, [len(told)], part.take)
    data = [face.to_dict() for face in told]
    part.events = _events(told, data, is_deleted)
    _write(part)
    transaction.on_commit(_Hook(part, _transaction()), robust=True)


def position() -> Position:
    """Return where the journal stands, as the current transaction sees it."""
    head = Head.objects.get(id=1)
    return Position(head.seq, head.epoch, head.pruned_state_seq, head.pruned_events_seq)


def since(
    after: int,
    *,
    until: int | None = None,
    limit: int = 1_000,
    channels: Sequence[str] | None = None,
    owner: str | None = None,
    epoch: str = "",
) -> list[messages.Event]:
    """Return up to `limit` events after a seq, in order; of these channels and visible to `owner`.

    `owner=None` returns everybody's, which only the hub may ask for. `epoch` is read unless given.
    """
    query = Event.objects.filter(seq__gt=after).order_by("seq")
    if until is not None:
        query = query.filter(seq__lte=until)
    if channels is not None:
        query = query.filter(channel__in=channels)
    if owner is not None:
        query = query.filter(owner__in=["", owner])
    epoch = epoch or position().epoch
    return [to_message(event, epoch) for event in query[:limit]]


def newest(
    after: int, *, at: Position, limit: int, channel: str, owners: Collection[str]
) -> list[messages.Event]:
    """Return the newest `limit` events of a channel and of these owners after a seq, in order."""
    query = Event.objects.filter(seq__gt=after, seq__lte=at.seq, channel=channel)
    found = query.filter(owner__in=owners).order_by("-seq")[:limit]
    return [to_message(event, at.epoch) for event in reversed(found)]


def require(after: int, epoch: str, at: Position, *, with_state: bool) -> None:
    """Raise JournalGone unless everything after `after` is still kept in this journal."""
    if (epoch and epoch != at.epoch) or at.is_gone(after, with_state=with_state):
        raise JournalGone(after=after, epoch=at.epoch, seq=at.seq)


def prune(now: datetime) -> int:
    """Delete events past their retention, a batch a transaction; return how many."""
    count = 0
    for is_state, retention, field in (
        (True, STATE_RETENTION, "pruned_state_seq"),
        (False, EVENT_RETENTION, "pruned_events_seq"),
    ):
        while deleted := _prune_batch(is_state, now - retention, field):
            count += deleted
            if deleted < PRUNE_BATCH:
                break
    return count


def listen(listener: Callable[[str, list[messages.Event]], None]) -> Callable[[], None]:
    """Call `listener(epoch, events)` after each commit, in its thread; return the undo."""
    _listeners.append(listener)

    def undo() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return undo


def to_message(event: Event, epoch: str) -> messages.Event:
    """Return a journal row as the value that hub and protocols pass around."""
    return messages.Event(
        event.seq,
        epoch,
        event.channel,
        event.key,
        event.owner,
        tuple(event.dims),
        event.is_deleted,
        iso(event.at),
        event.text,
    )


class Feed:
    """The keys of one channel that changed since the last look; for memories of whole tables."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._at: Position | None = None

    def read(self, take: Callable[[set[str] | None], None]) -> None:
        """Hand over the changed keys, None for "read all"; look on only if `take` succeeded."""
        now, before = position(), self._at
        if before is None or before.epoch != now.epoch or now.is_gone(before.seq, with_state=True):
            take(None)
        else:
            rows = Event.objects.filter(channel=self._channel, seq__gt=before.seq, seq__lte=now.seq)
            keys = set(rows.values_list("key", flat=True))
            if keys:
                take(keys)
        self._at = now


class _Transaction:
    """What one transaction recorded; what of it survives to the commit is announced as one."""

    def __init__(self) -> None:
        self.hooks: weakref.WeakSet[_Hook] = weakref.WeakSet()
        self.events: list[messages.Event] = []


class _Part:
    """What one `record` wrote: its events have their numbers by the commit."""

    def __init__(self) -> None:
        self.epoch, self.last = "", 0
        self.events: list[Event] = []

    def take(self, rows: trips.Rows) -> None:
        """Take what the head answers: the `seq` of the last event, and the epoch."""
        assert rows, "the migration creates the head row"
        ((self.last, self.epoch),) = rows

    def number(self) -> None:
        """Give the events their numbers, once the head has answered."""
        for seq, event in enumerate(self.events, self.last - len(self.events) + 1):
            event.seq = seq


class _Hook:
    """The on-commit callback of a part.

    Django drops the callbacks of a savepoint that is rolled back, and it alone holds a hook: those
    still in `hooks` at the commit are those that count. A part may live on, in a traceback.
    """

    def __init__(self, part: _Part, whole: _Transaction) -> None:
        self.part, self.whole = part, whole
        whole.hooks.add(self)

    def __call__(self) -> None:
        part, whole = self.part, self.whole
        part.number()
        whole.events += [to_message(event, part.epoch) for event in part.events]
        whole.hooks.discard(self)
        if not whole.hooks:
            for listener in list(_listeners):
                listener(part.epoch, whole.events)


def _transaction() -> _Transaction:
    """Return what the present transaction has recorded so far, of which Django keeps the hooks."""
    for entry in reversed(connection.run_on_commit):
        hook = entry[1]
        if isinstance(hook, _Hook) and hook in hook.whole.hooks:
            return hook.whole
    return _Transaction()


def _write(part: _Part) -> None:
    """Insert the events of a part; few of them in one trip with the head's answer.

    Many go through COPY where there is one, at a fifth of the cost.
    """
    events = part.events
    if len(events) <= FEW:
        insert_all(events, last_key=_LAST)
        return
    trips.flush()
    part.number()
    if connection.vendor != "postgresql" or len(events) < COPIED_FROM:
        insert_all(events)
        return
    fields = Event._meta.concrete_fields
    table = connection.ops.quote_name(Event._meta.db_table)
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    names = [field.attname for field in fields]
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for event in events:
            values = {**event.__dict__, "dims": _encode(event.dims).decode()}
            copy.write_row([values[name] for name in names])


def _events(told: Sequence[Told], data: list[dict[str, Any]], is_deleted: bool) -> list[Event]:
    at = timezone.now()
    more = {"deleted": True} if is_deleted else {}
    return [
        Event(
            channel=row.CHANNEL,
            key=row.stream_key(),
            owner=row.stream_owner(),
            dims=list(row.stream_dims()),
            is_state=kind_of(row.CHANNEL) is Kind.STATE,
            is_deleted=is_deleted,
            at=at,
            text=_encode({**shown, **more}).decode(),
        )
        for row, shown in zip(told, data, strict=True)
    ]


def _prune_batch(is_state: bool, before: datetime, field: str) -> int:
    with transaction.atomic():
        # The head's lock comes first, as in every writer.
        head = Head.objects.select_for_update().get(id=1)
        # seq follows commit order and `at` nearly does: cut at the newest seq of the batch.
        old = Event.objects.filter(is_state=is_state, at__lt=before).order_by("seq")
        seqs = list(old.values_list("seq", flat=True)[:PRUNE_BATCH])
        if not seqs:
            return 0
        # Events are journalled nowhere: no row needs to be loaded for the receivers of deletion.
        Event.objects.filter(is_state=is_state, seq__lte=seqs[-1])._raw_delete(connection.alias)
        Head.objects.filter(id=head.id).update(**{field: seqs[-1]})
        return len(seqs)
