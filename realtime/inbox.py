"""What one connection waits on, small: a queue for one reader, and a flag. One loop, no locks.

asyncio's own hold four kilobytes a connection in empty deques.
"""

import asyncio
from typing import Any


class Inbox:
    """A queue with one reader."""

    __slots__ = ("_items", "_waiter")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def empty(self) -> bool:
        return not self._items

    async def get(self) -> Any:
        """Return the oldest item, as soon as there is one."""
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._items.pop(0)


class Flag:
    """A flag that any number wait for; it is set at first."""

    __slots__ = ("_waiter",)

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None  # while it is not set

    def is_set(self) -> bool:
        return self._waiter is None

    def set(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def clear(self) -> None:
        if self._waiter is None:
            self._waiter = asyncio.get_running_loop().create_future()

    async def wait(self) -> None:
        """Return as soon as it is set."""
        while self._waiter is not None:
            await asyncio.shield(self._waiter)
