"""How tasks are ended. Knows asyncio alone."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN_SECONDS = 1.0  # what a task's own cleaning up gets before it is asked again


async def end(tasks: Iterable["asyncio.Future[Any]"]) -> None:
    """Cancel tasks until they have ended, however they end.

    Once is not enough: `asyncio.wait_for` of Python 3.11, in which redis-py sends, loses a
    cancellation that comes in the moment its own wait is over.
    """
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=AGAIN_SECONDS)
