"""One socket's way out: what the hub and the session hand over, in order, never waiting.

1. While nothing waits and the peer reads, frames are written at once; otherwise they queue, and a
   task that writes them exists until nothing waits any more.
2. A channel (or one of several subscriptions to it, by its name) is held while its snapshot is
   read; events at or below its seq are dropped.
3. Past the mailbox's bound the connection is given up; nobody else waits for it.
4. A batch leaves in one write, and connections of one form share its bytes.

Knows mailbox and transport. Knows nothing of protocols beyond how to turn an event into a frame.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from sys import intern

from realtime.frames import Frame, join
from realtime.mailbox import LIMIT_BYTES, Letter, Mailbox
from realtime.messages import Batch, Event
from realtime.transport import Transport

log = logging.getLogger(__name__)

WRITE_BYTES = 64 * 1024


class Connection:
    """The outgoing side of one socket."""

    __slots__ = (
        "_floors",
        "_form",
        "_frame_of",
        "_internal",
        "_is_given_up",
        "_is_through",
        "_name_of",
        "_on_internal",
        "_on_resync",
        "_on_slow",
        "_share",
        "_write",
        "_writer",
        "is_closed",
        "mailbox",
        "transport",
    )

    def __init__(
        self,
        transport: Transport,
        frame_of: Callable[[Event], Frame],
        on_slow: Callable[[], None],
        on_internal: Callable[[Event], None],
        on_resync: Callable[[], None],
        name_of: Callable[[Event], str] = lambda event: event.channel,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self.transport = transport
        self.mailbox = Mailbox(limit_bytes)
        self.is_closed = False
        self._write = transport.write
        self._frame_of = frame_of
        self._name_of = name_of
        self._on_slow = on_slow
        self._on_internal = on_internal
        self._on_resync = on_resync
        self._floors: dict[str, int] = {}  # channel -> the seq its snapshot already told
        self._internal: frozenset[str] = frozenset()
        self._is_given_up = False
        self._writer: asyncio.Task[None] | None = None
        self._is_through = True  # nothing waits, is held or left out: what comes is written
        self.form = frozenset()

    @property
    def form(self) -> frozenset[str]:
        """What makes this connection's frames of an event differ from others' of its protocol."""
        return self._form

    @form.setter
    def form(self, form: frozenset[str]) -> None:
        self._form = form
        self._share = intern(" ".join([str(self.transport.is_deflating), *sorted(form)]))

    # --- the hub's side ----------------------------------------------------------------------
    def deliver(self, batch: Batch) -> None:
        """Take the events of one transaction, or of some that piled up."""
        if self._is_through:
            wire = batch.wires.get(self._share)  # none of an internal batch ever is there
            if wire is None and not batch.is_internal:
                wire = batch.wires[self._share] = self._join(batch)
            if wire is not None and self._write(wire):
                return
        self._deliver_in_parts(batch)

    def _deliver_in_parts(self, batch: Batch) -> None:
        """Take what this connection is to be told of a batch, now or later."""
        if self.is_closed:
            return
        events: Sequence[Event] = batch
        if batch.is_internal:
            events = self._without_internal(events)
        if events and self._floors:
            events = self._above_floors(events)
        if not events or (self._may_write() and self._write(self._join(events))):
            self._settle()
            return
        for event in events:
            name = self._name_of(event)
            self.mailbox.put(Letter(self._frame_of(event), name, event.key, event.seq))
        self._flush()

    def resync(self) -> None:
        self._on_resync()

    # --- the session's side ------------------------------------------------------------------
    def watch_internal(self, channel: str) -> None:
        """Hand events of this channel to the shell instead of the peer."""
        self._internal |= {channel}

    def answer(self, frames: Sequence[Frame], channel: str = "") -> None:
        """Send answers, or the rows of a snapshot of `channel`, after everything before them."""
        if self.is_closed or not frames:
            return
        is_first = self._writer is None and not len(self.mailbox)
        if is_first and self._write(join(frames, deflated=self.transport.is_deflating)):
            return
        for frame in frames:
            self.mailbox.put_answer(frame, channel)
        self._flush()

    def hold(self, channel: str) -> None:
        """Keep a channel's events back until `release`."""
        self._floors.pop(channel, None)
        self.mailbox.hold(channel)
        self._settle()

    def release(self, channel: str, after: int) -> None:
        """Let a channel flow, without what its snapshot at seq `after` already told."""
        self._floors[channel] = after
        self.mailbox.release(channel, after)
        self._flush()

    def drop(self, channel: str) -> None:
        """Forget what waits of a channel."""
        self._floors.pop(channel, None)
        self.mailbox.drop(channel)

    async def close(self, code: int, reason: str, *, grace: float) -> None:
        """Send what waits for at most `grace` seconds, then close."""
        self.is_closed = True
        if self._writer is not None:
            await asyncio.wait({self._writer}, timeout=grace)
        self.discard()
        await self.transport.close(code, reason)

    def discard(self) -> None:
        """Forget everything: the peer is gone."""
        self.is_closed = True
        self.mailbox.clear()
        if self._writer is not None:
            self._writer.cancel()
            self._writer = None
        self._settle()

    # --- inside ------------------------------------------------------------------------------
    def _join(self, events: Sequence[Event]) -> bytes:
        frames = [self._frame_of(event) for event in events]
        return join(frames, deflated=self.transport.is_deflating)

    def _may_write(self) -> bool:
        """Tell whether an event may leave before anything else does."""
        return self._writer is None and not len(self.mailbox) and not self.mailbox.is_holding

    def _settle(self) -> None:
        """Note whether what comes next is simply written: asked for each delivery, so kept."""
        self._is_through = not self.is_closed and not self._floors and self._may_write()

    def _flush(self) -> None:
        self._settle()
        if self.is_closed:
            return
        if self.mailbox.is_over:
            if not self._is_given_up:
                self._is_given_up = True
                sent, waiting = self.transport.bytes_written, self.mailbox.bytes
                log.info("a reader fell behind: %d bytes written, %d wait", sent, waiting)
                self._on_slow()
        elif self._writer is None and len(self.mailbox):
            self._writer = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        """Write until nothing waits. Exists only while the connection is behind."""
        try:
            while len(self.mailbox):
                await self.transport.until_ready()  # what waits meanwhile is still conflated
                if frames := self.mailbox.take(WRITE_BYTES):
                    await self.transport.send(frames)
        except Exception:  # the server's word for a peer that went away differs by server
            self.is_closed = True
            self.mailbox.clear()
        finally:
            self._writer = None

    def _without_internal(self, events: Sequence[Event]) -> Sequence[Event]:
        for event in events:
            if event.channel in self._internal:
                self._on_internal(event)
        return [event for event in events if event.channel not in self._internal]

    def _above_floors(self, events: Sequence[Event]) -> Sequence[Event]:
        floors, name_of = self._floors, self._name_of
        kept = [event for event in events if event.seq > floors.get(name_of(event), 0)]
        last = events[-1].seq
        held = self.mailbox.is_holding
        if not held and all(last >= floor for floor in self._floors.values()):
            self._floors.clear()  # the hub has passed every snapshot: nothing older comes any more
        return kept
