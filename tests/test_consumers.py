"""The shell: what the page says, through Channels' own test client and a real database."""

import pytest
from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator

from dualis.asgi import application
from dualis.notifications import notices
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


def test_connect_auth_subscribe_and_see_a_price_move(alice, token, market):
    async def scenario():
        async with talk() as client:
            assert (await client.auth(token))["userId"] == alice.id
            ack, rows = await client.subscribe("prices", assets=["ETH", "BTC"])
            assert ack["params"] == {"assets": ["ETH", "BTC"]}
            assert [row["asset"] for row in rows] == ["BTC", "ETH"]
            assert all(row["snapshot"] is True for row in rows)
            await quote("USDC", "0.99")
            await quote("ETH", "3250")
            frame = await client.expect("data", channel="prices")
            assert set(frame) == {"type", "channel", "timestamp", "data"}
            assert frame["data"]["asset"] == "ETH" and frame["data"]["price"] == "3250.00"
            assert frame["data"]["source"] == "oracle_aggregated"
            assert "snapshot" not in frame["data"]

    run(scenario)


def test_auth_and_subscribe_may_be_sent_without_waiting(token, market):
    async def scenario():
        async with talk() as client:
            await client.send(type="auth", token=token)
            await client.send(type="subscribe", channel="prices", params={"assets": ["ETH"]})
            await client.send(type="ping")
            kinds = [(await client.next())["type"] for _ in range(4)]
            assert kinds == ["auth", "subscribed", "data", "pong"]

    run(scenario)


def test_nothing_is_delivered_after_unsubscribe_is_acknowledged(token, market):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            await client.subscribe("prices")
            await client.send(type="unsubscribe", channel="prices")
            await client.expect("unsubscribed", channel="prices", params={})
            await quote("ETH", "3250")
            await client.silence()

    run(scenario)


def test_subscribing_again_replaces_the_filter(token, market):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            await client.subscribe("prices", assets=["ETH"])
            _, rows = await client.subscribe("prices", assets=["BTC"])
            assert [row["asset"] for row in rows] == ["BTC"]
            await quote("ETH", "3250")
            await quote("BTC", "67711")
            assert (await client.expect("data"))["data"]["asset"] == "BTC"

    run(scenario)


def test_an_unknown_asset_is_named_and_the_old_subscription_stays(token, market):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            await client.subscribe("prices", assets=["ETH"])
            await client.send(
                type="subscribe", channel="prices", params={"assets": ["ETH", "DOGE"]}
            )
            await client.expect("error", code="INVALID_PARAMS", unknown=["DOGE"])
            await quote("ETH", "3250")
            assert (await client.expect("data"))["data"]["price"] == "3250.00"

    run(scenario)


def test_notifications_reach_their_owner_alone(alice, token):
    bob = world.user("bob")
    bobs = world.token(bob)

    async def scenario():
        async with talk() as mine, talk() as theirs:
            await mine.auth(token)
            await theirs.auth(bobs)
            _, rows = await mine.subscribe("notifications")
            assert rows == [{"event": "unread_count", "count": 0, "snapshot": True}]
            await theirs.subscribe("notifications")
            await database_sync_to_async(notices.notify)(
                alice.id, "PASSWORD_CHANGED", title="t", message="m", now=world.now()
            )
            first = await mine.expect("data", channel="notifications")
            second = await mine.expect("data", channel="notifications")
            assert first["data"]["type"] == "PASSWORD_CHANGED"
            assert second["data"] == {"event": "unread_count", "count": 1}
            await theirs.silence()

    run(scenario)


def test_an_event_channel_resumes_after_a_seq(alice, token):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            ack, _ = await client.subscribe("notifications", seq=True)
        notify = database_sync_to_async(notices.notify)
        await notify(alice.id, "PASSWORD_CHANGED", title="t", message="m", now=world.now())
        async with talk() as client:
            await client.auth(token)
            await client.send(
                type="subscribe",
                channel="notifications",
                params={"seq": True, "after": ack["seq"], "epoch": ack["epoch"]},
            )
            again = await client.expect("subscribed", resumed=True)
            assert "snapshot" not in again
            missed = [await client.expect("data") for _ in range(2)]
            assert [m["data"].get("type") for m in missed] == ["PASSWORD_CHANGED", None]
            assert ack["seq"] < missed[0]["seq"] < missed[1]["seq"] <= again["seq"]
            await client.silence()

    run(scenario)


def test_a_resume_that_would_not_fit_the_queue_gets_a_fresh_snapshot(alice, token, settings):
    settings.WS_QUEUE_BYTES = 1_000

    async def scenario():
        async with talk() as client:
            await client.auth(token)
            ack, _ = await client.subscribe("notifications", seq=True)
        notify = database_sync_to_async(notices.notify)
        for _ in range(2):
            await notify(
                alice.id, "PASSWORD_CHANGED", title="t" * 150, message="m", now=world.now()
            )
        async with talk() as client:
            await client.auth(token)
            params = {"after": ack["seq"], "epoch": ack["epoch"]}
            await client.send(type="subscribe", channel="notifications", params=params)
            await client.expect("subscribed", resumed=False)

    run(scenario)


def test_sockets_with_and_without_seq_share_a_tick_and_not_its_frames(token, market):
    async def scenario():
        async with talk() as plain, talk() as counted:
            for client, with_seq in ((plain, False), (counted, True)):
                await client.auth(token)
                await client.subscribe("prices", seq=with_seq)
            await quote("ETH", "3250")
            assert "seq" not in await plain.expect("data")
            assert "seq" in await counted.expect("data")
            await counted.subscribe("prices", seq=False)
            await plain.subscribe("prices", seq=True)
            await quote("ETH", "3251")
            assert "seq" in await plain.expect("data")
            assert "seq" not in await counted.expect("data")

    run(scenario)


@pytest.mark.parametrize("params", [{"after": 0, "epoch": "another"}, {"after": 10**9}])
def test_what_cannot_be_resumed_gets_a_fresh_snapshot(token, params):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            await client.send(type="subscribe", channel="notifications", params=params)
            ack = await client.expect("subscribed", resumed=False)
            assert ack["snapshot"] == 1

    run(scenario)


def test_an_event_between_joining_and_the_snapshot_comes_exactly_once(token, market, monkeypatch):
    """The price moves after the hub took the subscriber, before and after the snapshot."""
    join_many = snapshots.join_many

    def slow(asked):
        world.quote("ETH", "1")
        made = join_many(asked)
        world.quote("ETH", "2")
        return made

    monkeypatch.setattr(snapshots, "join_many", slow)

    async def scenario():
        async with talk() as client:
            await client.auth(token)
            ack, rows = await client.subscribe("prices", assets=["ETH"], seq=True)
            assert [row["price"] for row in rows] == ["1.00"]
            frame = await client.expect("data")
            assert frame["data"]["price"] == "2.00" and frame["seq"] == ack["seq"] + 1
            await client.silence()

    run(scenario)


def test_the_21st_socket_of_a_user_is_closed_with_4004(settings, alice):
    settings.WS_MAX_PER_USER = 2
    tokens = [world.token(alice) for _ in range(3)]

    async def scenario():
        async with talk() as first, talk() as second, talk() as third:
            await first.auth(tokens[0])
            await second.auth(tokens[1])
            await third.send(type="auth", token=tokens[2])
            await third.closed(4004)
        async with talk() as again:
            await again.auth(tokens[2])

    run(scenario)
    assert consumers.presence.sockets == 0
    assert all(user.sockets == 0 for user in consumers.presence.users.values())


def test_a_foreign_origin_is_refused_and_none_passes(settings, token):
    settings.ALLOWED_ORIGINS = ["https://dualis.finance"]

    async def refused(origin):
        headers = [(b"origin", origin)]
        communicator = WebsocketCommunicator(application, "/v1/ws", headers=headers)
        connected, _ = await communicator.connect()
        return not connected

    async def scenario():
        for origin in (
            b"https://dualis.finance.evil.example",
            b"http://dualis.finance",
            b"https://DUALIS.finance",
            b"null",
            b"",
        ):
            assert await refused(origin), origin
        async with talk(headers=[(b"origin", b"https://dualis.finance")]) as client:
            await client.auth(token)
        async with talk() as client:
            await client.auth(token)

    run(scenario)


def test_leaving_gives_everything_back(token, market):
    async def scenario():
        async with talk() as client:
            await client.auth(token)
            await client.subscribe("prices")
            await client.subscribe("notifications")
            assert hub.current().topics
        assert not [t for t in hub.current().topics if "usr_" in t]

    run(scenario)
    assert consumers.presence.sockets == 0
