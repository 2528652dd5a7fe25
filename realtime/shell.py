"""The shell between a socket and its session, whatever the protocol: clock, place, tasks, order.

1. Messages are answered in order: one is finished before the next is read.
2. Whatever happens, the place, the topics and the timers of a socket are given back.
3. What a session says is done; what it does not say does not happen.

The socket is read in a loop of our own: Channels' dispatch hops through a thread for each message.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Protocol

from channels.consumer import AsyncConsumer
from django.conf import settings

from realtime import handshake, hub, timers
from realtime.connection import Connection
from realtime.frames import Frame
from realtime.messages import Close, CloseCode, Event, Message, Send, Snapshot, Unsubscribe
from realtime.places import Places
from realtime.presence import Presence
from realtime.transport import EXTENSION, AsgiSend, transport_for

log = logging.getLogger(__name__)

GRACE_SECONDS = 2.0  # what waits may still leave before a close
TOO_MANY = "Too many sockets of this address"
ADDRESS, USER = "address:", "user:"  # whose places they are

presence = Presence()


def _share(key: str, part: float) -> None:
    if key.startswith(USER):
        presence.share(key.removeprefix(USER), part)


places = Places(_share)


class Session(Protocol):
    """What a shell asks of a protocol."""

    def receive(self, text: str, now: float) -> list[Message]: ...
    def receive_bytes(self, now: float) -> list[Message]: ...
    def close(self, code: CloseCode, now: float, text: str = "") -> list[Message]: ...
    def deadline(self) -> float | None: ...
    def expire(self, now: float) -> list[Message]: ...


class Shell(AsyncConsumer):
    """One socket. A protocol's consumer says which session, which frames, and does its messages."""

    channel_layer_alias = None  # only the hub listens to the channel layer

    # --- what a protocol says ----------------------------------------------------------------
    def open_session(self, now: float) -> Session:
        """Return the session of a socket that has just been accepted."""
        raise AssertionError("a consumer has a session")

    def frame_of(self, event: Event) -> Frame:
        """Return the frame of an event for this socket."""
        raise AssertionError("a consumer frames events")

    def name_of(self, event: Event) -> str:
        """Return the name of the subscription that an event belongs to."""
        return event.channel

    async def do_other(self, message: Message) -> None:
        """Do what the protocol alone knows how to do."""
        raise AssertionError(f"nobody does {message!r}")

    def on_internal(self, event: Event) -> None:
        """Take an event of an internal channel."""

    def on_leave(self) -> None:
        """Give back what the protocol took."""

    # --- life --------------------------------------------------------------------------------
    async def __call__(self, scope: dict[str, Any], receive: Any, send: AsgiSend) -> None:
        first = await receive()
        assert first["type"] == "websocket.connect", "ASGI opens with websocket.connect"
        if not handshake.is_allowed_origin(scope):
            await handshake.deny(scope, send, 403, "This Origin may not connect")
            return
        address = handshake.address_of(scope)
        limit = settings.WS_MAX_PER_ADDRESS
        if not presence.enter(address, limit):
            await handshake.deny(scope, send, 429, TOO_MANY)
            return
        try:
            if not await places.take(ADDRESS + address, limit):
                await handshake.deny(scope, send, 429, TOO_MANY)
                return
            try:
                await self._serve(scope, receive, send)
            finally:
                places.give(ADDRESS + address)
        finally:
            presence.leave(address)

    async def _serve(self, scope: dict[str, Any], receive: Any, send: AsgiSend) -> None:
        self.hub = hub.current()
        await self.hub.start()
        self.topics: dict[str, frozenset[str]] = {}
        self.closing: asyncio.Task[None] | None = None
        self.timer: timers.Timer | None = None
        self.timer_at: float | None = None
        await send({"type": "websocket.accept"})
        self.life = self.open_session(time.time())
        self.connection = Connection(
            transport_for(scope, send),
            frame_of=self.frame_of,
            on_slow=lambda: self.close_with(CloseCode.SLOW_CONSUMER),
            on_internal=self.on_internal,
            on_resync=lambda: self.close_with(CloseCode.SERVICE_RESTART),
            name_of=self.name_of,
            limit_bytes=settings.WS_QUEUE_BYTES,
        )
        if port := scope.get("extensions", {}).get(EXTENSION):
            port.on_shutdown(lambda: self.close_with(CloseCode.SERVICE_RESTART))
        try:
            self._set_timer()
            while (message := await receive())["type"] != "websocket.disconnect":
                await self._handle(message)
        finally:
            self._leave()

    def _leave(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        for name in list(self.topics):
            self.forget(name)
        if self.closing is None:
            self.connection.discard()
        self.on_leave()

    # --- from the client ---------------------------------------------------------------------
    async def _handle(self, message: dict[str, Any]) -> None:
        """Answer one message; our own faults are logged and answered with 1011."""
        try:
            text = message.get("text")
            now = time.time()
            if text is None:
                await self.do(self.life.receive_bytes(now))
            else:
                await self.do(self.life.receive(text, now))
            self._set_timer()
        except Exception:
            log.exception("a message could not be handled")
            await self.do(self.life.close(CloseCode.INTERNAL_ERROR, time.time()))

    async def do(self, messages: list[Message]) -> None:
        """Do what the session says, in order."""
        for message in messages:
            match message:
                case Send(frame):
                    self.connection.answer([frame])
                case Unsubscribe(name, frame):
                    self.forget(name)
                    self.connection.answer([frame])
                case Close(code, reason):
                    self._start_closing(code, reason)
                case _:
                    await self.do_other(message)

    # --- subscriptions -----------------------------------------------------------------------
    def begin_join(self, name: str, names: frozenset[str]) -> None:
        """Hold a subscription and follow its topics: its snapshot is read after this."""
        self.forget(name)
        self.connection.hold(name)
        self.follow(name, names)

    def end_join(self, name: str, snapshot: Snapshot, answers: Sequence[Message]) -> None:
        """Send the acknowledgement and the snapshot, then let what came meanwhile flow."""
        frames = [message.frame for message in answers if isinstance(message, Send)]
        self.connection.answer(frames[:1])
        self.connection.answer(frames[1:], name)
        self.connection.release(name, snapshot.seq)

    def follow(self, name: str, names: frozenset[str]) -> None:
        """Listen to these topics instead of those followed under the same name before."""
        before = self.topics.get(name, frozenset())
        self.hub.subscribe(self.connection, names - before)
        self.hub.unsubscribe(self.connection, before - names)
        self.topics[name] = names

    def forget(self, name: str) -> None:
        """Stop what is followed under a name; nothing of it leaves after this."""
        self.hub.unsubscribe(self.connection, self.topics.pop(name, ()))
        self.connection.drop(name)

    # --- from elsewhere ----------------------------------------------------------------------
    def close_with(self, code: CloseCode) -> None:
        """Close from outside the message loop."""
        self._say(self.life.close(code, time.time()))

    def _say(self, messages: list[Message]) -> None:
        """Do what needs no waiting: answer and close."""
        for message in messages:
            if isinstance(message, Send):
                self.connection.answer([message.frame])
            elif isinstance(message, Close):
                self._start_closing(message.code, message.reason)

    def _start_closing(self, code: int, reason: str) -> None:
        if self.closing is None:
            presence.closes[int(code)] += 1
            self.closing = asyncio.create_task(
                self.connection.close(code, reason, grace=GRACE_SECONDS)
            )

    def _set_timer(self) -> None:
        """Wake up at the session's next deadline."""
        due = self.life.deadline()
        if due == self.timer_at:
            return
        if self.timer is not None:
            self.timer.cancel()
        self.timer, self.timer_at = None, due
        if due is not None:
            delay = max(0.0, due - time.time())
            self.timer = timers.current().call_later(delay, self._on_time)

    def _on_time(self) -> None:
        self.timer_at = None
        self._say(self.life.expire(time.time()))
        self._set_timer()
