"""The hub: one per process and event loop; from the channel layer and the journal to connections.

1. Every event is delivered once, in `seq` order: what does not continue the cursor is read from the
   journal. The group message is only the fast way.
2. A subscriber that was added before a snapshot was read misses nothing after that snapshot.

Knows topics, events and subscribers. Knows nothing of protocols or sockets.
"""

import asyncio
import logging
import time
import weakref
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from channels.layers import get_channel_layer
from django.db import DatabaseError, InterfaceError

from realtime import journal, readers, shares, tasks
from realtime.messages import Batch, Event

log = logging.getLogger(__name__)

GROUP = "journal"
POLL_SECONDS = 1.0
REJOIN_SECONDS = 3_600.0  # in-memory groups forget their members after 24 h
SEND_SECONDS = 1.0  # no longer does a publisher wait for a dead Redis
MAX_EVENTS = 500  # beyond this a group message only says that there is something to read
RETRY_SECONDS = 1.0
LINGER = 0.1  # of the time the last hand-out took, a hub that is behind waits for more to join,
MOST_LINGER_SECONDS = 0.05  # but no longer than this


class Subscriber(Protocol):
    def deliver(self, batch: Batch) -> None:
        """Take the events of one transaction, or of some that piled up, in order; never waits."""

    def resync(self) -> None:
        """The journal can no longer tell what was missed: start again."""


class Hub:
    """Topics to subscribers, a cursor into the journal, and the tasks that move it."""

    def __init__(self) -> None:
        self.topics: dict[str, set[Subscriber]] = {}
        self.epoch = ""
        self.cursor = 0
        self.repairs = 0
        self.applied_at = 0.0
        self._inbox: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._starting: asyncio.Lock = asyncio.Lock()
        self._undo: Any = None
        self._waiters: list[asyncio.Future[None]] = []

    # --- subscribers -------------------------------------------------------------------------
    def subscribe(self, subscriber: Subscriber, names: Iterable[str]) -> None:
        for name in names:
            self.topics.setdefault(name, set()).add(subscriber)

    def unsubscribe(self, subscriber: Subscriber, names: Iterable[str]) -> None:
        for name in names:
            members = self.topics.get(name)
            if members is not None:
                members.discard(subscriber)
                if not members:
                    del self.topics[name]

    # --- life --------------------------------------------------------------------------------
    async def start(self, *, is_listening: bool = True) -> None:
        """Read the cursor, then listen, poll and publish; a second call does nothing.

        A process without sockets publishes only (`is_listening=False`).
        """
        if self._tasks:
            return
        async with self._starting:
            if self._tasks:
                return
            if is_listening:
                at = await readers.run(journal.position)
                self.cursor, self.epoch = at.seq, at.epoch
            loop = asyncio.get_running_loop()
            self._undo = journal.listen(
                lambda epoch, events: _hand_over(loop, self._outbox, epoch, events)
            )
            work = [self._publish()]
            if is_listening:
                work += [self._pump(), self._poll(), self._listen()]
            self._tasks = [asyncio.create_task(coroutine) for coroutine in work]

    async def stop(self) -> None:
        """Stop the tasks; what is still to be published is found in the journal."""
        if self._undo is not None:
            self._undo()
            self._undo = None
        await tasks.end(self._tasks)
        self._tasks = []

    @property
    def is_running(self) -> bool:
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    @property
    def waiting(self) -> tuple[int, int]:
        """Return how many group messages wait to be applied, and how many to be sent."""
        return self._inbox.qsize(), self._outbox.qsize()

    # --- out: from a commit to the group -----------------------------------------------------
    async def _publish(self) -> None:
        layer = get_channel_layer()
        while True:
            message = await self._outbox.get()
            try:
                async with asyncio.timeout(SEND_SECONDS):  # wait_for can swallow a cancellation
                    await layer.group_send(GROUP, message)
            except Exception:
                log.warning("the channel layer did not take a message; hubs read the journal")
                while not self._outbox.empty():
                    self._outbox.get_nowait()

    # --- in: from the group and the journal to the subscribers -------------------------------
    async def _listen(self) -> None:
        layer = get_channel_layer()
        while True:
            try:
                name = await layer.new_channel()
                await layer.group_add(GROUP, name)
                rejoin_at = time.monotonic() + REJOIN_SECONDS
                while True:
                    self._inbox.put_nowait(await layer.receive(name))
                    if time.monotonic() > rejoin_at:
                        await layer.group_add(GROUP, name)
                        rejoin_at = time.monotonic() + REJOIN_SECONDS
            except Exception:
                log.warning("the channel layer is away; reading the journal instead")
                await asyncio.sleep(RETRY_SECONDS)

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._inbox.empty():
                self._inbox.put_nowait(None)

    async def _pump(self) -> None:
        """Hand out what has come: in one go what came while the last was handed out."""
        spent = 0.0
        while True:
            await asyncio.sleep(0)  # a turn of the loop, in which the layer's socket is read
            if not self._inbox.empty():  # behind: a little later there is more to join
                await asyncio.sleep(min(spent * LINGER, MOST_LINGER_SECONDS))
            messages = [await self._inbox.get()]
            while not self._inbox.empty():
                messages.append(self._inbox.get_nowait())
            began = time.monotonic()
            try:
                await self._take(messages)
            except (DatabaseError, InterfaceError):
                log.warning("the journal could not be read; trying again")
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("a group message could not be applied")
            spent = time.monotonic() - began

    async def _take(self, messages: Sequence[dict[str, Any] | None]) -> None:
        """Apply group messages: those that continue one another in one go, the more under load."""
        events: list[Event] = []
        for message in messages:
            cursor = events[-1].seq if events else self.cursor
            if message is not None and message["epoch"] == self.epoch:
                if message["last"] <= cursor:
                    continue
                if message["first"] <= cursor + 1 and message["events"]:
                    new = [Event.from_wire(self.epoch, row) for row in message["events"]]
                    events += [event for event in new if event.seq > cursor]
                    continue
            if events:
                self._apply(events)
                events = []
            self.repairs += message is not None
            await self._catch_up()
        if events:
            self._apply(events)

    async def _catch_up(self) -> None:
        """Apply everything the journal holds after the cursor."""
        while True:
            at, events = await readers.run(_read_after, self.cursor)
            if at.epoch != self.epoch or at.is_gone(self.cursor, with_state=True):
                self.epoch, self.cursor = at.epoch, at.seq
                self._resync()
                self._wake()
                return
            if not events:
                return
            self._apply(events)

    def emit(self, events: Sequence[Event], *, but: Subscriber | None = None) -> None:
        """Hand events that are not the journal's to their subscribers in this process."""
        self._fan_out(events, but)

    async def reached(self, seq: int) -> None:
        """Wait until everything up to `seq` has been handed out."""
        while self.cursor < seq:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _apply(self, events: list[Event]) -> None:
        """Hand each subscriber its events of one batch, in order, and move the cursor."""
        self.cursor = events[-1].seq
        self.applied_at = time.time()
        self._fan_out(events, None)
        self._wake()

    def _fan_out(self, events: Sequence[Event], but: Subscriber | None) -> None:
        for batch, subscribers in shares.divide(events, self.topics):
            if but is not None and but in subscribers:
                subscribers.remove(but)
            for subscriber in subscribers:
                try:
                    subscriber.deliver(batch)
                except Exception:  # one subscriber's trouble is nobody else's
                    log.exception("a subscriber could not take its events; it starts again")
                    subscriber.resync()

    def _resync(self) -> None:
        log.warning("the journal was replaced or pruned past this process; sockets start again")
        for subscriber in {s for members in self.topics.values() for s in members}:
            subscriber.resync()


def _read_after(cursor: int) -> tuple[journal.Position, list[Event]]:
    with readers.read_only():
        return journal.position(), journal.since(cursor)


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    outbox: asyncio.Queue[dict[str, Any]],
    epoch: str,
    events: list[Event],
) -> None:
    """Pass a committed transaction from its thread to the loop that publishes."""
    message = {
        "type": "journal.events",
        "epoch": epoch,
        "first": events[0].seq,
        "last": events[-1].seq,
        "events": [event.to_wire() for event in events] if len(events) <= MAX_EVENTS else [],
    }
    if not loop.is_closed():
        loop.call_soon_threadsafe(outbox.put_nowait, message)


_hubs: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = weakref.WeakKeyDictionary()


def current() -> Hub:
    """Return the hub of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
