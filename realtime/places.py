"""Who has how many sockets over all processes: counted in Redis, where there is more than one.

1. A count belongs to a process; those of a process that is gone or silent count no more.
2. While Redis is away each process counts for itself, and that is logged; when it is back, what
   each process holds is told anew.
3. Many who come at once are counted in one call.

Knows Redis and keys. Knows nothing of users, addresses or sockets.
"""

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from realtime import tasks

log = logging.getLogger(__name__)

PREFIX = "dualis:places:"
PROCESSES = PREFIX + "processes"
BEAT_SECONDS = 2.0
SILENT_SECONDS = 15.0  # after that a process counts as gone
KEEP_SECONDS = 86_400  # of a count that nobody renews
RENEW_BEATS = 1_800  # an hour
CALL_SECONDS = 1.0
MOST = 500  # keys in one call

# In: the time and this process; per key how many places it wants (negative: gives) and the limit.
# Out per key: how many this process has then and how many all have; -1 for what was refused.
_COUNT = """
local alive = {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')) do
  alive[name] = true
end
alive[ARGV[2]] = true
local out = {}
for i = 2, #KEYS do
  local wanted, limit = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local own, total = 0, 0
  local fields = redis.call('HGETALL', KEYS[i])
  for j = 1, #fields, 2 do
    if fields[j] == ARGV[2] then own = tonumber(fields[j + 1]) end
    if alive[fields[j]] then total = total + tonumber(fields[j + 1])
    else redis.call('HDEL', KEYS[i], fields[j]) end
  end
  if wanted > 0 and total + wanted > limit then
    own = -1
  elseif wanted ~= 0 then
    own, total = own + wanted, total + wanted
    if own > 0 then
      redis.call('HSET', KEYS[i], ARGV[2], own)
      redis.call('EXPIRE', KEYS[i], ARGV[3 + 2 * (#KEYS - 1)])
    else
      redis.call('HDEL', KEYS[i], ARGV[2])
    end
  end
  out[2 * i - 3], out[2 * i - 2] = own, total
end
return out
"""


class Places:
    """The places of one process."""

    def __init__(self, on_share: Callable[[str, float], None]) -> None:
        """`on_share(key, part)` is told which part of all places of a key is here."""
        self._on_share = on_share
        self._name = secrets.token_hex(8)
        self._held: Counter[str] = Counter()
        self._wanted: list[tuple[str, int, asyncio.Future[bool]]] = []
        self._given: Counter[str] = Counter()
        self._redis: Redis | None = None
        self._count: Any = None
        self._is_up = False
        self._turn = asyncio.Event()
        self._calls = asyncio.Lock()  # one at a time, with what follows from it
        self._tasks: list[asyncio.Task[None]] = []

    async def take(self, key: str, limit: int) -> bool:
        """Take a place; False if all processes together have `limit`."""
        if not settings.REDIS_URL:
            return True
        if not self._tasks:
            self._begin()
        if not self._is_up:
            self._held[key] += 1
            return True
        answer = asyncio.get_running_loop().create_future()
        self._wanted.append((key, limit, answer))
        self._turn.set()
        return bool(await asyncio.shield(answer))

    def give(self, key: str) -> None:
        """Give a place back."""
        if not settings.REDIS_URL:
            return
        self._held[key] -= 1
        if self._held[key] <= 0:
            del self._held[key]
        self._given[key] += 1
        self._turn.set()

    async def stop(self) -> None:
        """Give everything back: this process ends."""
        await tasks.end(self._tasks)
        self._tasks = []
        for _, _, answer in self._wanted:
            answer.set_result(True)
        self._wanted = []
        if self._redis is not None:
            try:
                async with asyncio.timeout(CALL_SECONDS):
                    await self._redis.zrem(PROCESSES, self._name)
                    await self._redis.aclose()
            except (RedisError, OSError, TimeoutError):
                log.warning("Redis is away; the places of this process end by themselves")
            self._redis = None
        self._is_up = False

    # --- inside ------------------------------------------------------------------------------
    def _begin(self) -> None:
        # What bounds its calls stands around them; its own would lose cancellations (`tasks.end`).
        self._redis = Redis.from_url(settings.REDIS_URL, socket_timeout=None)
        self._count = self._redis.register_script(_COUNT)
        self._is_up = True
        self._tasks = [asyncio.create_task(self._work()), asyncio.create_task(self._beat())]

    async def _work(self) -> None:
        """Count those who wait, and those who left, a call for many."""
        while True:
            await self._turn.wait()
            self._turn.clear()
            async with self._calls:
                await self._settle_all()

    async def _settle_all(self) -> None:
        wanted, self._wanted = self._wanted, []
        given, self._given = self._given, Counter()
        try:
            await self._settle([(key, -count, 0) for key, count in given.items()])
            given.clear()
            for begin in range(0, len(wanted), MOST):
                await self._admit(wanted[begin : begin + MOST])
        except (RedisError, OSError, TimeoutError):
            self._is_up = False
            log.warning("Redis is away; each process counts its own sockets")
        finally:
            self._given.update(given)
            for key, _, answer in wanted:
                if not answer.done():
                    self._held[key] += 1
                    answer.set_result(True)

    async def _admit(self, wanted: Sequence[tuple[str, int, "asyncio.Future[bool]"]]) -> None:
        found = await self._settle([(key, 1, limit) for key, limit, _ in wanted])
        for (key, _, answer), own in zip(wanted, found, strict=True):
            if own >= 0:
                self._held[key] += 1
            answer.set_result(own >= 0)

    async def _settle(self, changes: Sequence[tuple[str, int, int]]) -> list[int]:
        """Change counts; return how many of each this process has, -1 for a refusal."""
        found: list[int] = []
        for begin in range(0, len(changes), MOST):
            some = changes[begin : begin + MOST]
            numbers = [n for _, wanted, limit in some for n in (wanted, limit)]
            keys = [PROCESSES, *(PREFIX + key for key, _, _ in some)]
            async with asyncio.timeout(CALL_SECONDS):
                told = await self._count(
                    keys=keys, args=[time.time(), self._name, *numbers, KEEP_SECONDS]
                )
            for (key, _, _), own, total in zip(some, told[::2], told[1::2], strict=True):
                found.append(own)
                if own > 0:
                    self._on_share(key, own / total)
        return found

    async def _beat(self) -> None:
        """Say that this process lives; tell anew what Redis may have lost; learn the shares."""
        beats = 0
        while True:
            try:
                await self._say_alive(is_told_anew=not self._is_up or beats % RENEW_BEATS == 0)
                self._is_up = True
                beats += 1
            except (RedisError, OSError, TimeoutError):
                if self._is_up:
                    log.warning("Redis is away; each process counts its own sockets")
                self._is_up = False
            await asyncio.sleep(BEAT_SECONDS)

    async def _say_alive(self, *, is_told_anew: bool) -> None:
        assert self._redis is not None, "it has begun"
        async with asyncio.timeout(CALL_SECONDS):
            is_new = await self._redis.zadd(PROCESSES, {self._name: time.time() + SILENT_SECONDS})
            await self._redis.zremrangebyscore(PROCESSES, "-inf", time.time() - SILENT_SECONDS)
        if is_new or is_told_anew:
            async with self._calls:
                await self._tell_all()
        await self._settle([(key, 0, 0) for key in list(self._held)])

    async def _tell_all(self) -> None:
        """Write what this process holds, whatever Redis has of it."""
        assert self._redis is not None, "it has begun"
        given, self._given = self._given, Counter()
        keys = list({**self._held, **given})
        for begin in range(0, len(keys), MOST):
            async with self._redis.pipeline(transaction=False) as pipe:
                for key in keys[begin : begin + MOST]:
                    if key in self._held:
                        pipe.hset(PREFIX + key, self._name, str(self._held[key]))
                        pipe.expire(PREFIX + key, KEEP_SECONDS)
                    else:
                        pipe.hdel(PREFIX + key, self._name)
                async with asyncio.timeout(CALL_SECONDS):
                    await pipe.execute()
