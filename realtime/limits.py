"""How often somebody may do something: counters in memory, or in Redis where that is set.

Knows rates and keys. Knows nothing of users, routes or messages.
"""

import logging
import re
import time
from functools import cache
from math import ceil
from typing import Any

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.throttling import BaseThrottle

from dualis import errors

log = logging.getLogger(__name__)

USER_READS = "300/m"  # Dualis: REST, per user
USER_WRITES = "60/m"  # Dualis: REST, per user
ANONYMOUS = "120/m"  # Dualis: REST, per address
PROGRAMS = "1200/m"  # notional 1: none documented, Hyperliquid's for contrast; per address
REDIS_SECONDS = 1  # how long a request waits for a Redis that does not answer
TIDY_SECONDS = 60.0

_RATE = re.compile(r"(\d+)/(\d*)(s|m|h|d)")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def hit(rate: str, *key: str) -> None:
    """Count one hit of a key against a rate such as `10/15m` or `5/h`, in a moving window.

    RateLimited beyond it, with the numbers of X-RateLimit-* as `headers`. A refused hit does not
    count. While Redis is away everything passes, and that is logged.
    """
    item, limiter = _item(rate), _limiter()
    try:
        if limiter.hit(item, *key):
            return
        reset_at, remaining = limiter.get_window_stats(item, *key)
    except StorageError as error:
        log.warning("rate limits are off: %s", error.storage_error)
        return
    seconds = max(1, ceil(reset_at - time.time()))
    refusal: Any = errors.RateLimited(retryAfter=seconds)
    refusal.headers = {
        "X-RateLimit-Limit": str(item.amount),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(ceil(reset_at)),
    }
    raise refusal


def reset() -> None:
    """Forget all counters."""
    _storage().reset()


def connect_anew() -> None:
    """Drop the connection; the next hit makes one to where the settings say."""
    _limiter.cache_clear()
    _storage.cache_clear()


class ApiThrottle(BaseThrottle):
    """The limit on every REST request: per user, or per address of who is nobody."""

    def allow_request(self, request: Any, view: Any) -> bool:
        """Return True, or raise RateLimited."""
        if not request.user.is_authenticated:
            hit(ANONYMOUS, "rest", "anonymous", request.address)
        elif request.method in SAFE_METHODS:
            hit(USER_READS, "rest", "read", request.user.pk)
        else:
            hit(USER_WRITES, "rest", "write", request.user.pk)
        return True


class ProgramThrottle(BaseThrottle):
    """The limit on `POST /info` and `/exchange`, which programs call without a login."""

    def allow_request(self, request: Any, view: Any) -> bool:
        """Return True, or raise RateLimited."""
        hit(PROGRAMS, "notional", request.address)
        return True


class _Memory(MemoryStorage):
    """Counters in memory, tidied once a minute by whoever comes.

    The library's own way starts a thread for nearly every hit, and looks at all keys in it.
    """

    STORAGE_SCHEME: list[str] = []  # found by no address

    def __init__(self) -> None:
        super().__init__()
        self._tidied_at = time.monotonic()

    def _MemoryStorage__schedule_expiry(self) -> None:
        now = time.monotonic()
        if now - self._tidied_at >= TIDY_SECONDS:
            self._tidied_at = now
            self._MemoryStorage__expire_events()  # type: ignore[attr-defined]


@cache
def _item(rate: str) -> RateLimitItem:
    found = _RATE.fullmatch(rate)
    if found is None:
        raise ValueError(f"{rate!r} is no rate such as 5/h or 10/15m")
    amount, multiple, unit = found.groups()
    return RateLimitItemPerSecond(int(amount), int(multiple or 1) * _UNIT_SECONDS[unit])


@cache
def _storage() -> Storage:
    if not settings.REDIS_URL:
        return _Memory()
    return storage_from_string(  # type: ignore[return-value]
        settings.REDIS_URL,
        wrap_exceptions=True,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )


@cache
def _limiter() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(_storage())
