"""Live figures of positions: what prices and accrual do to the users connected to this process.

A tick moves nearly every health factor; a journalled row for each would drown the journal. So each
process computes the rows of its own users anew after a tick, in one read-only transaction, and
sends those that changed.

1. A live frame carries the seq of the transaction it was read in and equals REST at that seq.
2. It never overtakes: if the journal has told of the user's positions since, it is left out, and
   another round follows at once that tells the newer state.
"""

import asyncio
import logging
import time
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec
from django.db import DatabaseError, InterfaceError

from dualis.lending import figures
from dualis.lending.models import BorrowPosition, SupplyPosition
from dualis.lending.view import View
from dualis.timestamps import iso
from realtime import journal, readers, topics
from realtime.hub import Hub
from realtime.messages import Event, Snapshot

log = logging.getLogger(__name__)

CHANNEL = "positions"
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Book:
    """The open positions of one user, as of the journal's last word on them."""

    supplies: list[SupplyPosition]
    borrows: list[BorrowPosition]


@dataclass(slots=True)
class _Round:
    """What one read gave: rows by (user, key) at one seq."""

    seq: int
    epoch: str
    books: dict[str, _Book]
    rows: dict[tuple[str, str], str] = field(default_factory=dict)


class LivePositions:
    """The live figures of one hub's users; a subscriber of it like any other."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._watchers: Counter[str] = Counter()
        self._books: dict[str, _Book] = {}
        self._told: dict[str, int] = {}  # user -> seq of the journal's last word
        self._sent: dict[tuple[str, str], str] = {}
        self._is_dirty = False
        self._task: asyncio.Task[None] | None = None
        self.last_seconds = 0.0
        for channel in ("prices", "pools"):
            hub.subscribe(self, topics.topics_for(topics.select(channel, {}), ""))

    def watch(self, user_id: str, snapshot: Snapshot) -> None:
        """Count one more socket that is subscribed to the user's positions and has its snapshot."""
        self._watchers[user_id] += 1
        for row in snapshot.rows:
            self._sent.setdefault((user_id, row.key), _text(row.data))
        if self._watchers[user_id] == 1:
            self._hub.subscribe(self, _topics_of(user_id))

    def unwatch(self, user_id: str) -> None:
        """Count one less; with the last one everything of the user is forgotten."""
        self._watchers[user_id] -= 1
        if self._watchers[user_id] <= 0:
            del self._watchers[user_id]
            self._hub.unsubscribe(self, _topics_of(user_id))
            self._books.pop(user_id, None)
            self._told.pop(user_id, None)
            self._sent = {place: text for place, text in self._sent.items() if place[0] != user_id}

    def deliver(self, events: Sequence[Event]) -> None:
        """Note what the journal tells; after a price or an accrual compute anew."""
        for event in events:
            if event.channel == CHANNEL:
                self._told[event.owner] = event.seq
                self._books.pop(event.owner, None)
                self._sent[event.owner, event.key] = event.text
            else:
                self._is_dirty = True
        if self._is_dirty and self._watchers and self._task is None:
            self._task = asyncio.create_task(self._refresh())

    def resync(self) -> None:
        """The sockets start again, and with them everything here."""
        self._books.clear()
        self._sent.clear()
        self._told.clear()

    async def _refresh(self) -> None:
        try:
            while self._is_dirty and self._watchers:
                self._is_dirty = False
                started = time.perf_counter()
                users = list(self._watchers)
                known = {user: self._books[user] for user in users if user in self._books}
                found = await readers.run(_read, users, known)
                await self._hub.reached(found.seq)  # what it saw is told first
                self._send(found)
                self.last_seconds = time.perf_counter() - started
        except (DatabaseError, InterfaceError):
            log.warning("live figures could not be read; the next tick tries again")
        finally:
            self._task = None

    def _send(self, found: _Round) -> None:
        """Hand the rows that changed to the users' sockets."""
        at = iso(datetime.now(UTC))
        events = []
        for (user, key), text in found.rows.items():
            if self._told.get(user, 0) > found.seq or user not in self._watchers:
                continue
            if self._sent.get((user, key)) != text:
                self._sent[user, key] = text
                dims = () if key == "account" else (key,)
                events.append(
                    Event(found.seq, found.epoch, CHANNEL, key, user, dims, False, at, text)
                )
        for user, book in found.books.items():
            if user not in self._watchers:
                continue
            if self._told.get(user, 0) <= found.seq:
                self._books[user] = book
            else:
                self._is_dirty = True
        self._hub.emit(events, but=self)


def _read(users: Sequence[str], known: dict[str, _Book]) -> _Round:
    """Compute every row of these users at one seq; positions that are not known are read."""
    missing = [user for user in users if user not in known]
    with readers.read_only():
        at = journal.position()
        view = View.read().still()
        supplies = list(SupplyPosition.objects.filter(user_id__in=missing, closed_at=None))
        borrows = list(BorrowPosition.objects.filter(user_id__in=missing, closed_at=None))
    books = {user: _Book([], []) for user in missing}
    for supply in supplies:
        books[supply.user_id].supplies.append(supply)
    for borrow in borrows:
        books[borrow.user_id].borrows.append(borrow)
    found = _Round(at.seq, at.epoch, {**known, **books})
    for user, book in found.books.items():
        for supply in book.supplies:
            found.rows[user, supply.id] = _text(figures.supply_row(supply, view))
        for borrow in book.borrows:
            found.rows[user, borrow.id] = _text(figures.borrow_row(borrow, view))
        row = figures.account_row(book.supplies, book.borrows, view)
        found.rows[user, "account"] = _text(row)
    return found


def _text(row: dict[str, object]) -> str:
    return _encode(row).decode()


def _topics_of(user_id: str) -> frozenset[str]:
    return topics.topics_for(topics.select(CHANNEL, {}), user_id)


_live: weakref.WeakKeyDictionary[Hub, LivePositions] = weakref.WeakKeyDictionary()


def of(hub: Hub) -> LivePositions:
    """Return the live figures of a hub."""
    if hub not in _live:
        _live[hub] = LivePositions(hub)
    return _live[hub]
