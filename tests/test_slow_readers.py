"""Readers that stop, vanish or come and go: bounded, told, given back, nobody else's trouble."""

import asyncio
import gc
import json
import time
import weakref

import psutil
import pytest
from channels.db import database_sync_to_async
from django.db import transaction

from realtime import hub, shell, transport
from realtime.connection import Connection
from realtime.mailbox import LIMIT_BYTES
from realtime.messages import Event
from realtime.server import WebSocketProtocol
from tests import world
from tests.serving import DEFLATE, Peer, run, serving, until

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = 4_096  # what the kernel takes for a reader that stops
LARGE = 1 << 20
KEYS = ["BTC", "ETH", "SOL"]


@pytest.fixture
def alice():
    return world.user("alice")


@pytest.fixture
def token(alice):
    return world.token(alice)


@pytest.fixture(autouse=True)
def roomy(settings):
    settings.WS_MAX_PER_USER = settings.WS_MAX_PER_ADDRESS = 1_000
    settings.WS_RATE = settings.WS_BURST = 100_000


async def enter(port, token, *channels, buffer=0, deflate=None, **params):
    """Return an authenticated peer that has subscribed."""
    peer = await Peer.open(port, buffer=buffer, deflate=deflate)
    await peer.send(type="auth", token=token)
    await peer.expect("auth")
    for channel in channels:
        await peer.send(type="subscribe", channel=channel, params={"seq": True, **params})
        peer.acknowledged = await peer.expect("subscribed")
    return peer


def connections():
    members = hub.current().topics.values()
    return {one for those in members for one in those if isinstance(one, Connection)}


@database_sync_to_async
def tell(owner, count, size=8_000):
    with transaction.atomic():
        for _ in range(count):
            world.notification(owner, message="x" * size)


def tick(number, size=1_000):
    """Move every price at once; the row says which tick it was."""
    text = f'{{"tick":{number},"pad":"{"x" * size}"}}'
    hub.current().emit(
        [Event(10**6 + number, "e", "prices", k, "", (k,), False, "", text) for k in KEYS]
    )


def seqs(texts):
    return [frame["seq"] for frame in map(json.loads, texts) if frame["type"] == "data"]


def test_a_reader_that_stops_is_told_4008_and_a_resume_loses_nothing(alice, token, monkeypatch):
    monkeypatch.setattr(shell, "GRACE_SECONDS", 15.0)  # this machine may be busy
    monkeypatch.setattr(transport, "CLOSE_SECONDS", 15.0)

    async def scenario():
        async with serving() as port:
            well = await enter(port, token, "notifications")
            stopped = await enter(port, token, "notifications", buffer=SMALL)
            told, most = 0, 0
            while not any(one.is_closed for one in connections()):
                await tell(alice, 25)
                told += 25
                await well.texts(25)  # nobody else waits
                most = max(most, *(one.mailbox.bytes for one in connections()))
            assert LIMIT_BYTES / 2 < most < LIMIT_BYTES + 25 * 9_000
            await tell(alice, 5)
            stopped.socket.setsockopt(1, 8, LARGE)  # SOL_SOCKET, SO_RCVBUF: read at full speed
            assert await stopped.close_code() == 4008
            got = [bytes(frame.data) for frame in stopped.frames[:-1]]
            assert json.loads(got[-1])["code"] == 4008, "an error says so before the close"
            seen = seqs(got)
            assert seen == sorted(set(seen)) and len(seen) < told + 5
            params = {"after": seen[-1], "epoch": stopped.acknowledged["epoch"]}
            again = await enter(port, token, "notifications", **params)
            assert again.acknowledged["resumed"] is True
            missed = seqs(await again.texts(told + 5 - len(seen)))
            assert missed == list(range(seen[-1] + 1, seen[-1] + 1 + len(missed)))
            for peer in (well, stopped, again):
                peer.close()

    run(scenario)


def test_a_reader_that_stops_gets_the_newest_price_of_each_asset_when_it_goes_on(token):
    count = 2_000

    async def scenario():
        async with serving() as port:
            stopped = await enter(port, token, "prices", buffer=SMALL)
            (connection,) = connections()
            for number in range(count):
                tick(number)
                assert connection.mailbox.bytes < len(KEYS) * 1_500
                await asyncio.sleep(0)
            assert len(connection.mailbox) == len(KEYS)
            stopped.socket.setsockopt(1, 8, LARGE)
            last = dict.fromkeys(KEYS, -1)
            taken = 0
            while min(last.values()) < count - 1:
                message = await stopped.expect_data()
                number = message["data"]["tick"]
                key = KEYS[taken % len(KEYS)]
                assert number > last[key], "the order within an asset"
                last[key], taken = number, taken + 1
            assert taken < count, "what was replaced was not sent"
            await until(lambda: not connection.mailbox and connection._writer is None)
            stopped.close()

    run(scenario)


def test_a_reader_that_vanishes_while_it_is_behind_leaves_nothing(token):
    async def scenario():
        async with serving() as port:
            well = await enter(port, token, "prices")
            tasks = len(asyncio.all_tasks())
            gone = await enter(port, token, "prices", buffer=SMALL)
            for number in range(2_000):
                tick(number)
                await well.texts(len(KEYS))
            assert [bool(one.mailbox) for one in connections()].count(True) == 1
            gone.vanish()
            await until(lambda: len(connections()) == 1 and shell.presence.sockets == 1)
            tick(2_000)
            assert '"tick":2000' in (await well.texts(1))[0]
            await until(lambda: len(asyncio.all_tasks()) == tasks)
            well.close()

    run(scenario)


@pytest.mark.parametrize("is_behind", [False, True])
def test_a_half_open_connection_is_dropped_after_a_ping_without_a_pong(token, is_behind):
    async def scenario():
        async with serving(ws_ping_interval=0.2, ws_ping_timeout=0.5) as port:
            tasks = len(asyncio.all_tasks())
            silent = await enter(port, token, "prices", buffer=SMALL)
            started = time.monotonic()
            while is_behind and not any(one.mailbox for one in connections()):
                tick(0, size=50_000)
                await asyncio.sleep(0)
            await until(lambda: not connections() and not shell.presence.sockets)
            assert time.monotonic() - started < 10
            await until(lambda: len(asyncio.all_tasks()) == tasks)
            silent.close()

    run(scenario)


def test_300_connections_of_churn_leave_descriptors_tasks_and_memory_flat(alice, token):
    process = psutil.Process()

    async def wave(port, count):
        """Connect, subscribe, be sent to, and leave in one of three ways."""
        peers = [
            await enter(port, token, "prices", "pools", deflate=DEFLATE if n % 2 else None)
            for n in range(count)
        ]
        tick(1)
        for number, peer in enumerate(peers):
            assert '"tick":1' in await peer.read()
            match number % 3:
                case 0:
                    peer.vanish()
                case 1:
                    peer.protocol.send_close(1000)
                    await peer.flush()
                    peer.close()
                case 2:
                    peer.close()
        await until(lambda: not connections() and not shell.presence.sockets)

    def alive():
        gc.collect()
        # SQLite's driver forgets its dead references to cursors after each 200 only.
        found = [one for one in gc.get_objects() if type(one) is not weakref.ref]
        kinds = (Connection, shell.Shell, WebSocketProtocol)
        return len(found), sum(issubclass(type(one), kinds) for one in found)

    async def scenario():
        async with serving() as port:
            await wave(port, 30)
            tasks, files = len(asyncio.all_tasks()), process.num_fds()
            objects, sockets = alive()
            assert sockets == 0
            for _ in range(6):
                await wave(port, 50)
            await until(lambda: len(asyncio.all_tasks()) == tasks)
            assert process.num_fds() < files + 20  # a reader thread more opens its database
            more, sockets = alive()
            assert sockets == 0 and more - objects < 300  # less than one object a connection

    run(scenario)
