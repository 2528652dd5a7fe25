"""The shell between a socket and its session: it owns the clock, the look-ups and the tasks.

1. Messages are answered in order: one is finished before the next is read.
2. Whatever happens, the place, the topics and the timers of a socket are given back.
3. What a session says is done; what it does not say does not happen.

The socket is read in a loop of our own: Channels' dispatch hops through a thread for each message.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from channels.consumer import AsyncConsumer
from django.conf import settings

from dualis import errors
from dualis.accounts import tokens
from realtime import handshake, hub, live, readers, snapshots, topics
from realtime.connection import Connection
from realtime.dualis_protocol import DualisSession, Limits, data_frame
from realtime.frames import Frame
from realtime.messages import (
    Authenticate,
    Close,
    CloseCode,
    Event,
    Identity,
    Message,
    Send,
    Subscribe,
    Unsubscribe,
)
from realtime.presence import Presence
from realtime.transport import EXTENSION, AsgiSend, transport_for

log = logging.getLogger(__name__)

GRACE_SECONDS = 2.0  # what waits may still leave before a close

presence = Presence()


class DualisConsumer(AsyncConsumer):
    """`/v1/ws`."""

    channel_layer_alias = None  # only the hub listens to the channel layer

    async def __call__(self, scope: dict[str, Any], receive: Any, send: AsgiSend) -> None:
        first = await receive()
        assert first["type"] == "websocket.connect", "ASGI opens with websocket.connect"
        if not handshake.is_allowed_origin(scope):
            await handshake.deny(scope, send, 403, "This Origin may not connect")
            return
        address = handshake.address_of(scope)
        if not presence.enter(address, settings.WS_MAX_PER_ADDRESS):
            await handshake.deny(scope, send, 429, "Too many sockets of this address")
            return
        try:
            await self._serve(scope, receive, send)
        finally:
            presence.leave(address)

    async def _serve(self, scope: dict[str, Any], receive: Any, send: AsgiSend) -> None:
        self.hub = hub.current()
        await self.hub.start()
        self.topics: dict[str, frozenset[str]] = {}
        self.with_seq: dict[str, bool] = {}
        self.closing: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.user_id = self.watched = ""
        await send({"type": "websocket.accept"})
        self.session = DualisSession(
            Limits(settings.WS_AUTH_SECONDS, settings.WS_RATE, settings.WS_BURST), time.time()
        )
        self.connection = Connection(
            transport_for(scope, send),
            frame_of=self._frame_of,
            on_slow=lambda: self._close_with(CloseCode.SLOW_CONSUMER),
            on_internal=self._session_event,
            on_resync=lambda: self._close_with(CloseCode.SERVICE_RESTART),
        )
        self.connection.watch_internal(topics.SESSIONS)
        if port := scope.get("extensions", {}).get(EXTENSION):
            port.on_shutdown(lambda: self._close_with(CloseCode.SERVICE_RESTART))
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
            self._forget(name)
        if self.closing is None:
            self.connection.discard()
        if self.user_id:
            presence.sign_out(self.user_id)

    # --- from the client ---------------------------------------------------------------------
    async def _handle(self, message: dict[str, Any]) -> None:
        """Answer one message; our own faults are logged and answered with 1011."""
        try:
            text = message.get("text")
            now = time.time()
            if text is None:
                await self._do(self.session.receive_bytes(now))
            else:
                await self._do(self.session.receive(text, now))
            self._set_timer()
        except Exception:
            log.exception("a message could not be handled")
            await self._do(self.session.close(CloseCode.INTERNAL_ERROR, time.time()))

    async def _do(self, messages: list[Message]) -> None:
        """Do what the session says, in order."""
        for message in messages:
            match message:
                case Send(frame):
                    self.connection.answer([frame])
                case Authenticate(token):
                    await self._authenticate(token)
                case Subscribe():
                    await self._subscribe(message)
                case Unsubscribe(channel, frame):
                    self._forget(channel)
                    self.connection.answer([frame])
                case Close(code, reason):
                    self._start_closing(code, reason)

    async def _authenticate(self, token: str) -> None:
        now = time.time()
        try:
            claims = tokens.verify_claims(token, _moment(now))
            # Followed before the session is looked up: a logout in between is not missed.
            session = topics.session_topic(claims.sub, claims.sid)
            self._follow(topics.SESSIONS, frozenset({session}))
            found = await readers.run(_identify, claims, _moment(now))
        except errors.Unauthorized:
            await self._do(self.session.close(CloseCode.INVALID_TOKEN, now))
            return
        bucket = self.session.user_bucket
        if not self.user_id:
            bucket = presence.sign_in(
                found.user_id,
                settings.WS_MAX_PER_USER,
                self.session.limits.for_role(found.role).per_user(),
                now,
            )
            if bucket is None:
                text = f"Too many sockets of this user; at most {settings.WS_MAX_PER_USER}"
                await self._do(self.session.close(CloseCode.RATE_LIMITED, now, text))
                return
            self.user_id = found.user_id
        identity = Identity(
            found.user_id, found.role, found.session_id, found.expires_at.timestamp()
        )
        await self._do(self.session.authenticated(identity, time.time(), bucket))

    async def _subscribe(self, request: Subscribe) -> None:
        assert self.session.identity is not None, "the session asks for joins after auth only"
        user_id = self.session.identity.user_id
        channel = request.channel
        if request.selection.ids():
            unknown = await readers.run(snapshots.unknown_ids, request.selection)
            if unknown:
                text = f"{channel} knows no {', '.join(unknown)[:200]}"
                extra = {"channel": channel, "unknown": unknown}
                await self._do(self.session.refused("INVALID_PARAMS", text, time.time(), **extra))
                return
        self._forget(channel)
        self.with_seq[channel] = request.with_seq  # before any event of it can be framed
        self.connection.hold(channel)
        self._follow(channel, topics.topics_for(request.selection, user_id))
        snapshot = await readers.run(snapshots.join, request, user_id)
        if channel == live.CHANNEL:
            live.of(self.hub).watch(user_id, snapshot)
            self.watched = user_id
        answers = self.session.subscribed(request, snapshot, time.time())
        frames = [message.frame for message in answers if isinstance(message, Send)]
        self.connection.answer(frames[:1])
        self.connection.answer(frames[1:], channel)
        self.connection.release(channel, snapshot.seq)

    def _follow(self, name: str, names: frozenset[str]) -> None:
        """Listen to these topics instead of those followed under the same name before."""
        before = self.topics.get(name, frozenset())
        self.hub.subscribe(self.connection, names - before)
        self.hub.unsubscribe(self.connection, before - names)
        self.topics[name] = names

    def _forget(self, channel: str) -> None:
        if channel == live.CHANNEL and self.watched:
            live.of(self.hub).unwatch(self.watched)
            self.watched = ""
        self.hub.unsubscribe(self.connection, self.topics.pop(channel, ()))
        self.connection.drop(channel)

    def _frame_of(self, event: Event) -> Frame:
        return data_frame(event, self.with_seq.get(event.channel, False))

    # --- from elsewhere ----------------------------------------------------------------------
    def _session_event(self, event: Event) -> None:
        """End the socket when its session has ended."""
        if event.is_deleted or msgspec.json.decode(event.text)["endedAt"] is not None:
            self._close_with(CloseCode.INVALID_TOKEN)

    def _close_with(self, code: CloseCode) -> None:
        """Close from outside the message loop."""
        self._say(self.session.close(code, time.time()))

    def _say(self, messages: list[Message]) -> None:
        """Do what needs no waiting: answer and close."""
        for message in messages:
            if isinstance(message, Send):
                self.connection.answer([message.frame])
            elif isinstance(message, Close):
                self._start_closing(message.code, message.reason)

    def _start_closing(self, code: int, reason: str) -> None:
        if self.closing is None:
            self.closing = asyncio.create_task(
                self.connection.close(code, reason, grace=GRACE_SECONDS)
            )

    def _set_timer(self) -> None:
        """Wake up at the session's next deadline."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        due = self.session.deadline()
        if due is not None:
            delay = max(0.0, due - time.time())
            self.timer = asyncio.get_running_loop().call_later(delay, self._on_time)

    def _on_time(self) -> None:
        self._say(self.session.expire(time.time()))
        self._set_timer()


def _identify(claims: tokens.Claims, now: datetime) -> tokens.Identity:
    (identity,) = tokens.identify_many([claims], now=now)
    if identity is None:
        raise errors.Unauthorized()
    return identity


def _moment(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)
