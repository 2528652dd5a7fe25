"""The shell: who is let in, and how a socket ends, through Channels' own test client."""

import json
import time

import pytest
from channels.db import database_sync_to_async

from dualis.accounts import sessions
from realtime import consumers, hub, snapshots
from tests import world
from tests.talk import run, talk

pytestmark = pytest.mark.django_db(transaction=True)

quote = database_sync_to_async(world.quote)


@pytest.fixture
def alice():
    return world.user("alice")


@pytest.fixture
def token(alice):
    return world.token(alice)


@pytest.fixture
def market():
    for symbol, price in (("BTC", "67710"), ("ETH", "3245.67"), ("USDC", "1")):
        world.quote(symbol, price)


@pytest.mark.parametrize("bad", ["", "nonsense", "a.b.c", "x" * 10_000, "täken"])
def test_an_invalid_token_closes_with_4002(bad):
    async def scenario():
        async with talk() as client:
            await client.send(type="auth", token=bad)
            await client.closed(4002)

    run(scenario)


def test_a_refresh_token_is_no_access_token(alice):
    from dualis.accounts import tokens

    refresh = tokens.mint_refresh(world.session(alice), now=world.now())

    async def scenario():
        async with talk() as client:
            await client.send(type="auth", token=refresh)
            await client.closed(4002)

    run(scenario)


def test_a_client_that_says_nothing_is_closed_with_4001(settings):
    settings.WS_AUTH_SECONDS = 0.05

    async def scenario():
        async with talk() as client:
            await client.closed(4001)

    run(scenario)


def test_an_unknown_channel_closes_with_4003(token):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            await client.send(type="subscribe", channel="prices:ETH")
            await client.closed(4003)

    run(scenario)


def test_too_many_messages_close_with_4004(token):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            for _ in range(19):
                await client.send(type="ping")
                await client.expect("pong")
            await client.send(type="ping")
            await client.closed(4004)

    run(scenario)


def test_our_own_fault_closes_with_1011_and_says_nothing_of_itself(token, monkeypatch, caplog):
    def broken(asked):
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(snapshots, "join_many", broken)

    async def scenario():
        async with talk() as client:
            await client.auth(token)
            await client.send(type="subscribe", channel="prices")
            error = await client.closed(1011)
            assert "secret" not in json.dumps(error)

    run(scenario)
    assert "a secret of ours" in caplog.text


def test_a_token_that_expires_closes_with_4002(alice):
    from datetime import timedelta

    from dualis.accounts import tokens

    session = world.session(alice)
    nearly = tokens.mint_access(
        session, now=world.now() - tokens.ACCESS_LIFETIME + timedelta(seconds=2)
    )

    async def scenario():
        async with talk() as client:
            await client.auth(nearly)
            await client.expect("error", code="TOKEN_EXPIRING")
            await client.closed(4002)

    run(scenario)


def test_a_fresh_token_on_the_live_socket_keeps_it(alice, market):
    from datetime import timedelta

    from dualis.accounts import tokens

    session = world.session(alice)
    nearly = tokens.mint_access(
        session, now=world.now() - tokens.ACCESS_LIFETIME + timedelta(seconds=2)
    )

    async def scenario():
        async with talk() as client:
            await client.auth(nearly)
            await client.expect("error", code="TOKEN_EXPIRING")
            await client.subscribe("prices", assets=["ETH"])
            await client.auth(world_token)
            assert shell_of_the_client().timer_at - time.time() > 60

    def shell_of_the_client():
        (connection,) = {c for members in hub.current().topics.values() for c in members}
        return connection._on_slow.__closure__[0].cell_contents

    world_token = world.token(session)
    run(scenario)


def test_logout_closes_the_sockets_of_that_session_alone(alice):
    one, other = world.session(alice), world.session(alice)

    async def scenario():
        async with talk() as first, talk() as second:
            await first.auth(world.token(one))
            await second.auth(world.token(other))
            await database_sync_to_async(sessions.end_one)(one.id, reason="logout", now=world.now())
            await first.closed(4002)
            await second.silence()

    run(scenario)


def test_logout_between_look_up_and_answer_is_not_missed(alice, monkeypatch):
    """The session ends right after it was found live: the socket must not stay."""
    session = world.session(alice)
    look_up = consumers._identify

    def and_end(claims):
        found = look_up(claims)
        sessions.end_one(session.id, reason="logout", now=world.now())
        return found

    monkeypatch.setattr(consumers, "_identify", and_end)

    async def scenario():
        async with talk() as client:
            await client.send(type="auth", token=world.token(session))
            message = await client.next()
            if message["type"] == "auth":
                await client.closed(4002)
            else:
                assert message["code"] == 4002

    run(scenario)


def test_an_ended_session_cannot_authenticate(alice):
    session = world.session(alice)
    old = world.token(session)
    sessions.end_one(session.id, reason="logout", now=world.now())

    async def scenario():
        async with talk() as client:
            await client.send(type="auth", token=old)
            await client.closed(4002)

    run(scenario)
