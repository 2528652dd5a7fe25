"""TWAP orders over HTTP and the stream, signed and by session; what is told of them and since."""

import json
from decimal import Decimal as D

import pytest
from channels.db import database_sync_to_async
from rest_framework.test import APIClient

from dualis.trading import money, twaps
from dualis.trading.models import Rejection, Twap
from dualis.trading.orderbook import Side
from dualis.trading.twap_schedule import Asked
from tests import lending_market as lm
from tests import trading_world as tw
from tests import world
from tests.talk import run
from tests.test_notional_consumer import Client
from tests.test_trading_api import ETH, OWNER, info, nonce, send
from tests.test_trading_join import fresh, subscribed
from tests.trading_world import BOB, after

reading = pytest.mark.django_db(transaction=True)  # a read is a transaction of its own


@pytest.fixture(autouse=True)
def market(db):
    tw.marked()
    tw.account(OWNER)
    tw.account(BOB, "100000")


@pytest.fixture
def client():
    return APIClient()


def wire(**more):
    order = {
        "type": "twapOrder",
        "asset": ETH,
        "isBuy": True,
        "sz": "5",
        "reduceOnly": False,
        "durationMinutes": 2,
        "numSlices": 5,
        "randomize": False,
    }
    return {**order, **more}


def data(answer):
    body = answer.json()
    assert answer.status_code == 200 and body["status"] == "ok", body
    return body["response"]["data"]


def sliced(twap_id):
    """Let two slices of 1 run against asks at 2000."""
    start = Twap.objects.get(id=twap_id).placed_at
    tw.place(BOB, "A", "10", "2000")
    for seconds in (0, 30):
        assert twaps.run(start + lm.timedelta(seconds=seconds)) == 1


# --- exchange -----------------------------------------------------------------------------------
def test_a_signed_order_is_pending_then_cancelled_once(client):
    answer = send(client, wire())
    assert answer.json()["response"]["type"] == "twapOrder"
    made = data(answer)
    assert made == {"status": "pending", "twapOrderId": Twap.objects.get().id}
    cancel = {"type": "twapCancel", "twapOrderId": made["twapOrderId"].upper().replace("X", "x")}
    assert data(send(client, cancel, 1)) == {**made, "status": "canceled"}
    again = data(send(client, cancel, 2))
    assert again["status"] == "failed" and made["twapOrderId"] in again["error"]
    tw.check()


def test_nobody_cancels_the_order_of_another(client):
    asked = Asked("ETH", Side.BUY, D(1), 5)
    row = twaps.place(BOB, asked, now=after(seconds=1)).twap
    told = data(send(client, {"type": "twapCancel", "twapOrderId": row.id}))
    assert told["status"] == "failed" and Twap.objects.get().status == "pending"


def test_a_rejected_order_says_why_and_is_told_as_a_rejection(client):
    told = data(send(client, wire(numSlices=1)))
    assert told == {"status": "rejected", "error": Rejection.objects.get().reason}
    assert not Twap.objects.exists()


def test_who_is_signed_in_orders_without_a_signature(client):
    alice = world.user("alice")
    money.open_account("0xa11ce", now=lm.T0, user_id=alice.id)
    body = {"action": wire(), "nonce": nonce()}
    assert client.post("/exchange", body, format="json").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(alice)}")
    assert data(client.post("/exchange", body, format="json"))["status"] == "pending"
    assert Twap.objects.get().account_id == "0xa11ce"


def test_what_may_be_left_out_has_a_default(client):
    shown = {k: v for k, v in wire(durationMinutes=5).items() if k not in OPTIONAL}
    data(send(client, shown))
    row = Twap.objects.get()
    assert (row.slices, row.is_reduce_only, row.is_randomized) == (11, False, False)


OPTIONAL = ("numSlices", "reduceOnly", "randomize")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"asset": "ffffffff"}, "action.asset"),
        ({"sz": "x"}, "action.sz"),
        ({"sz": "-1"}, "action.sz"),
        ({"durationMinutes": "5"}, "action.durationMinutes"),
        ({"numSlices": 2.5}, "action.numSlices"),
        ({"isBuy": None}, "action.isBuy"),
    ],
)
def test_a_bad_order_names_its_field(client, change, field):
    answer = send(client, wire(**change))
    assert answer.status_code == 400 and answer.json()["field"] == field


# --- info ---------------------------------------------------------------------------------------
@reading
def test_lists_and_single_orders_are_the_rows_of_the_stream(client):
    first = data(send(client, wire()))["twapOrderId"]
    second = data(send(client, wire(sz="2"), 1))["twapOrderId"]
    send(client, {"type": "twapCancel", "twapOrderId": second}, 2)
    rows = {row.id: json.loads(json.dumps(row.to_dict())) for row in Twap.objects.all()}
    assert info(client, "twapListActive", user=OWNER).json() == [rows[first]]
    assert info(client, "twapListHistory", user=OWNER).json() == [rows[second], rows[first]]
    shown = info(client, "twapGetById", user=OWNER.upper(), twapId=first.upper())
    assert shown.json() == rows[first]
    assert info(client, "twapGetById", user=BOB, twapId=first).json() is None


@reading
def test_slice_fills_name_their_order_and_the_explorer_tells_of_them(client):
    twap_id = data(send(client, wire()))["twapOrderId"]
    sliced(twap_id)
    tw.place(OWNER, "B", "1", "2000")  # not of a slice
    told = info(client, "userTwapSliceFills", user=OWNER).json()
    fills = info(client, "userFills", user=OWNER).json()
    assert [one["twapId"] for one in told] == [twap_id] * 2
    assert [one["fill"] for one in told] == fills[1:]
    (newest, _) = [o for o in info(client, "historicalOrders", user=OWNER).json() if _slice(o)]
    assert newest["order"]["twapOrderId"] == twap_id and newest["order"]["twapSliceIndex"] == 1
    rows = info(client, "transactionsByUser", user=OWNER).json()
    told = [row for row in rows if row["type"].startswith("Twap")]
    assert [row["type"] for row in told] == ["TwapSlice", "TwapSlice", "TwapPlaced"]
    assert {row["orderId"] for row in told} == {twap_id} and told[0]["data"]["index"] == 1


def _slice(shown):
    return shown["order"]["twapOrderId"] is not None


@reading
def test_a_missing_parameter_is_named(client):
    for type, what in [
        ("twapListActive", "TWAP orders"),
        ("twapListHistory", "TWAP orders"),
        ("twapGetById", "TWAP orders"),
        ("userTwapSliceFills", "TWAP slice fills"),
        ("portfolio", "portfolio"),
    ]:
        answer = info(client, type)
        assert answer.status_code == 400
        assert answer.json()["error"] == f"Missing 'user' parameter for {what}"
    answer = info(client, "twapGetById", user=OWNER)
    assert answer.status_code == 400 and "'twapId'" in answer.json()["error"]
    for period in ("perpYear", ["day"], None):
        answer = info(client, "portfolio", user=OWNER, period=period)
        assert answer.status_code == 400 and "perpWeek" in answer.json()["error"]


# --- the stream ---------------------------------------------------------------------------------
@reading
def test_slices_are_told_and_make_of_the_old_snapshot_the_new_one():
    async def scenario():
        place, take = (database_sync_to_async(f) for f in (twaps.place, twaps.run))
        await database_sync_to_async(tw.place)(BOB, "A", "10", "2000")
        asked = Asked("ETH", Side.BUY, D(2), 1, 2)
        row = (await place(OWNER, asked, now=after(seconds=1))).twap
        async with Client("/ws") as listener:
            before = await subscribed(listener, "twapUpdates", True, user=OWNER)
            assert before["isSnapshot"] is True
            assert before["twaps"] == [json.loads(json.dumps(row.to_dict()))]
            await take(after(seconds=2))
            told = (await listener.next())["data"]
            assert told["isSnapshot"] is False and told["user"] == OWNER
            (shown,) = told["twaps"]
            assert (shown["status"], shown["filledSz"]) == ("active", "1")
            assert (await fresh("twapUpdates", user=OWNER))["twaps"] == [shown]
            await take(after(seconds=62))
            (ended,) = (await listener.next())["data"]["twaps"]
            assert (ended["status"], ended["twapId"]) == ("completed", row.id)
        async with Client("/ws") as listener:  # what has ended is in no snapshot
            await subscribed(listener, "twapUpdates", user=OWNER)
            assert await listener.say("ping") == {"channel": "pong"}

    run(scenario)


@reading
def test_a_slice_moves_the_summary_once():
    async def scenario():
        place, take = (database_sync_to_async(f) for f in (twaps.place, twaps.run))
        await database_sync_to_async(tw.place)(BOB, "A", "10", "2000")
        async with Client("/ws") as listener:
            await subscribed(listener, "accountSummary", True, user=OWNER)
            await place(OWNER, Asked("ETH", Side.BUY, D(2), 1, 2), now=after(seconds=1))
            await take(after(seconds=2))
            told = (await listener.next())["data"]["summary"]
            assert told["positions"]["ETH"]["szi"] == "1"
            assert await listener.say("ping") == {"channel": "pong"}

    run(scenario)
