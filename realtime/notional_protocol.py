"""The Notional WebSocket protocol as a value: text in, messages out.

Knows the frames, the error texts and the idle time of the page. Knows nothing of sockets, rows or
clocks: `now` (epoch seconds) is a parameter, `deadline()` says when `expire(now)` wants calling.

1. Nothing is sent before the client speaks, and no error closes the connection.
2. A confirmation comes first, then the snapshot if the type has one, then updates.
3. Whatever the client sends counts as activity; only its silence ends the connection.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

from realtime import topics
from realtime.bucket import TokenBucket
from realtime.frames import Frame
from realtime.messages import (
    Close,
    CloseCode,
    Event,
    Message,
    Send,
    Snapshot,
    Subscribe,
    Unsubscribe,
)
from realtime.topics import NOTIONAL, Selection

BINARY = "Binary messages not supported"
INVALID = "Invalid message format"
TOO_MANY_MESSAGES = "Rate limit exceeded"
TEXTS = {
    CloseCode.IDLE: "Idle timeout",
    CloseCode.INTERNAL_ERROR: "Internal server error",
    CloseCode.SLOW_CONSUMER: "Slow consumer: reconnect and resubscribe",
    CloseCode.SERVICE_RESTART: "Server restart: reconnect and resubscribe",
}
MAX_COIN = 32
_ADDRESS = re.compile(r"0x[0-9a-f]{1,128}")  # the page's own sample has 39 digits

_encode = msgspec.json.Encoder().encode


class _Inbound(msgspec.Struct):
    method: Any = UNSET
    subscription: Any = UNSET


_decode = msgspec.json.Decoder(_Inbound).decode


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a client may be silent, and what is fair use of one connection."""

    idle_seconds: float = 60.0
    rate: float = 50.0
    burst: float = 500.0
    subscriptions: int = 1_000


@dataclass(slots=True)
class NotionalSession:
    """One connection's side of the protocol. Subscriptions are by name: type, user, coin."""

    limits: Limits
    opened_at: float
    is_closed: bool = False
    subscriptions: dict[str, Subscribe] = field(default_factory=dict)
    bucket: TokenBucket = field(init=False)
    _heard_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._heard_at = self.opened_at
        self.bucket = TokenBucket.full(self.limits.rate, self.limits.burst, self.opened_at)

    # --- what the client says ----------------------------------------------------------------
    def receive(self, text: str, now: float) -> list[Message]:
        """Answer one text message."""
        if not self._hear(now):
            return []
        if not self.bucket.take(now):
            return _error(TOO_MANY_MESSAGES)
        try:
            message = _decode(text)
        except (ValueError, RecursionError):  # every error of msgspec is a ValueError
            return _error(INVALID)
        match message.method:
            case "ping":
                return [Send(Frame(b'{"channel":"pong"}'))]
            case "subscribe":
                return self._subscribe(message.subscription)
            case "unsubscribe":
                return self._unsubscribe(message.subscription)
            case str(name):
                return _error(f"Unknown method: {name}")
        return _error(INVALID)

    def receive_bytes(self, now: float) -> list[Message]:
        """Answer a binary message."""
        if not self._hear(now):
            return []
        return _error(BINARY if self.bucket.take(now) else TOO_MANY_MESSAGES)

    # --- what the shell found out ------------------------------------------------------------
    def subscribed(self, request: Subscribe, snapshot: Snapshot, now: float) -> list[Message]:
        """Confirm a subscription and send its snapshot."""
        if self.is_closed:
            return []
        self.subscriptions[name_of(request)] = request
        confirmed = Send(_confirmation("subscribe", request))
        texts = [_encode(row.data).decode() for row in snapshot.rows]
        wrap = _SNAPSHOTS.get(request.channel)
        if wrap is None or not texts:
            return [confirmed]
        return [confirmed, Send(_data(request.channel, wrap(request.owner, texts, True)))]

    def refused(self, code: str, text: str, now: float, **extra: Any) -> list[Message]:
        """Say that a request could not be served; the connection goes on."""
        return [] if self.is_closed else _error(text)

    def close(self, code: CloseCode, now: float, text: str = "") -> list[Message]:
        """Close; silence and a restart say so in the reason alone."""
        if self.is_closed:
            return []
        self.is_closed = True
        text = text or TEXTS[code]
        said = _error(text) if code is CloseCode.INTERNAL_ERROR else []
        return [*said, Close(code, text)]

    # --- time --------------------------------------------------------------------------------
    def deadline(self) -> float | None:
        """Return when `expire` wants to be called next; None if the session is closed."""
        return None if self.is_closed else self._heard_at + self.limits.idle_seconds

    def expire(self, now: float) -> list[Message]:
        """Do what is due at `now`."""
        due = self.deadline()
        return [] if due is None or now < due else self.close(CloseCode.IDLE, now)

    # --- inside ------------------------------------------------------------------------------
    def _hear(self, now: float) -> bool:
        """Note that the client said something; False if nobody answers any more."""
        self._heard_at = now
        return not self.is_closed

    def _subscribe(self, subscription: Any) -> list[Message]:
        request = _request(subscription)
        if isinstance(request, str):
            return _error(request)
        if name_of(request) in self.subscriptions:
            return [Send(_confirmation("subscribe", request))]  # it goes on: nothing is lost
        if len(self.subscriptions) >= self.limits.subscriptions:
            return _error(f"At most {self.limits.subscriptions} subscriptions a connection")
        return [request]

    def _unsubscribe(self, subscription: Any) -> list[Message]:
        request = _request(subscription)
        if isinstance(request, str):
            return _error(request)
        name = name_of(request)
        self.subscriptions.pop(name, None)
        return [Unsubscribe(name, _confirmation("unsubscribe", request))]


def name_of(request: Subscribe) -> str:
    """Return what tells a subscription from the others of its connection."""
    dims = list(request.selection.params.values())
    return topics.name_of(request.channel, request.owner, dims)


def name_of_event(event: Event) -> str:
    """Return the name of the subscription that an event belongs to."""
    return topics.name_of(event.channel, event.owner, event.dims)


def data_frame(event: Event) -> Frame:
    """Return the event's frame, made once for everybody who gets it."""
    frame = event.frames.get("notional")
    if frame is None:
        wrap = _WRAPS[event.channel]
        frame = event.frames["notional"] = _data(
            event.channel, wrap(event.owner, [event.text], False)
        )
    return frame


def _request(subscription: Any) -> Subscribe | str:
    """Return what a subscription object asks for, or the text of the error."""
    if not isinstance(subscription, dict) or not isinstance(subscription.get("type"), str):
        return INVALID
    channel = NOTIONAL.get(subscription["type"])
    if channel is None:
        return f"Unknown subscription type: {subscription['type']}"
    owner = ""
    params: dict[str, Any] = {}
    dims: tuple[tuple[str, ...], ...] = ()
    if channel.is_private:
        user = subscription.get("user")
        owner = user.lower() if isinstance(user, str) else ""
        if not _ADDRESS.fullmatch(owner):
            return INVALID
    if channel.filters:
        coin = subscription.get("coin")
        if not isinstance(coin, str) or not 0 < len(coin) <= MAX_COIN:
            return INVALID
        params, dims = {"coin": coin.upper()}, ((coin.upper(),),)
    return Subscribe(Selection(channel.name, params, dims), owner=owner)


def _confirmation(method: str, request: Subscribe) -> Frame:
    subscription: dict[str, Any] = {"type": request.channel}
    if request.owner:
        subscription["user"] = request.owner
    data = {"method": method, "subscription": subscription | request.selection.params}
    return Frame(_encode({"channel": "subscriptionResponse", "data": data}))


def _data(channel: str, text: str) -> Frame:
    return Frame(f'{{"channel":"{channel}","data":{text}}}')


def _error(text: str) -> list[Message]:
    return [Send(Frame(_encode({"channel": "error", "data": {"message": text}})))]


_Wrap = Callable[[str, Sequence[str], bool], str]  # user, rows as JSON, is it the snapshot


def _list_of(name: str, *, says_snapshot: bool) -> _Wrap:
    def wrap(user: str, texts: Sequence[str], is_snapshot: bool) -> str:
        said = f'"isSnapshot":{"true" if is_snapshot else "false"},' if says_snapshot else ""
        return f'{{"user":"{user}",{said}"{name}":[{",".join(texts)}]}}'

    return wrap


def _one(name: str) -> _Wrap:
    return lambda user, texts, is_snapshot: f'{{"user":"{user}","{name}":{texts[0]}}}'


def _bare(user: str, texts: Sequence[str], is_snapshot: bool) -> str:
    return texts[0]


# notional 4: how a row is wrapped, and which types begin with a snapshot
_WRAPS: dict[str, _Wrap] = {
    "userFills": _list_of("fills", says_snapshot=True),
    "accountSummary": _one("summary"),
    "orderUpdates": _list_of("orders", says_snapshot=True),
    "userOrderRejections": _list_of("rejections", says_snapshot=False),
    "userTransactions": _one("transaction"),
    "activeAssetData": _bare,
    "twapUpdates": _list_of("twaps", says_snapshot=True),
    "newBlocks": _bare,
    "newTransactions": _bare,
}
_SNAPSHOTS = {
    name: _WRAPS[name]
    for name in ("accountSummary", "orderUpdates", "activeAssetData", "twapUpdates")
}
