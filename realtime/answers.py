"""Public answers kept in memory while the journal stands still, and given out before Django.

1. What is kept is what Django said, byte for byte; only the request's id is each request's own.
2. It is given to whoever asks while nothing newer than its seq is known to this process, and for at
   most KEEP_SECONDS: not everything that an answer shows is journalled, and a database may be away.
3. Whoever it is given to is counted as Django counts; who is over the limit hears it from Django.

Knows ASGI, hub and limits. Knows nothing of rows; what an address shows is its view's.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import msgspec
from django.conf import settings

from dualis import errors
from dualis.addresses import is_trusted
from dualis.api import is_named
from dualis.middleware import request_id
from realtime import handshake, hub, journal, limits
from realtime.messages import Event

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[..., Awaitable[None]]

KEEP_SECONDS = 1.0
MOST_KEPT = 256
MOST_BYTES = 256 * 1024  # of one answer
MOST_QUERY = 200
THREADS = 4  # that count requests in Redis

# Of the public views these alone: others look at more than the journal tells.
PATHS = re.compile(
    r"/v1/(pools(/[^/]+(/rate-curve)?)?|borrow/collateral-assets|oracle/prices(/[^/]+)?"
    r"|liquidations(/[^/]+)?|governance/(config|proposals(/[^/]+)?))"
)
_JSON = {b"", b"*/*", b"application/json", b"application/json, text/plain, */*"}
_NOT_UNCHANGED = {b"content-type", b"content-length", b"allow"}  # of a 200, not of a 304
_ID, _TAG, _CONDITION = b"x-request-id", b"etag", b"if-none-match"

_Headers = list[tuple[bytes, bytes]]
_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="limit")


class _Place(msgspec.Struct):
    """Where the journal stood when an answer was read."""

    seq: int
    epoch: str


_place_of = msgspec.json.Decoder(_Place).decode


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of Django's, without the id of the request it was made for."""

    began: float
    place: _Place
    tag: str
    headers: _Headers
    headers_unchanged: _Headers  # of a 304
    body: bytes


class Answers:
    """The answers of one process."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._kept: OrderedDict[object, Answer] = OrderedDict()
        self._asking: dict[object, asyncio.Future[Answer | int]] = {}
        self._written = _Place(0, "")  # what this process has committed last
        journal.listen(self._note)

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer from memory if that is possible, else as Django does."""
        headers = dict(scope["headers"])
        if not hub.current().is_running or not _is_plain(scope, headers):
            await self._app(scope, receive, send)
            return
        key, came = _key_of(scope, headers), time.monotonic()
        answer = self._kept.get(key)
        while answer is None or (answer.began < came and not self._is_current(answer)):
            asking = self._asking.get(key)
            if asking is None:
                await self._ask(key, scope, receive, send)
                return
            said = await asyncio.shield(asking)
            if isinstance(said, int) and said != errors.RateLimited.status:
                await self._app(scope, receive, send)  # nothing to share: each asks for himself
                return
            answer = said if isinstance(said, Answer) else None
        self._kept.move_to_end(key)
        if await _is_over_limit(scope):
            await self._app(scope, receive, send)
            return
        own_id = request_id(headers.get(_ID, b"").decode("latin-1"))
        await _give(answer, scope, own_id.encode(), send)

    def _note(self, epoch: str, events: Sequence[Event]) -> None:
        """Take notice of a commit, in its thread, before its request is answered."""
        self._written = _Place(events[-1].seq, epoch)

    def _is_current(self, answer: Answer) -> bool:
        """Tell whether nothing newer is known here, and it is not old."""
        here, own, place = hub.current(), self._written, answer.place
        return (
            place.epoch == here.epoch
            and place.seq >= here.cursor
            and (own.epoch != place.epoch or place.seq >= own.seq)
            and time.monotonic() - answer.began < KEEP_SECONDS
        )

    async def _ask(self, key: object, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Ask Django for all who wait; keep what may be kept."""
        asking = self._asking[key] = asyncio.get_running_loop().create_future()
        said: list[dict[str, Any]] = []

        async def note(message: dict[str, Any]) -> None:
            said.append(message)

        headers = [(name, value) for name, value in scope["headers"] if name != _CONDITION]
        began, answer, status = time.monotonic(), None, 500
        try:
            await self._app({**scope, "method": "GET", "headers": headers}, receive, note)
            if said:  # nothing is said to a client that is gone
                status, answer = said[0]["status"], _answer_of(said, began)
        finally:
            del self._asking[key]
            if answer is not None:
                self._keep(key, answer)
            asking.set_result(status if answer is None else answer)
        if answer is None:
            for message in said:
                await send(message)
        else:
            await _give(answer, scope, _header(said, _ID), send)

    def _keep(self, key: object, answer: Answer) -> None:
        self._kept[key] = answer
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def serves(scope: dict[str, Any]) -> bool:
    """Tell whether the answer may come from memory, by method and path."""
    return scope["method"] in ("GET", "HEAD") and PATHS.fullmatch(scope["path"]) is not None


def _is_plain(scope: dict[str, Any], headers: dict[bytes, bytes]) -> bool:
    """Tell whether nothing about a request could make Django answer it in another way."""
    cookie = headers.get(b"cookie", b"")
    return (
        len(headers) == len(scope["headers"])  # none twice
        and headers.get(b"accept", b"") in _JSON
        and headers.get(b"content-length", b"0") == b"0"
        and b"transfer-encoding" not in headers
        and b"\\" not in cookie  # may stand for a NUL
        and b"\0" not in cookie
        and len(scope["query_string"]) <= MOST_QUERY
    )


def _key_of(scope: dict[str, Any], headers: dict[bytes, bytes]) -> object:
    """Return what decides an answer: the address, and by which name and how it was reached."""
    claimed = headers.get(b"x-forwarded-proto", b"")
    if claimed and not (scope["client"] and _is_proxy(scope["client"][0])):
        claimed = b""
    host = headers.get(b"host", b"")
    return scope["path"], scope["query_string"], host, scope["scheme"], claimed


def _is_proxy(address: str) -> bool:
    return is_trusted(address, settings.TRUSTED_PROXIES)


def _answer_of(said: list[dict[str, Any]], began: float) -> Answer | None:
    """Return what may be kept of an answer: a public success that names its place."""
    body = b"".join(message.get("body", b"") for message in said[1:])
    tag = _header(said, _TAG)
    is_public = _header(said, b"cache-control").startswith(b"public")
    if said[0]["status"] != 200 or not tag or not is_public or len(body) > MOST_BYTES:
        return None
    headers = [(name, value) for name, value in said[0]["headers"] if name.lower() != _ID]
    unchanged = [(name, value) for name, value in headers if name.lower() not in _NOT_UNCHANGED]
    unchanged.append((b"Content-Length", b"0"))
    return Answer(began, _place_of(body), tag.decode(), headers, unchanged, body)


def _header(said: list[dict[str, Any]], wanted: bytes) -> bytes:
    found = [value for name, value in said[0]["headers"] if name.lower() == wanted]
    return found[0] if found else b""


async def _is_over_limit(scope: dict[str, Any]) -> bool:
    """Count a request as ApiThrottle does; tell whether it is one too many."""
    key = ("rest", "anonymous", handshake.address_of(scope))
    try:
        if settings.REDIS_URL:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(_executor, limits.hit, limits.ANONYMOUS, *key)
        else:
            limits.hit(limits.ANONYMOUS, *key)
    except errors.RateLimited:
        return True
    return False


async def _give(answer: Answer, scope: dict[str, Any], own_id: bytes, send: Send) -> None:
    condition = handshake.header(scope, _CONDITION)
    is_unchanged = bool(condition) and is_named(answer.tag, condition)
    headers = answer.headers_unchanged if is_unchanged else answer.headers
    status = 304 if is_unchanged else 200
    headers = [*headers, (b"X-Request-ID", own_id)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_unchanged else answer.body})
