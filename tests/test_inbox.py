"""The small queue and the small flag: order, waking, and waiting that is given up."""

import asyncio

import pytest

from realtime.inbox import Flag, Inbox


def test_items_come_in_order_to_whoever_waits():
    async def scenario():
        inbox = Inbox()
        reader = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        for item in (1, 2, 3):
            inbox.put_nowait(item)
        assert await reader == 1
        assert [await inbox.get(), await inbox.get()] == [2, 3] and inbox.empty()

    asyncio.run(scenario())


def test_a_reader_that_gave_up_takes_nothing():
    async def scenario():
        inbox = Inbox()
        reader = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        reader.cancel()
        inbox.put_nowait("kept")
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert await inbox.get() == "kept"

    asyncio.run(scenario())


def test_a_flag_wakes_all_and_one_that_gave_up_harms_nobody():
    async def scenario():
        flag = Flag()
        assert flag.is_set()
        await flag.wait()
        flag.clear()
        flag.clear()
        waiters = [asyncio.create_task(flag.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        waiters[0].cancel()
        await asyncio.sleep(0)
        assert not flag.is_set() and not waiters[1].done()
        flag.set()
        flag.set()
        await asyncio.wait_for(asyncio.gather(*waiters[1:]), 5)
        assert flag.is_set()

    asyncio.run(scenario())
