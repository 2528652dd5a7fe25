"""Looks shared by many: one for all who wait, none older than the question, faults apart."""

import asyncio
import threading

import pytest
from django.db import DatabaseError

from realtime import batches


def test_those_who_ask_while_a_look_runs_share_the_next():
    sizes, gate = [], threading.Event()

    def look(items):
        sizes.append(len(items))
        if len(sizes) <= batches.AT_ONCE:
            assert gate.wait(10)
        return [2 * item for item in items]

    async def scenario():
        first = []
        for n in range(batches.AT_ONCE):  # all looks that may run at once
            first.append(asyncio.create_task(batches.ask(look, n)))
            while len(sizes) <= n:
                await asyncio.sleep(0)
        rest = [asyncio.create_task(batches.ask(look, n)) for n in range(10, 40)]
        await asyncio.sleep(0)
        gate.set()
        assert await asyncio.gather(*first, *rest) == [0, 2, *(2 * n for n in range(10, 40))]
        assert sizes == [1] * batches.AT_ONCE + [30]

    asyncio.run(scenario())


def test_no_look_is_given_more_than_it_may_have():
    sizes = []

    def look(items):
        sizes.append(len(items))
        return items

    async def scenario():
        many = range(2 * batches.MOST + 5)
        assert await asyncio.gather(*(batches.ask(look, n) for n in many)) == list(many)

    asyncio.run(scenario())
    assert sorted(sizes) == [5, batches.MOST, batches.MOST]


def test_what_fails_for_one_fails_for_nobody_else():
    def look(items):
        return [6 // item for item in items]

    async def scenario():
        asked = (batches.ask(look, n) for n in (1, 0, 3))
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert (found[0], found[2]) == (6, 2) and isinstance(found[1], ZeroDivisionError)

    asyncio.run(scenario())


def test_a_database_that_is_away_is_asked_once():
    calls = []

    def look(items):
        calls.append(items)
        raise DatabaseError("away")

    async def scenario():
        found = await asyncio.gather(
            *(batches.ask(look, n) for n in range(5)), return_exceptions=True
        )
        assert all(isinstance(one, DatabaseError) for one in found)

    asyncio.run(scenario())
    assert len(calls) == 1


def test_who_gives_up_takes_nothing_from_the_others():
    async def scenario():
        one, other = (asyncio.create_task(batches.ask(list, n)) for n in (1, 2))
        await asyncio.sleep(0)
        one.cancel()
        with pytest.raises(asyncio.CancelledError):
            await one
        assert await other == 2

    asyncio.run(scenario())
