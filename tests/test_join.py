"""Snapshot, action, its events on the old snapshot: must equal a fresh one, and have changed."""

import asyncio
import json

import pytest
from channels.db import database_sync_to_async
from django.db import transaction

from dualis.bulk import save_all
from dualis.notifications import notices
from dualis.oracle.market import Oracle
from realtime import journal, snapshots, topics
from tests import world
from tests.oracle_world import T0, Scripted, at
from tests.talk import run, talk

pytestmark = pytest.mark.django_db(transaction=True)


def snapshot(channel, owner=""):
    read = snapshots.read(topics.select(channel, {}), owner)
    return read.seq, {row.key: row.data for row in read.rows}


def is_ended(row):
    """Tell, from a row alone, that it no longer belongs into a snapshot."""
    return bool(row.get("deleted") or row.get("readAt") or row.get("status") == "closed")


def applied(rows, events):
    rows = dict(rows)
    for event in events:
        row = json.loads(event.text)
        if is_ended(row):
            rows.pop(event.key, None)
        else:
            rows[event.key] = row
    return rows


def verify_join(channel, action, owner=""):
    """Run the action and hold its events against a fresh snapshot."""
    seq, before = snapshot(channel, owner)
    action()
    events = journal.since(seq, channels=[channel], owner=owner)
    _, fresh = snapshot(channel, owner)
    once = applied(before, events)
    assert once == fresh
    assert applied(once, events) == fresh, "applying events twice is harmless"
    assert fresh != before, "nothing changed: the test shows nothing"


@pytest.fixture
def alice():
    return world.user("alice")


def test_prices_after_a_quote_changed():
    world.quote("ETH", "2041")
    world.quote("BTC", "67710")
    verify_join("prices", lambda: world.quote("ETH", "2042"))


def test_prices_after_a_new_asset():
    verify_join("prices", lambda: world.quote("ETH", "2041"))


def test_prices_after_bulk_with_silent_rows():
    eth, btc = world.quote("ETH", "2041"), world.quote("BTC", "67710")
    eth.price = 2042
    verify_join("prices", lambda: save_all([eth], silent=[btc]))


def test_prices_after_a_quote_was_deleted():
    world.quote("ETH", "2041")
    verify_join("prices", lambda: world.quote("ETH", "2041").delete())


@pytest.mark.parametrize(
    "step",
    [{"ETH": "2050"}, {"ETH": "9999"}, {"ETH": None}],
    ids=["a fresh price", "a tripped breaker", "no source"],
)
def test_prices_after_a_tick_of_the_oracle(step):
    from dualis.oracle.assets import seed_assets

    seed_assets()
    source = Scripted({"ETH": "2041", "BTC": "67710", "CC": "0.17"})
    oracle = Oracle([source])
    oracle.tick(T0)
    source.says.update(step)
    late = 400 if step["ETH"] is None else 1
    verify_join("prices", lambda: oracle.tick(at(late)))


def notify(user, type="PASSWORD_CHANGED"):
    return notices.notify(user.id, type, title="t", message="m", now=world.now())


def test_notifications_after_each_thing_a_user_does(alice):
    verify_join("notifications", lambda: notify(alice), alice.id)
    first, second, third = notify(alice), notify(alice), notify(alice)
    verify_join(
        "notifications", lambda: notices.mark_read(alice.id, first.id, now=world.now()), alice.id
    )
    verify_join("notifications", lambda: notices.delete(alice.id, second.id), alice.id)
    verify_join("notifications", lambda: notices.mark_all_read(alice.id, now=world.now()), alice.id)
    assert third.id not in snapshot("notifications", alice.id)[1]


def test_notifications_of_a_broadcast_reach_each_by_its_own_count(alice):
    bob = world.user("bob")

    def tell():
        told = notices.notify_all(
            [alice.id, bob.id], "PASSWORD_CHANGED", title="t", message="m", now=world.now()
        )
        assert len(told) == 2

    verify_join("notifications", tell, alice.id)
    assert snapshot("notifications", bob.id)[1]["unread_count"]["count"] == 1


def test_unread_count_on_the_channel_equals_rest_at_the_same_seq(alice):
    from rest_framework.test import APIClient

    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(alice)}")
    for _ in range(3):
        notify(alice)
        rest = client.get("/v1/notifications/unread-count").json()
        seq, rows = snapshot("notifications", alice.id)
        assert (rest["seq"], rest["count"]) == (seq, rows["unread_count"]["count"])


def test_a_subscriber_in_the_middle_of_a_storm_ends_up_with_the_truth():
    """Prices change all the time while a client joins: snapshot plus stream equals the database."""
    user = world.user("alice")
    token = world.token(user)
    symbols = ("BTC", "ETH", "USDC")
    for symbol in symbols:
        world.quote(symbol, "1")

    def storm():
        for number in range(2, 62):
            with transaction.atomic():
                for symbol in symbols:
                    world.quote(symbol, str(number))

    async def scenario():
        async with talk() as client:
            await client.auth(token)
            writing = asyncio.create_task(database_sync_to_async(storm)())
            await client.send(type="subscribe", channel="prices", params={"seq": True})
            ack = await client.expect("subscribed")
            rows, last = {}, {}
            while not all(rows.get(symbol) == "61.00" for symbol in symbols):
                frame = await client.expect("data")
                data = frame["data"]
                if not data.get("snapshot"):
                    assert frame["seq"] > max(ack["seq"], last.get(data["asset"], 0))
                    last[data["asset"]] = frame["seq"]
                rows[data["asset"]] = data["price"]
            await writing
            await client.silence()

    run(scenario)
