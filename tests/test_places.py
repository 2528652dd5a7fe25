"""Places over all processes, on a real Redis: limits, shares, processes and a Redis that go."""

import asyncio

import pytest

from realtime import places, tasks
from realtime.places import PROCESSES, Places
from tests.servers import valkey


@pytest.fixture(scope="module")
def server():
    with valkey() as running:
        yield running


@pytest.fixture
def redis(server, settings, monkeypatch):
    server.stop()
    server.start()
    settings.REDIS_URL = server.url
    monkeypatch.setattr(places, "BEAT_SECONDS", 0.05)
    return server


def run(scenario, count=2):
    async def whole():
        shares = [{} for _ in range(count)]
        made = [Places(share.__setitem__) for share in shares]
        try:
            async with asyncio.timeout(30):
                await scenario(*made, shares)
        finally:
            for one in made:
                await one.stop()

    asyncio.run(whole())


async def until(condition):
    while not await condition():
        await asyncio.sleep(0.02)


def test_a_limit_holds_over_all_processes_and_places_come_back(redis):
    async def scenario(one, other, shares):
        assert [await p.take("user:a", 3) for p in (one, other, one, other)] == 3 * [True] + [False]
        assert await other.take("user:b", 3)
        one.give("user:a")
        await until(lambda: other.take("user:a", 3))
        assert not await one.take("user:a", 3)

    run(scenario)


def test_many_at_once_get_exactly_the_limit(redis):
    async def scenario(one, other, shares):
        asked = (p.take("address:x", 50) for p in (one, other) for _ in range(600))
        assert sum(await asyncio.gather(*asked)) == 50

    run(scenario)


def test_what_a_process_held_counts_no_more_when_it_ends_or_falls_silent(redis, monkeypatch):
    async def scenario(one, other, third, shares):
        for held in (one, other):
            assert await held.take("user:a", 2)
        assert not await third.take("user:a", 2)
        await one.stop()
        assert await third.take("user:a", 2)
        await tasks.end(other._tasks)  # killed
        await until(lambda: third.take("user:a", 2))

    monkeypatch.setattr(places, "SILENT_SECONDS", 0.5)
    run(scenario, 3)


def test_each_process_learns_its_part_of_a_users_places(redis):
    async def scenario(one, other, shares):
        for held in (one, one, one, other):
            await held.take("user:a", 9)
        assert shares[1]["user:a"] == 0.25

        async def is_told():
            return shares[0]["user:a"] == 0.75

        await until(is_told)

    run(scenario)


def test_while_redis_is_away_all_pass_and_then_everything_is_told_anew(redis, caplog):
    async def scenario(one, other, shares):
        assert await one.take("user:a", 2) and await one.take("user:gone", 2)
        redis.stop()
        assert await one.take("user:a", 2), "nobody waits longer than a second"
        one.give("user:gone")
        assert await one.take("user:a", 2), "above the limit: who knows"
        redis.start()

        async def is_full():
            if await other.take("user:a", 3):
                other.give("user:a")
                return False
            return True

        await until(is_full)
        assert await other.take("user:gone", 1)

    run(scenario)
    assert "Redis is away" in caplog.text


def test_a_link_that_was_cut_leaves_no_place_behind(redis):
    """Redis kept its counts; what was given back meanwhile is taken off them."""

    async def scenario(one, other, shares):
        assert await one.take("user:a", 1)
        count, (work, beat) = one._count, one._tasks

        async def cut(**_):
            raise OSError("cut")

        async def is_known():
            return await one._redis.zscore(PROCESSES, one._name) is not None

        await until(is_known)
        await tasks.end([beat])  # or it might find Redis again before anybody looks
        one._count = cut
        one.give("user:a")

        async def is_down():
            return not one._is_up

        await until(is_down)
        assert not await other.take("user:a", 1)
        one._count = count
        one._tasks = [work, asyncio.create_task(one._beat())]
        await until(lambda: other.take("user:a", 1))

    run(scenario)


def test_without_redis_nothing_is_counted_here(settings):
    settings.REDIS_URL = ""

    async def scenario(one, other, shares):
        assert await one.take("user:a", 0)
        one.give("user:a")
        assert not one._held and not one._tasks

    run(scenario)
