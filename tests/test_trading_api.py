"""POST /info and /exchange: what a program sends and gets, signed or by session, and refusals."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from rest_framework.test import APIClient

from dualis.trading import blocks, money
from dualis.trading.models import MarginAccount, MarginOrder, milliseconds
from tests import lending_market as lm
from tests import trading_world as tw
from tests import world
from tests.wallets_of_tests import AGENT_KEY, KEY, STRANGER_KEY, address_of, signed

pytestmark = pytest.mark.django_db(transaction=True)

ETH, BTC = "00020001", "00020000"
OWNER = address_of(KEY)


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(OWNER)
    tw.account(tw.BOB, "100000")


@pytest.fixture
def client():
    return APIClient()


def nonce(step=0):
    return milliseconds(datetime.now(UTC)) + step


def wire(is_buy=True, price="1990", size="1", asset=ETH, **more):
    order = {"a": asset, "b": is_buy, "p": price, "s": size, "t": {"limit": {"tif": "Gtc"}}}
    return {**order, **more}


def order(*wires):
    return {"type": "order", "orders": list(wires), "grouping": "na"}


def send(client, action, step=0, key=KEY, **more):
    body = {**signed(action, nonce(step), key), **more}
    return client.post("/exchange", body, format="json")


def info(client, type, **more):
    return client.post("/info", {"type": type, **more}, format="json")


# --- exchange -----------------------------------------------------------------------------------
def test_a_signed_order_rests_and_is_seen_by_info(client):
    answer = send(client, order(wire()))
    body = answer.json()
    assert answer.status_code == 200 and body["status"] == "ok"
    oid = body["response"]["data"]["statuses"][0]["resting"]["oid"]
    assert body["metadata"] == [{"orderId": oid, "status": "committed"}]
    (shown,) = info(client, "openOrders", user=OWNER.upper().replace("0X", "0x")).json()
    assert shown["oid"] == oid and shown["limitPx"] == "1990" and shown["side"] == "B"


def test_an_order_that_trades_says_how_much_and_at_what_price(client):
    tw.place(tw.BOB, "A", "0.4", "2000")
    status = send(client, order(wire(price="2000"))).json()["response"]["data"]["statuses"][0]
    assert status["filled"]["totalSz"] == "0.4" and status["filled"]["avgPx"] == "2000"
    assert "oid" in status["resting"]
    (fill,) = info(client, "userFills", user=OWNER).json()
    assert (fill["px"], fill["sz"], fill["dir"]) == ("2000", "0.4", "Open Long")


def test_a_market_order_has_the_price_0(client):
    tw.place(tw.BOB, "A", "1", "2010")
    status = send(client, order(wire(price="0"))).json()["response"]["data"]["statuses"][0]
    assert status["filled"]["avgPx"] == "2010" and "resting" not in status


def test_a_rejected_order_is_an_error_among_the_statuses(client):
    body = send(client, order(wire(size="1000"), wire())).json()
    first, second = body["response"]["data"]["statuses"]
    assert first["code"] == "INSUFFICIENT_MARGIN" and "Insufficient margin" in first["error"]
    assert "resting" in second


def test_cancel_modify_and_leverage(client):
    oid = send(client, order(wire())).json()["response"]["data"]["statuses"][0]["resting"]["oid"]
    change = {"type": "modify", "oid": oid, "order": {"p": "1980", "s": "2"}}
    moved = send(client, change, 1).json()["response"]["data"]["statuses"][0]["resting"]["oid"]
    assert MarginOrder.objects.get(id=oid).status == "canceled"
    assert MarginOrder.objects.get(id=moved).size == 2
    body = send(client, {"type": "cancel", "cancels": [{"a": 0, "o": moved}, {"o": oid}]}, 2).json()
    assert [list(s) for s in body["response"]["data"]["statuses"]] == [["success"], ["error"]]
    assert [m["status"] for m in body["metadata"]] == ["committed", "not_found"]
    leverage = {"type": "updateLeverage", "asset": ETH, "isCross": True, "leverage": 5}
    assert send(client, leverage, 3).json() == {
        "status": "ok",
        "response": {"type": "updateLeverage"},
    }
    assert MarginAccount.objects.get(name=OWNER).leverage == {"ETH": 5}


def test_a_modification_that_is_refused_leaves_the_order_as_it_was(client):
    oid = send(client, order(wire())).json()["response"]["data"]["statuses"][0]["resting"]["oid"]
    change = {"type": "modify", "oid": oid, "order": {"p": "1000", "s": "2"}}
    status = send(client, change, 1).json()["response"]["data"]["statuses"][0]
    assert status["code"] == "INVALID_PRICE"
    assert MarginOrder.objects.get(id=oid).status == "open"
    tw.check()


def test_a_nonce_acts_once_and_a_refused_one_is_free(client):
    body = signed(order(wire()), nonce())
    assert client.post("/exchange", body, format="json").status_code == 200
    again = client.post("/exchange", body, format="json")
    assert again.status_code == 422 and again.json()["code"] == "INVALID_NONCE"
    assert MarginOrder.objects.count() == 1
    late = signed({"type": "updateLeverage", "asset": ETH, "leverage": 99}, nonce(5))
    assert client.post("/exchange", late, format="json").json()["code"] == "LEVERAGE_REFUSED"
    assert client.post("/exchange", late, format="json").json()["code"] == "LEVERAGE_REFUSED"


@pytest.mark.parametrize("far", [-3 * 86_400_000, 2 * 86_400_000])
def test_a_nonce_far_from_now_is_refused(client, far):
    assert send(client, order(wire()), far).json()["code"] == "INVALID_NONCE"


def test_an_expired_action_is_refused(client):
    body = signed(order(wire()), nonce(), expires=nonce(-1000))
    answer = client.post("/exchange", body, format="json")
    assert answer.status_code == 400 and answer.json()["field"] == "expiresAfter"


def test_a_strangers_signature_trades_for_nobody(client):
    assert send(client, order(wire()), key=STRANGER_KEY).json()["code"] == "ACCOUNT_NOT_FOUND"
    body = signed(order(wire()), nonce())
    body["action"]["orders"][0]["s"] = "2"  # changed after it was signed
    assert client.post("/exchange", body, format="json").status_code == 404
    assert not MarginOrder.objects.exists()


def test_an_agent_trades_for_the_account_but_does_not_withdraw(client):
    agent = address_of(AGENT_KEY)
    approve = {"type": "approveAgent", "agentAddress": agent, "agentName": "bot"}
    assert send(client, approve).json()["status"] == "ok"
    assert info(client, "userRole", user=agent).json() == {"role": "agent", "data": {"user": OWNER}}
    send(client, order(wire()), key=AGENT_KEY)
    assert MarginOrder.objects.get().account_id == OWNER
    withdraw = {"type": "withdraw", "destination": OWNER, "token": "USDC", "amount": "1"}
    assert send(client, withdraw, 1, key=AGENT_KEY).status_code == 401
    revoke = {"type": "approveAgent", "agentAddress": "0x" + "0" * 40}
    send(client, revoke, 2)
    assert send(client, order(wire()), 3, key=AGENT_KEY).status_code == 404
    tw.check()


def test_a_withdrawal_is_pending_then_paid_out(client):
    withdraw = {"type": "withdraw", "destination": OWNER, "token": "USDC", "amount": "400"}
    body = send(client, withdraw).json()
    assert body["success"] is True and body["status"] == "pending"
    assert send(client, {**withdraw, "amount": "9601"}, 1).json()["code"] == "INSUFFICIENT_MARGIN"
    from dualis.trading import withdrawals

    assert withdrawals.run(lm.after(days=400)) == 1 and withdrawals.run(lm.after(days=400)) == 0
    assert tw.row(OWNER).usdc == 9600
    (row,) = [r for r in info(client, "ledger", user=OWNER).json() if r.get("status") == "complete"]
    assert row["delta"]["usdc"] == "-400"
    tw.check()


def test_an_agent_with_an_account_of_its_own_acts_for_itself(client):
    agent = address_of(AGENT_KEY)
    send(client, {"type": "approveAgent", "agentAddress": agent})
    tw.account(agent, "0")
    withdraw = {"type": "withdraw", "destination": agent, "token": "USDC", "amount": "max"}
    assert send(client, withdraw, 1, key=AGENT_KEY).json()["code"] == "INSUFFICIENT_MARGIN"
    assert not tw.row(OWNER).hold


def test_what_is_being_withdrawn_is_no_margin_and_leaves_once(client):
    withdraw = {"type": "withdraw", "destination": OWNER, "token": "USDC", "amount": "max"}
    assert send(client, withdraw).json()["success"] is True
    status = send(client, order(wire()), 1).json()["response"]["data"]["statuses"][0]
    assert status["code"] == "INSUFFICIENT_MARGIN"
    assert send(client, withdraw, 2).json()["code"] == "INSUFFICIENT_MARGIN"
    tw.check()


def test_a_signed_in_user_trades_without_a_signature(client):
    alice = world.user("alice")
    money.open_account("0xa11ce", now=lm.T0, user_id=alice.id)
    money.deposit("0xa11ce", "USDC", D(1000), now=lm.T0)
    body = {"action": order(wire()), "nonce": nonce()}
    assert client.post("/exchange", body, format="json").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(alice)}")
    assert client.post("/exchange", body, format="json").status_code == 200
    assert MarginOrder.objects.get().account_id == "0xa11ce"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "action.type"),
        ({"action": {}}, 400, "action.type"),
        ({"action": {"type": "fly"}}, 400, "action.type"),
        ({"action": {"type": "order"}}, 400, "action"),
        ({"action": {"type": "order", "orders": []}}, 400, "action.orders"),
        ({"action": {"type": "order", "orders": [{"a": ETH}]}}, 400, "action.orders[0]"),
        ({"action": {"type": "cancel", "cancels": "x"}}, 400, "action.cancels"),
        ({"action": {"type": "cancel", "cancels": [{"o": "0x1"}]}, "nonce": "x"}, 400, "nonce"),
        ({"action": {"type": "cancel", "cancels": [{"o": "0x1"}]}, "signature": 1}, 401, None),
    ],
)
def test_a_malformed_action_names_its_field(client, body, status, field):
    answer = client.post("/exchange", body, format="json")
    told = answer.json()
    assert answer.status_code == status and told.get("field") == field, told
    assert told["error"] == told["msg"] and told["code"] and told["timestamp"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"a": "ffffffff"}, "action.orders[0].a"),
        ({"p": "x"}, "action.orders[0].p"),
        ({"s": "-1"}, "action.orders[0].s"),
        ({"s": "1e99"}, "action.orders[0].s"),
        ({"t": {}}, "action.orders[0].t"),
    ],
)
def test_a_bad_order_names_its_field(client, change, field):
    answer = send(client, order({**wire(), **change}))
    assert answer.status_code == 400 and answer.json()["field"] == field


@pytest.mark.parametrize("size", ["12345678901234.5", "999999999999999", "0.000000000000000001"])
def test_long_numbers_are_judged_and_not_a_fault(client, size):
    answer = send(client, order(wire(size=size)))
    assert answer.status_code == 200 and "code" in answer.json()["response"]["data"]["statuses"][0]


def test_texts_with_a_nul_and_long_names_are_refused(client):
    assert info(client, "openOrders", user="0x\0").status_code == 400
    assert info(client, "openOrders", user="0x" + "f" * 5_000).json() == []
    assert send(client, order(wire(c="a\0"))).status_code == 400
    long = "0x" + "f" * 130
    approve = {"type": "approveAgent", "agentAddress": long}
    withdraw = {"type": "withdraw", "destination": long, "token": "USDC", "amount": "1"}
    for step, action in enumerate((approve, withdraw)):
        assert send(client, action, step).json()["code"] == "VALIDATION_ERROR"


def test_nothing_leaves_while_a_market_with_a_position_is_frozen(client):
    tw.place(tw.BOB, "A", "1", "2000")
    send(client, order(wire(price="2000")))
    quote = tw.world.quote("ETH", "2000")
    quote.is_tripped = True
    quote.save()
    withdraw = {"type": "withdraw", "destination": OWNER, "token": "USDC", "amount": "1"}
    assert send(client, withdraw, 1).json()["code"] == "INSUFFICIENT_MARGIN"


def test_a_reported_deposit_is_looked_for_in_vain(client):
    action = {"type": "reportDeposit", "txHash": "0x1", "userAddress": OWNER}
    assert send(client, action).json()["error"] == "Transaction hash not found on blockchain"


# --- info ---------------------------------------------------------------------------------------
def test_info_says_what_is_missing_in_the_pages_words(client):
    for type, text in [
        ("positions", "Missing 'user' parameter for positions"),
        ("assets", "Missing 'user' parameter for assets"),
        ("openOrders", "Missing 'user' parameter for open orders"),
        ("userFills", "Missing 'user' parameter for user fills"),
        ("transactionsByUser", "Missing 'user' parameter"),
        ("userRole", "Missing 'user' parameter"),
        ("blockByNumber", "Block None not found"),
        ("nonsense", "Unknown info type: nonsense"),
    ]:
        answer = info(client, type)
        assert answer.status_code == 400 and answer.json()["error"] == text
    assert client.post("/info", "{", content_type="application/json").status_code == 400
    assert client.post("/info", "[]", content_type="application/json").status_code == 400


def test_blocks_and_transactions_are_the_same_records_everywhere(client):
    tw.place(OWNER, "B", "1", "1990")
    block = blocks.run(lm.after(seconds=5))
    (header,) = info(client, "latestBlocks").json()
    assert header == block.to_dict() and header["transactionCount"] == 3
    whole = info(client, "blockByHash", hash=header["blockHash"]).json()
    assert whole == info(client, "blockByNumber", blockNumber=1).json()
    assert whole["transactions"] == info(client, "blockTransactions", blockNumber=1).json()
    newest = info(client, "latestTransactions", limit=1).json()[0]
    assert newest["type"] == "OrderPlaced" and newest["data"]["size"] == "1"
    assert info(client, "transactionByHash", hash=newest["transactionId"]).json() == newest
    assert info(client, "transactionsByUser", user=OWNER, limit=1).json() == [newest]
    assert info(client, "latestTransactions", afterBlock=1).json() == []
    tw.check()


def test_account_positions_and_assets(client):
    tw.place(tw.BOB, "A", "2", "2000")
    tw.place(OWNER, "B", "2", "2000")
    account = info(client, "account", user=OWNER).json()
    assert account["marginSummary"]["accountValue"] == "9998"
    (held,) = info(client, "positions", user=OWNER).json()
    assert held["position"]["szi"] == "2" and held["position"]["maxLeverage"] == 10
    assert held in account["assetPositions"]
    (usdc,) = info(client, "assets", user=OWNER).json()
    assert (usdc["coin"], usdc["total"], usdc["ltv"]) == ("USDC", "9998", "1")
    assert info(client, "account", user="0x9").json()["marginSummary"]["accountValue"] == "0"


def test_info_is_open_to_every_origin_and_names_the_markets(client):
    answer = info(client, "notionalMeta")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.json()["perpMarkets"][ETH]["marketConfig"]["maxLeverage"] == 10


# --- the account below /v1 ----------------------------------------------------------------------
def test_a_wallet_is_linked_by_its_signature_and_money_moves_both_ways(client):
    from dualis.trading import signing

    user = lm.rich("carol", {"USDC": "1000"})
    key, moment = STRANGER_KEY, nonce()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(user)}")
    assert client.get("/v1/trading/account").json()["data"] is None
    signature = signing.sign(signing.link_message(user.id, moment), key)
    body = {"address": address_of(key), "nonce": moment, "signature": signature}
    wrong = {**body, "address": OWNER}
    assert client.post("/v1/trading/account", wrong, format="json").status_code == 401
    assert client.post("/v1/trading/account", body, format="json").status_code == 201
    move = {"amount": "300", "direction": "in"}
    assert client.post("/v1/trading/transfer", move, format="json").status_code == 201
    assert client.get("/v1/trading/account").json()["data"]["summary"]["accountValue"] == 300
    back = {"amount": "301", "direction": "out"}
    refused = client.post("/v1/trading/transfer", back, format="json")
    assert refused.json()["error"]["code"] == "INSUFFICIENT_MARGIN"
    back["amount"] = "max"
    assert client.post("/v1/trading/transfer", back, format="json").status_code == 201
    assert lm.wallet(user, "USDC") == 1000
    tw.check()
