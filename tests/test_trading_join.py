"""For every Notional channel: snapshot, act, its updates bring the old snapshot to the new one."""

import json
from decimal import Decimal as D

import pytest
from channels.db import database_sync_to_async

from dualis.trading import blocks, leverage, orders
from tests import trading_world as tw
from tests.talk import run
from tests.test_notional_consumer import Client
from tests.trading_world import ADA, BOB, after

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "100000")
    tw.place(BOB, "A", "1", "2000")


place = database_sync_to_async(tw.place)


async def subscribed(client, type, has_snapshot=False, **more):
    """Subscribe; return the data of the snapshot, None where the type has none."""
    confirmed = await client.say("subscribe", type, **more)
    assert confirmed["channel"] == "subscriptionResponse"
    return (await client.next())["data"] if has_snapshot else None


async def fresh(type, **more):
    async with Client("/ws") as client:
        return await subscribed(client, type, True, **more)


async def updates(client, count):
    return [(await client.next()) for _ in range(count)]


def test_fills_orders_summary_and_transactions_of_a_user_follow_a_trade():
    async def scenario():
        async with Client("/ws") as client:
            before = await subscribed(client, "accountSummary", True, user=ADA)
            await subscribed(client, "userFills", user=ADA)
            await subscribed(client, "orderUpdates", user=ADA)
            await subscribed(client, "userTransactions", user=ADA)
            await place(ADA, "B", "2", "2000")
            got = await updates(client, 5)
            by_channel = {m["channel"]: m["data"] for m in got}
            assert [m["channel"] for m in got].count("userTransactions") == 2
            assert by_channel["userFills"]["fills"][0]["sz"] == "1"
            assert by_channel["userFills"]["isSnapshot"] is False
            (updated,) = by_channel["orderUpdates"]["orders"]
            assert updated["status"] == "partial" and updated["order"]["sz"] == "1"
            assert by_channel["accountSummary"] != before
            assert by_channel["accountSummary"] == await fresh("accountSummary", user=ADA)
            snapshot = await fresh("orderUpdates", user=ADA)
            assert snapshot == {"user": ADA, "isSnapshot": True, "orders": [updated]}

    run(scenario)


def test_an_order_that_ends_is_told_once_and_no_longer_in_the_snapshot():
    async def scenario():
        placed = await place(ADA, "B", "1", "1990")
        async with Client("/ws") as client:
            snapshot = await subscribed(client, "orderUpdates", True, user=ADA)
            assert snapshot["orders"][0]["order"]["oid"] == placed.order.id
            cancel = database_sync_to_async(orders.cancel)
            await cancel(ADA, [placed.order.id], now=after(seconds=9))
            (told,) = (await client.next())["data"]["orders"]
            assert told["status"] == "canceled"
        async with Client("/ws") as client:
            await subscribed(client, "orderUpdates", user=ADA)
            assert await client.say("ping") == {"channel": "pong"}

    run(scenario)


def test_a_rejection_is_told_to_its_user():
    async def scenario():
        async with Client("/ws") as client:
            await subscribed(client, "userOrderRejections", user=ADA)
            await place(ADA, "B", "1", "1.001")
            data = (await client.next())["data"]
            assert data["user"] == ADA and data["rejections"][0]["code"] == "INVALID_PRICE"

    run(scenario)


def test_leverage_is_told_for_its_market_alone():
    async def scenario():
        choose = database_sync_to_async(leverage.choose)
        async with Client("/ws") as client:
            await subscribed(client, "activeAssetData", user=ADA, coin="eth")
            await choose(ADA, "BTC", 3, now=after(seconds=1))
            await choose(ADA, "ETH", 5, now=after(seconds=1))
            told = (await client.next())["data"]
            assert told == {"user": ADA, "coin": "ETH", "leverage": 5}
            assert told == await fresh("activeAssetData", user=ADA, coin="ETH")

    run(scenario)


def test_blocks_and_transactions_are_told_to_everybody():
    async def scenario():
        async with Client("/ws") as client:
            await subscribed(client, "newBlocks")
            await subscribed(client, "newTransactions")
            await place(ADA, "B", "1", "1990")
            told = (await client.next())["data"]
            assert told["type"] == "OrderPlaced" and told["data"] == {} and "orderId" in told
            seal = database_sync_to_async(blocks.run)
            block = await seal(after(seconds=10))
            assert (await client.next())["data"] == json.loads(json.dumps(block.to_dict()))

    run(scenario)


def test_nobody_gets_what_is_anothers():
    async def scenario():
        async with Client("/ws") as client:
            for type in ("userFills", "orderUpdates", "userTransactions", "userOrderRejections"):
                await subscribed(client, type, user="0x1")
            await place(ADA, "B", "1", "2000")
            assert await client.say("ping") == {"channel": "pong"}

    run(scenario)


def test_a_deposit_moves_the_summary():
    async def scenario():
        async with Client("/ws") as client:
            before = await subscribed(client, "accountSummary", True, user=ADA)
            deposit = database_sync_to_async(tw.money.deposit)
            await deposit(ADA, "USDC", D(5), now=after(seconds=1))
            after_it = (await client.next())["data"]["summary"]
            assert after_it["accountValue"] == before["summary"]["accountValue"] + 5

    run(scenario)
