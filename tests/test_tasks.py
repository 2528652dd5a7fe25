"""Tasks end, also those in which a cancellation was lost."""

import asyncio
import contextlib

from realtime import tasks


def test_a_task_in_which_a_cancellation_is_lost_ends_all_the_same(monkeypatch):
    monkeypatch.setattr(tasks, "AGAIN_SECONDS", 0.01)

    async def forgetful(begun):
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async def failing(begun):
        begun.set()
        raise ValueError("nobody asks")

    async def scenario():
        begun = [asyncio.Event(), asyncio.Event()]
        both = [asyncio.create_task(forgetful(begun[0])), asyncio.create_task(failing(begun[1]))]
        for event in begun:
            await event.wait()
        async with asyncio.timeout(10):
            await tasks.end(both)
        assert both[0].cancelled() and isinstance(both[1].exception(), ValueError)
        await tasks.end([])

    asyncio.run(scenario())
