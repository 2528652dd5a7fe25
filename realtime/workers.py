"""What each serving process knows of itself, and how all of them are told of together.

Each measures itself in its own loop. Where Redis is set it reports there, so that whichever process
is asked knows them all; without, a process knows itself alone. A report that is old is no worker.
"""

import asyncio
import json
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from redis import Redis
from redis import asyncio as redis_async
from redis.exceptions import RedisError

from realtime import hub, live, tasks, topics
from realtime.connection import Connection
from realtime.hub import Hub
from realtime.shell import presence

log = logging.getLogger(__name__)

KEY = "dualis:workers"
REPORT_SECONDS = 2.0
FRESH_SECONDS = 10.0  # an older report is of a process that is gone
REDIS_SECONDS = 1.0
RATE_SECONDS = 10.0  # what the journal's rate is taken over
SLOWEST = 5

_newest: dict[str, dict[str, Any]] = {}  # of this process alone


class Reporter:
    """Measures one hub's process and reports it, until stopped."""

    def __init__(self, of: Hub) -> None:
        self._hub = of
        self.id = f"{socket.gethostname()}:{os.getpid()}"
        self._started_at = time.time()
        self._cursors: deque[tuple[float, int]] = deque()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, and take the own report back."""
        if self._task is not None:
            await tasks.end([self._task])
        _newest.pop(self.id, None)
        await self._tell(None)

    def measure(self, now: float) -> dict[str, Any]:
        """Return the figures of this process at `now` (epoch seconds)."""
        followed = _followed(self._hub)
        connections = {one for members in followed.values() for one in members}
        waiting = sorted(
            (one for one in connections if len(one.mailbox)),
            key=lambda one: one.mailbox.bytes,
            reverse=True,
        )
        group, outgoing = self._hub.waiting
        return {
            "id": self.id,
            "at": now,
            "uptimeSeconds": round(now - self._started_at, 1),
            "sockets": presence.sockets,
            "users": sum(1 for user in presence.users.values() if user.sockets),
            "channels": {name: len(members) for name, members in sorted(followed.items())},
            "closes": {str(code): count for code, count in sorted(presence.closes.items())},
            "queues": {
                "in": group,
                "out": outgoing,
                "frames": sum(len(one.mailbox) for one in waiting),
                "bytes": sum(one.mailbox.bytes for one in waiting),
            },
            "slow": {
                "readers": len(waiting),
                "slowest": [
                    {"frames": len(one.mailbox), "bytes": one.mailbox.bytes}
                    for one in waiting[:SLOWEST]
                ],
            },
            "cursor": self._hub.cursor,
            "repairs": self._hub.repairs,
            "eventsPerSecond": self._rate(now),
            "liveSeconds": round(live.of(self._hub).last_seconds, 4),
        }

    def _rate(self, now: float) -> float:
        """Return how many events a second the journal brought lately."""
        self._cursors.append((now, self._hub.cursor))
        while self._cursors[0][0] < now - RATE_SECONDS:
            self._cursors.popleft()
        began, first = self._cursors[0]
        return round((self._hub.cursor - first) / (now - began), 1) if now > began else 0.0

    async def _run(self) -> None:
        while True:
            row = self.measure(time.time())
            _newest[self.id] = row
            await self._tell(json.dumps(row))
            await asyncio.sleep(REPORT_SECONDS)

    async def _tell(self, text: str | None) -> None:
        if not settings.REDIS_URL:
            return
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                client = redis_async.Redis.from_url(settings.REDIS_URL)
                async with client:
                    if text is None:
                        await client.hdel(KEY, self.id)
                    else:
                        await client.hset(KEY, self.id, text)
        except (OSError, TimeoutError, RedisError):
            log.warning("Redis does not take the figures of this process")


def told(now: float) -> tuple[list[dict[str, Any]], bool]:
    """Return the fresh reports, and False if Redis is away and these are only the own ones.

    Waits for Redis up to a second: for a thread, not for the loop.
    """
    if not settings.REDIS_URL:
        return _fresh(_newest.values(), now), True
    limits = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    try:
        with Redis.from_url(settings.REDIS_URL, **limits) as client:
            texts: dict[bytes, bytes] = client.hgetall(KEY)
            rows = {name: json.loads(text) for name, text in texts.items()}
            fresh = _fresh(rows.values(), now)
            gone = [name for name, row in rows.items() if row not in fresh]
            if gone:
                client.hdel(KEY, *gone)
    except RedisError:
        return _fresh(_newest.values(), now), False
    return fresh, True


def _fresh(rows: Iterable[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    fresh = [row for row in list(rows) if now - row["at"] <= FRESH_SECONDS]
    return sorted(fresh, key=lambda row: str(row["id"]))


def _followed(of: Hub) -> dict[str, set[Connection]]:
    """Return the connections that follow each channel that can be subscribed to."""
    found: dict[str, set[Connection]] = {}
    for topic, members in of.topics.items():
        channel = topics.channel_in(topic)
        if channel != topics.SESSIONS:
            own = {one for one in members if isinstance(one, Connection)}
            if own:
                found.setdefault(channel, set()).update(own)
    return found


def current() -> Reporter:
    """Return a reporter of the running loop's process."""
    return Reporter(hub.current())
