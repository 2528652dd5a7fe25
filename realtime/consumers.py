"""The Dualis consumer: who a socket speaks for, what it subscribes to; the rest is the shell's."""

import time
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings

from dualis import errors
from dualis.accounts import tokens
from realtime import batches, joins, live, snapshots, topics
from realtime.dualis_protocol import DualisSession, Limits, data_frame
from realtime.frames import Frame
from realtime.messages import Authenticate, CloseCode, Event, Identity, Message, Subscribe
from realtime.shell import USER, Shell, places, presence

__all__ = ["DualisConsumer", "presence"]


class DualisConsumer(Shell):
    """`/v1/ws`."""

    def open_session(self, now: float) -> DualisSession:
        self.user_id = self.watched = ""
        limits = Limits(settings.WS_AUTH_SECONDS, settings.WS_RATE, settings.WS_BURST)
        self.session = DualisSession(limits, now)
        return self.session

    def frame_of(self, event: Event) -> Frame:
        return data_frame(event, event.channel in self.connection.form)

    async def do_other(self, message: Message) -> None:
        match message:
            case Authenticate(token):
                await self._authenticate(token)
            case Subscribe():
                await self._subscribe(message)

    def on_internal(self, event: Event) -> None:
        """End the socket when its session has ended."""
        if event.is_deleted or msgspec.json.decode(event.text)["endedAt"] is not None:
            self.close_with(CloseCode.INVALID_TOKEN)

    def close_with(self, code: CloseCode) -> None:
        """Close; before a restart say over how long the clients should come back."""
        now, extra = time.time(), dict[str, Any]()
        if code is CloseCode.SERVICE_RESTART:
            extra["reconnectWithinMs"] = round(1000 * presence.return_seconds(now))
        self._say(self.session.close(code, now, **extra))

    def on_leave(self) -> None:
        if self.user_id:
            presence.sign_out(self.user_id)
            places.give(USER + self.user_id)

    def forget(self, name: str) -> None:
        if name == live.CHANNEL and self.watched:
            live.of(self.hub).unwatch(self.watched)
            self.watched = ""
        super().forget(name)

    async def _authenticate(self, token: str) -> None:
        now = time.time()
        try:
            claims = tokens.verify_claims(token, _moment(now))
            # Followed before the session is looked up: a logout in between is not missed.
            session = topics.session_topic(claims.sub, claims.sid)
            self.connection.watch_internal(topics.SESSIONS)
            self.follow(topics.SESSIONS, frozenset({session}))
            found = await batches.ask(_identify, claims)
            if found is None:
                raise errors.Unauthorized()
        except errors.Unauthorized:
            await self.do(self.session.close(CloseCode.INVALID_TOKEN, now))
            return
        bucket = self.session.user_bucket
        if not self.user_id:
            bucket = presence.sign_in(
                found.user_id,
                settings.WS_MAX_PER_USER,
                self.session.limits.for_role(found.role).per_user(),
                now,
            )
            text = f"Too many sockets of this user; at most {settings.WS_MAX_PER_USER}"
            if bucket is None:
                await self.do(self.session.close(CloseCode.RATE_LIMITED, now, text))
                return
            if not await places.take(USER + found.user_id, settings.WS_MAX_PER_USER):
                presence.sign_out(found.user_id)
                await self.do(self.session.close(CloseCode.RATE_LIMITED, now, text))
                return
            self.user_id = found.user_id
        identity = Identity(
            found.user_id, found.role, found.session_id, found.expires_at.timestamp()
        )
        await self.do(self.session.authenticated(identity, time.time(), bucket))

    async def _subscribe(self, request: Subscribe) -> None:
        assert self.session.identity is not None, "the session asks for joins after auth only"
        user_id = self.session.identity.user_id
        channel = request.channel
        if request.selection.ids():
            unknown = await batches.ask(snapshots.unknown_many, request.selection)
            if unknown:
                text = f"{channel} knows no {', '.join(unknown)[:200]}"
                extra = {"channel": channel, "unknown": unknown}
                await self.do(self.session.refused("INVALID_PARAMS", text, time.time(), **extra))
                return
        with_seq = {channel} if request.with_seq else set()
        self.connection.form = self.connection.form - {channel} | with_seq  # before any is framed
        self.begin_join(channel, topics.topics_for(request.selection, user_id))
        snapshot = await joins.of(self.hub).join(request, user_id)
        if channel == live.CHANNEL:
            live.of(self.hub).watch(user_id, snapshot)
            self.watched = user_id
        self.end_join(channel, snapshot, self.session.subscribed(request, snapshot, time.time()))


def _identify(claims: list[tokens.Claims]) -> list[tokens.Identity | None]:
    return tokens.identify_many(claims, now=_moment(time.time()))


def _moment(now: float) -> datetime:
    return datetime.fromtimestamp(now, UTC)
