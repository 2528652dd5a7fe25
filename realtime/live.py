"""Live figures: what prices and accrual do to the rows of the users connected to this process.

A tick moves nearly every health factor; a journalled row for each would drown the journal. So each
process computes the rows of its own users anew after a tick, in one read-only transaction, and
sends those that changed. A source says which rows these are: positions here, margin accounts in
`live_summaries`.

1. A live frame carries the seq of the transaction it was read in and equals REST at that seq.
2. It never overtakes: if the journal has told of the user's rows since, it is left out, and another
   round follows at once that tells the newer state.
3. Rounds rest as long as they take: however many are connected, others get half of the time.
"""

import asyncio
import logging
import time
import weakref
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

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
MOST_REST = 1.0  # seconds
SLICE = 50  # rows sent before others have their turn
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Round:
    """What one read gave: rows by (user, key) at one seq, and what they were computed from."""

    seq: int
    epoch: str
    books: dict[str, Any]
    rows: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of `channel`, computed anew after events of `triggers`.

    `read` takes users and what is known of them: their books, which hold until an event of the
    channel, or of one of `others`, tells something of the user. What `others` tell moves the rows
    too, and is followed by an event of the channel or by a round of its own.
    """

    channel: str
    triggers: tuple[str, ...]
    read: Callable[[Sequence[str], dict[str, Any]], Round]
    others: tuple[str, ...] = ()

    def topics_of(self, user: str) -> frozenset[str]:
        names: set[str] = set()
        for channel in (self.channel, *self.others):
            dims = ((),) * len(topics.channel_of(channel).filters)
            names |= topics.topics_for(topics.Selection(channel, {}, dims), user)
        return frozenset(names)


class Live:
    """The live figures of one hub's users; a subscriber of it like any other."""

    def __init__(self, hub: Hub, source: Source) -> None:
        self._hub = hub
        self._source = source
        self._watchers: Counter[str] = Counter()
        self._books: dict[str, Any] = {}
        self._told: dict[str, int] = {}  # user -> seq of the journal's last word
        self._sent: dict[str, dict[str, str]] = {}  # user -> key -> row
        self._is_dirty = False
        self._stale: set[str] = set()  # users to compute anew without a tick
        self._task: asyncio.Task[None] | None = None
        self.last_seconds = 0.0
        for channel in source.triggers:
            hub.subscribe(self, topics.topics_for(topics.select(channel, {}), ""))

    def watch(self, user_id: str, snapshot: Snapshot) -> None:
        """Count one more socket that is subscribed to the user's rows and has its snapshot.

        A round that was read before the snapshot tells the user nothing any more: this socket would
        drop it. Where the snapshot shows other figures than were sent, they are sent to all.
        """
        self._watchers[user_id] += 1
        self._told[user_id] = max(self._told.get(user_id, 0), snapshot.seq)
        sent = self._sent.setdefault(user_id, {})
        for row in snapshot.rows:
            text = text_of(row.data)
            if sent.setdefault(row.key, text) != text:
                del sent[row.key]
                self._stale.add(user_id)
        if self._watchers[user_id] == 1:
            self._hub.subscribe(self, self._source.topics_of(user_id))
        self._start()

    def unwatch(self, user_id: str) -> None:
        """Count one less; with the last one everything of the user is forgotten."""
        self._watchers[user_id] -= 1
        if self._watchers[user_id] <= 0:
            del self._watchers[user_id]
            self._hub.unsubscribe(self, self._source.topics_of(user_id))
            self._books.pop(user_id, None)
            self._told.pop(user_id, None)
            self._stale.discard(user_id)
            self._sent.pop(user_id, None)

    def deliver(self, events: Sequence[Event]) -> None:
        """Note what the journal tells; after a price or an accrual compute anew."""
        for event in events:
            if event.channel in self._source.triggers:
                self._is_dirty = True
                continue
            self._told[event.owner] = event.seq
            self._books.pop(event.owner, None)
            if event.channel == self._source.channel:
                self._sent.setdefault(event.owner, {})[event.key] = event.text
                self._stale.discard(event.owner)
            else:
                self._stale.add(event.owner)
        self._start()

    def resync(self) -> None:
        """The sockets start again, and with them everything here."""
        self._books.clear()
        self._sent.clear()
        self._told.clear()
        self._stale.clear()

    @property
    def _is_due(self) -> bool:
        return bool(self._watchers and (self._is_dirty or self._stale))

    def _start(self) -> None:
        if self._is_due and self._task is None:
            self._task = asyncio.create_task(self._refresh())

    async def _refresh(self) -> None:
        try:
            while self._is_due:
                users = list(self._watchers if self._is_dirty else self._stale)
                self._is_dirty = False
                self._stale.clear()
                started = time.perf_counter()
                known = {user: self._books[user] for user in users if user in self._books}
                found = await readers.run(self._source.read, users, known)
                await self._hub.reached(found.seq)  # what it saw is told first
                await self._send(found, known)
                self.last_seconds = time.perf_counter() - started
                await asyncio.sleep(min(self.last_seconds, MOST_REST))
        except (DatabaseError, InterfaceError):
            log.warning("live figures could not be read; the next tick tries again")
        finally:
            self._task = None

    async def _send(self, found: Round, known: dict[str, Any]) -> None:
        """Hand the rows that changed to the users' sockets, a slice at a time.

        A book that was known is older than the round if the journal told of it while the round was
        read: it may lack what is at or below the round's seq.
        """
        at = iso(datetime.now(UTC))
        rows = iter(found.rows.items())
        while part := list(islice(rows, SLICE)):
            news = [
                row
                for row in part
                if self._still_holds(row[0][0], known) and self._is_news(*row, found.seq)
            ]
            self._hub.emit([self._event(found, *row, at) for row in news], but=self)
            await asyncio.sleep(0)  # what the journal tells goes first
        for user, book in found.books.items():
            if user not in self._watchers:
                continue
            if self._told.get(user, 0) <= found.seq and self._still_holds(user, known):
                self._books[user] = book
            else:
                self._stale.add(user)

    def _still_holds(self, user: str, known: dict[str, Any]) -> bool:
        return user not in known or self._books.get(user) is known[user]

    def _is_news(self, place: tuple[str, str], text: str, seq: int) -> bool:
        """Note what is sent; tell whether it has to be."""
        user, key = place
        if self._told.get(user, 0) > seq or user not in self._watchers:
            return False
        sent = self._sent.setdefault(user, {})
        is_news = sent.get(key) != text
        sent[key] = text
        return is_news

    def _event(self, found: Round, place: tuple[str, str], text: str, at: str) -> Event:
        user, key = place
        dims = () if key == "account" else (key,)
        channel = self._source.channel
        return Event(found.seq, found.epoch, channel, key, user, dims, False, at, text)


# --- positions ----------------------------------------------------------------------------------
@dataclass(slots=True)
class _Book:
    """The open positions of one user, as of the journal's last word on them."""

    supplies: list[SupplyPosition]
    borrows: list[BorrowPosition]


def _read(users: Sequence[str], known: dict[str, _Book]) -> Round:
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
    found = Round(at.seq, at.epoch, {**known, **books})
    for user, book in found.books.items():
        for supply in book.supplies:
            found.rows[user, supply.id] = text_of(figures.supply_row(supply, view))
        for borrow in book.borrows:
            found.rows[user, borrow.id] = text_of(figures.borrow_row(borrow, view))
        row = figures.account_row(book.supplies, book.borrows, view)
        found.rows[user, "account"] = text_of(row)
    return found


def text_of(row: dict[str, object]) -> str:
    return _encode(row).decode()


POSITIONS = Source(CHANNEL, ("prices", "pools"), _read)
_live: weakref.WeakKeyDictionary[Hub, dict[Source, Live]] = weakref.WeakKeyDictionary()


def of(hub: Hub, source: Source = POSITIONS) -> Live:
    """Return the live figures of a hub."""
    of_hub = _live.setdefault(hub, {})
    if source not in of_hub:
        of_hub[source] = Live(hub, source)
    return of_hub[source]
