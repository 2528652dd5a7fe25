"""What a serving process measures of itself, and how the reports of all come together."""

import asyncio
import json
import time

import pytest
from django.utils import timezone

from realtime import hub, workers
from realtime.frames import Frame
from realtime.mailbox import Letter
from realtime.messages import CloseCode
from realtime.shell import presence
from tests.people import make_user, sign_in
from tests.servers import valkey
from tests.talk import run, talk

pytestmark = pytest.mark.django_db(transaction=True)


def token():
    return sign_in(make_user(), now=timezone.now())


def test_a_report_counts_sockets_users_and_channels():
    access = token().access_token

    async def scenario():
        async with talk() as ada, talk("/ws") as program:
            await ada.auth(access)
            await ada.subscribe("prices")
            await ada.subscribe("notifications")
            await program.send(method="subscribe", subscription={"type": "newBlocks"})
            await program.next()
            row = workers.Reporter(hub.current()).measure(time.time())
            assert row["sockets"] == 2 and row["users"] == 1
            assert row["channels"] == {"newBlocks": 1, "notifications": 1, "prices": 1}
            assert row["slow"] == {"readers": 0, "slowest": []}
        row = workers.Reporter(hub.current()).measure(time.time())
        assert (row["sockets"], row["users"], row["channels"]) == (0, 0, {})

    run(scenario)


def test_a_reader_that_lags_is_told_of_with_what_waits_for_it():
    async def scenario():
        async with talk("/ws") as program:
            await program.send(method="subscribe", subscription={"type": "newBlocks"})
            await program.next()
            at = hub.current()
            (connection,) = next(iter(at.topics.values()))
            connection.mailbox.put(Letter(Frame(b"x" * 100), "newBlocks", "1", 1))
            row = workers.Reporter(at).measure(time.time())
            length = connection.mailbox.bytes
            assert row["slow"] == {"readers": 1, "slowest": [{"frames": 1, "bytes": length}]}
            assert row["queues"]["bytes"] == length > 99

    run(scenario)


def test_closes_are_counted_by_their_code():
    access = token().access_token

    async def scenario():
        before = presence.closes[CloseCode.UNKNOWN_CHANNEL]
        async with talk() as ada:
            await ada.auth(access)
            await ada.send(type="subscribe", channel="nothing")
            await ada.closed(4003)
        assert presence.closes[CloseCode.UNKNOWN_CHANNEL] == before + 1

    run(scenario)


def test_the_rate_is_that_of_the_last_seconds():
    async def scenario():
        at = hub.current()
        reporter = workers.Reporter(at)
        at.cursor = 100
        assert reporter.measure(0.0)["eventsPerSecond"] == 0
        at.cursor = 150
        assert reporter.measure(5.0)["eventsPerSecond"] == 10
        at.cursor = 250
        assert reporter.measure(14.0)["eventsPerSecond"] == pytest.approx(100 / 9, abs=0.1)

    run(scenario)


def test_without_redis_a_process_tells_of_itself_until_it_ends():
    async def scenario():
        reporter = workers.current()
        reporter.start()
        await _until(lambda: workers.told(time.time())[0])
        rows, is_whole = workers.told(time.time())
        assert [row["id"] for row in rows] == [reporter.id] and is_whole
        assert workers.told(time.time() + workers.FRESH_SECONDS + 1) == ([], True)
        await reporter.stop()
        assert workers.told(time.time()) == ([], True)

    run(scenario)


def test_with_redis_every_process_is_told_of_and_one_that_died_is_forgotten(settings):
    with valkey() as server:
        settings.REDIS_URL = server.url

        async def scenario():
            first, second = workers.current(), workers.current()
            second.id = "elsewhere:2"
            first.start()
            second.start()
            await _until(lambda: len(workers.told(time.time())[0]) == 2)
            await first.stop()
            rows, _ = workers.told(time.time())
            assert [row["id"] for row in rows] == ["elsewhere:2"]
            # killed: nobody takes its report back
            later = time.time() + workers.FRESH_SECONDS + 1
            assert workers.told(later) == ([], True)
            await second.stop()

        run_without_layer(scenario)
        server.stop()
        workers._newest["own"] = {"id": "own", "at": time.time()}
        rows, is_whole = workers.told(time.time())
        assert [row["id"] for row in rows] == ["own"] and not is_whole
        workers._newest.clear()


def run_without_layer(scenario):
    """The reports need a loop and no hub that listens."""
    asyncio.run(asyncio.wait_for(scenario(), 30))


async def _until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_report_is_json():
    async def scenario():
        json.dumps(workers.Reporter(hub.current()).measure(time.time()))

    run(scenario)
