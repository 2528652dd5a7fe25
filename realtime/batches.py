"""Looks into the database that many ask for at once: one look for all who wait, in one thread hop.

1. A look begins after everybody who shares it has asked: nobody is told anything older.
2. What fails for many is tried again for each alone: nobody fails by another's fault.

Knows event loop and reader threads. Knows nothing of what is looked for.
"""

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError

from realtime import readers

A = TypeVar("A")
B = TypeVar("B")
MOST = 256  # asked for in one look
AT_ONCE = 2  # looks of a kind: a long one holds up half of those who come
CROWD = 4  # who share a look; then the next one waits for more of them
GATHER_SECONDS = 0.02


class _Round:
    """Those who share one look."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.task: asyncio.Task[list[Any]] | None = None


class _Batch:
    def __init__(self, look: Callable[[list[Any]], list[Any]]) -> None:
        self._look = look
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._open = _Round()
        self._wait = 0.0

    async def ask(self, item: Any) -> Any:
        shared = self._open
        if shared.task is None:
            shared.task = asyncio.create_task(self._run(shared))
        place = len(shared.items)
        shared.items.append(item)
        if place + 1 == MOST:
            self._open = _Round()
        try:
            return (await asyncio.shield(shared.task))[place]
        except (DatabaseError, InterfaceError):
            raise
        except Exception:
            if len(shared.items) == 1:
                raise
            return (await readers.run(self._look, [item]))[0]

    async def _run(self, shared: _Round) -> list[Any]:
        """Look, soon: in a crowd a little later, so that more of it share the look."""
        async with self._turn:
            if self._wait:
                await asyncio.sleep(self._wait)
            self._wait = GATHER_SECONDS if len(shared.items) >= CROWD else 0.0
            if self._open is shared:
                self._open = _Round()
            return await readers.run(self._look, shared.items)


_batches: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Callable[..., Any], _Batch]] = (
    weakref.WeakKeyDictionary()
)


async def ask(look: Callable[[list[A]], list[B]], item: A) -> B:
    """Return what `look` finds for an item; it is given all that are asked for meanwhile."""
    batches = _batches.setdefault(asyncio.get_running_loop(), {})
    batch = batches.get(look)
    if batch is None:
        batch = batches[look] = _Batch(look)
    found: B = await batch.ask(item)
    return found
