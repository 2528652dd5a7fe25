"""The Dualis WebSocket protocol as a value: text in, messages out.

Knows the frames, the order of things and the deadlines of the page. Knows nothing of sockets, rows
or clocks: `now` (epoch seconds) is a parameter, `deadline()` says when `expire(now)` wants calling.

1. Nothing but `ping` and `auth` is served before authentication.
2. What the page lists with a close code closes, the error frame first; nothing else closes.
3. After a Close every call returns nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET

from dualis.timestamps import iso
from realtime.bucket import TokenBucket
from realtime.frames import Frame
from realtime.messages import (
    Authenticate,
    Close,
    CloseCode,
    Event,
    Identity,
    Message,
    Send,
    Snapshot,
    Subscribe,
    Unsubscribe,
)
from realtime.topics import CHANNELS, InvalidParams, select

WARN_SECONDS = 60.0  # dualis.md 1.2, 10: TOKEN_EXPIRING comes 60 s ahead
INSTITUTIONAL = (10.0, 5.0)  # contract: rate 50 for 5, burst 100 for 20
PER_USER = (4.0, 10.0)  # contract: a user's rate and burst, in those of one connection

TEXTS = {
    CloseCode.AUTH_TIMEOUT: "Authentication timeout",
    CloseCode.INVALID_TOKEN: "Invalid or expired JWT token",
    CloseCode.UNKNOWN_CHANNEL: "Unknown channel name",
    CloseCode.RATE_LIMITED: "Rate limit exceeded",
    CloseCode.INTERNAL_ERROR: "Internal server error",
    CloseCode.SLOW_CONSUMER: "Slow consumer: reconnect and resume",
    CloseCode.SERVICE_RESTART: "Server restart: reconnect and resume",
}

BAD_OPTIONS = (
    "params.seq must be true or false, params.after a whole number from 0, "
    "params.epoch a string of at most 64 characters"
)

_encode = msgspec.json.Encoder().encode


class _Inbound(msgspec.Struct):
    type: Any = UNSET
    token: Any = UNSET
    channel: Any = UNSET
    params: Any = UNSET


_decode = msgspec.json.Decoder(_Inbound).decode


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may do, and how long it may take to say who it is."""

    auth_seconds: float = 30.0
    rate: float = 5.0
    burst: float = 20.0

    def for_role(self, role: str) -> "Limits":
        """Return the limits of a connection of this role."""
        if role != "institutional":
            return self
        rate, burst = INSTITUTIONAL
        return Limits(self.auth_seconds, self.rate * rate, self.burst * burst)

    def per_user(self) -> "Limits":
        """Return what all connections of one user share."""
        rate, burst = PER_USER
        return Limits(self.auth_seconds, self.rate * rate, self.burst * burst)


@dataclass(slots=True)
class DualisSession:
    """One connection's side of the protocol."""

    limits: Limits
    opened_at: float
    identity: Identity | None = None
    is_closed: bool = False
    subscriptions: dict[str, Subscribe] = field(default_factory=dict)
    bucket: TokenBucket = field(init=False)
    user_bucket: TokenBucket | None = None
    _warned: bool = False

    def __post_init__(self) -> None:
        self.bucket = TokenBucket.full(self.limits.rate, self.limits.burst, self.opened_at)

    # --- what the client says ----------------------------------------------------------------
    def receive(self, text: str, now: float) -> list[Message]:
        """Answer one text message."""
        if self.is_closed:
            return []
        if not self._may_send(now):
            return self.close(CloseCode.RATE_LIMITED, now)
        try:
            message = _decode(text)
        except msgspec.ValidationError:
            return self._error(now, "INVALID_MESSAGE", "A message is a JSON object")
        except (ValueError, RecursionError):  # DecodeError and UnicodeError are ValueErrors
            return self._error(now, "INVALID_JSON", "The message is not valid JSON")
        if message.type == "ping":
            return [Send(Frame(_encode({"type": "pong", "timestamp": stamp(now)})))]
        if message.type == "auth":
            return self._auth(message, now)
        if self.identity is None:
            return self._error(now, "NOT_AUTHENTICATED", "Authenticate first")
        if message.type == "subscribe":
            return self._subscribe(message, now)
        if message.type == "unsubscribe":
            return self._unsubscribe(message, now)
        name = json.dumps(message.type)[:80] if message.type is not UNSET else "none"
        return self._error(
            now,
            "UNKNOWN_TYPE",
            f"Unknown message type {name}; known: auth, subscribe, unsubscribe, ping",
        )

    def receive_bytes(self, now: float) -> list[Message]:
        """Answer a binary message: there are none in this protocol."""
        if self.is_closed:
            return []
        if not self._may_send(now):
            return self.close(CloseCode.RATE_LIMITED, now)
        return self._error(
            now, "BINARY_UNSUPPORTED", "Binary messages are not supported; send JSON text"
        )

    # --- what the shell found out ------------------------------------------------------------
    def authenticated(
        self, identity: Identity, now: float, user_bucket: TokenBucket | None = None
    ) -> list[Message]:
        """Accept an identity; a live socket only takes fresh tokens of its own user."""
        if self.is_closed:
            return []
        if self.identity is not None and identity.user_id != self.identity.user_id:
            return self.close(CloseCode.INVALID_TOKEN, now)
        own = self.limits.for_role(identity.role)
        self.bucket.resize(own.rate, own.burst)
        self.identity, self.user_bucket, self._warned = identity, user_bucket, False
        reply = {"type": "auth", "status": "ok", "userId": identity.user_id}
        return [Send(Frame(_encode(reply)))]

    def subscribed(self, request: Subscribe, snapshot: Snapshot, now: float) -> list[Message]:
        """Acknowledge a subscription and send its snapshot, or what was missed."""
        if self.is_closed:
            return []
        self.subscriptions[request.channel] = request
        ack: dict[str, Any] = {
            "type": "subscribed",
            "channel": request.channel,
            "params": effective_params(request),
            "timestamp": stamp(now),
        }
        if request.with_seq:
            ack |= {"seq": snapshot.seq, "epoch": snapshot.epoch}
        if request.after is not None:
            ack["resumed"] = snapshot.missed is not None
        if snapshot.missed is None:
            ack["snapshot"] = len(snapshot.rows)
        return [Send(Frame(_encode(ack))), *self._rows(request, snapshot, now)]

    def refused(self, code: str, text: str, now: float, **extra: Any) -> list[Message]:
        """Say that a request could not be served; the connection goes on."""
        return [] if self.is_closed else self._error(now, code, text, **extra)

    def close(self, code: CloseCode, now: float, text: str = "", **extra: Any) -> list[Message]:
        """Say why, then close."""
        if self.is_closed:
            return []
        self.is_closed = True
        text = text or TEXTS[code]
        return [*self._error(now, int(code), text, **extra), Close(code, text)]

    # --- time --------------------------------------------------------------------------------
    def deadline(self) -> float | None:
        """Return when `expire` wants to be called next; None if the session is closed."""
        if self.is_closed:
            return None
        if self.identity is None:
            return self.opened_at + self.limits.auth_seconds
        return self.identity.expires_at - (0.0 if self._warned else WARN_SECONDS)

    def expire(self, now: float) -> list[Message]:
        """Do what is due at `now`."""
        due = self.deadline()
        if due is None or now < due:
            return []
        if self.identity is None:
            return self.close(CloseCode.AUTH_TIMEOUT, now)
        if now >= self.identity.expires_at:
            return self.close(CloseCode.INVALID_TOKEN, now)
        self._warned = True
        return self._error(
            now, "TOKEN_EXPIRING", "The token expires soon; send auth with a fresh one"
        )

    # --- inside ------------------------------------------------------------------------------
    def _may_send(self, now: float) -> bool:
        """Charge one message to the connection and to the user."""
        return self.bucket.take(now) and (self.user_bucket is None or self.user_bucket.take(now))

    def _auth(self, message: _Inbound, now: float) -> list[Message]:
        if not isinstance(message.token, str):
            return self._error(now, "INVALID_PARAMS", "auth needs a token, a string")
        return [Authenticate(message.token)]

    def _subscribe(self, message: _Inbound, now: float) -> list[Message]:
        if bad := self._bad_channel(message, now):
            return bad
        params = {} if message.params in (UNSET, None) else message.params
        if not isinstance(params, dict):
            return self._error(now, "INVALID_PARAMS", "params must be an object")
        filters = {name: value for name, value in params.items() if name not in _OPTIONS}
        try:
            options = msgspec.convert({n: params[n] for n in _OPTIONS if n in params}, _Options)
            request = Subscribe(
                select(message.channel, filters), options.seq, options.after, options.epoch
            )
        except msgspec.ValidationError:
            return self._error(now, "INVALID_PARAMS", BAD_OPTIONS, channel=message.channel)
        except InvalidParams as error:
            return self._error(now, "INVALID_PARAMS", str(error), channel=message.channel)
        return [request]

    def _unsubscribe(self, message: _Inbound, now: float) -> list[Message]:
        if bad := self._bad_channel(message, now):
            return bad
        held = self.subscriptions.pop(message.channel, None)
        if held is None:
            return self._error(
                now,
                "NOT_SUBSCRIBED",
                f"There is no subscription to {message.channel}",
                channel=message.channel,
            )
        ack = {
            "type": "unsubscribed",
            "channel": message.channel,
            "params": effective_params(held),
            "timestamp": stamp(now),
        }
        return [Unsubscribe(message.channel, Frame(_encode(ack)))]

    def _bad_channel(self, message: _Inbound, now: float) -> list[Message]:
        if not isinstance(message.channel, str):
            return self._error(now, "INVALID_PARAMS", "channel must be a string")
        if message.channel not in CHANNELS:
            return self.close(CloseCode.UNKNOWN_CHANNEL, now)
        return []

    def _rows(self, request: Subscribe, snapshot: Snapshot, now: float) -> list[Message]:
        """Return what a snapshot says, made once for all who are told it in this form."""
        form = "dualis+seq" if request.with_seq else "dualis"
        if form not in snapshot.frames:
            snapshot.frames[form] = list(_snapshot_frames(request, snapshot, now))
        return snapshot.frames[form]

    def _error(self, now: float, code: str | int, text: str, **extra: Any) -> list[Message]:
        frame = {"type": "error", "code": code, "message": text, "timestamp": stamp(now), **extra}
        return [Send(Frame(_encode(frame)))]


class _Options(msgspec.Struct):
    """The params every channel takes (contract, ruling 6)."""

    seq: bool = False
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    epoch: Annotated[str, msgspec.Meta(max_length=64)] = ""


_OPTIONS = tuple(_Options.__struct_fields__)


def effective_params(request: Subscribe) -> dict[str, Any]:
    """Return the params as they act: filters, and options that were asked for."""
    params = dict(request.selection.params)
    if request.with_seq:
        params["seq"] = True
    if request.after is not None:
        params |= {"after": request.after, "epoch": request.epoch}
    return params


def _snapshot_frames(request: Subscribe, snapshot: Snapshot, now: float) -> Iterator[Send]:
    at = stamp(now)
    for event in snapshot.missed or ():
        yield Send(data_frame(event, request.with_seq))
    for row in snapshot.rows:
        envelope: dict[str, Any] = {
            "type": "data",
            "channel": request.channel,
            "timestamp": at,
            "data": {**row.data, "snapshot": True},
        }
        if request.with_seq:
            envelope |= {"seq": snapshot.seq, "epoch": snapshot.epoch}
        yield Send(Frame(_encode(envelope)))


def data_frame(event: Event, with_seq: bool) -> Frame:
    """Return the event's frame, made once for everybody who gets this form of it."""
    form = "dualis+seq" if with_seq else "dualis"
    frame = event.frames.get(form)
    if frame is None:
        tail = f',"seq":{event.seq},"epoch":"{event.epoch}"}}' if with_seq else "}"
        frame = event.frames[form] = Frame(
            f'{{"type":"data","channel":"{event.channel}","timestamp":"{event.at}","data":{event.text}{tail}'
        )
    return frame


def stamp(now: float) -> str:
    """Return epoch seconds as the wire's timestamp."""
    return iso(datetime.fromtimestamp(now, UTC))
