"""Liquidations over REST and on their channel: lists, bids, the join of snapshot and stream."""

import json

import pytest
from rest_framework.test import APIClient

from dualis.lending import bidding
from dualis.lending.models import Bid, Liquidation
from realtime import journal
from tests import liquidation_market as lqm
from tests import world
from tests.admin_pages import address
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import auction_at, loan, reprice
from tests.people import PASSWORD, make_staff
from tests.test_join import snapshot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    made = lqm.opened()
    yield made
    check()


@pytest.fixture
def borrower(market):
    return market[0]


@pytest.fixture
def bidder():
    return rich("bidder")


def client(user=None):
    made = APIClient()
    if user:
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(user)}")
    return made


def place(user, row, amount="max", **headers):
    address = f"/v1/liquidations/{row.auction_id}/bid"
    return client(user).post(address, {"amount": amount}, format="json", headers=headers)


# --- the channel -------------------------------------------------------------------------------
def applied(rows, events):
    """Apply events as a client does: a settlement ends every stage of its auction."""
    rows = dict(rows)
    for event in events:
        row = json.loads(event.text)
        rows[event.key] = row
        if row["stage"] == "settlement":
            rows = {key: r for key, r in rows.items() if whose(r) != whose(row)}
    return rows


def whose(row):
    return row["resaleId"] if row.get("kind") == "resale" else row["liquidationId"]


def verify_join(action):
    seq, before = snapshot("liquidations")
    action()
    events = journal.since(seq, channels=["liquidations"])
    _, fresh = snapshot("liquidations")
    once = applied(before, events)
    assert once == fresh and applied(once, events) == fresh
    assert fresh != before, "nothing changed: the test shows nothing"


def test_liquidations_after_an_auction_opened_and_after_it_was_settled(borrower, bidder):
    loan(borrower, "14000")
    verify_join(lambda: auction_at("1690"))
    row = Liquidation.objects.get()
    assert set(snapshot("liquidations")[1]) == {f"{row.id}:trigger", f"{row.id}:auction_start"}
    verify_join(lambda: bidding.bid(bidder.id, row.auction_id, "max", now=T0))


def test_liquidations_after_one_of_two_was_cancelled(borrower):
    safer = loan(borrower, "14000")

    def fall():
        reprice("ETH", "1600")
        lqm.run(T0)

    verify_join(fall)
    reprice("ETH", "1708")
    verify_join(lambda: lqm.run(T0))
    assert Liquidation.objects.get(position=safer).outcome == "cancelled"
    assert Liquidation.objects.filter(status="open").count() == 1


# --- REST --------------------------------------------------------------------------------------
def test_the_list_is_public_filtered_and_paged(borrower):
    loan(borrower, "14000")
    reprice("ETH", "1600")
    lqm.run(T0)
    body = client().get("/v1/liquidations").json()
    assert body["seq"] == journal.position().seq and body["pagination"]["total"] == 2
    page = client().get("/v1/liquidations", {"limit": 1, "page": 2}).json()
    assert len(page["data"]) == 1 and not page["pagination"]["hasMore"]
    for params, count in [
        ({"status": "settled"}, 0),
        ({"status": "open"}, 2),
        ({"tier": "SoftLiquidation"}, 1),
        ({"pool": "usdc-main"}, 2),
        ({"pool": "eth-main"}, 0),
    ]:
        assert len(client().get("/v1/liquidations", params).json()["data"]) == count, params
    assert client().get("/v1/liquidations", {"tier": "MarginCall"}).status_code == 400
    assert client().get("/v1/liquidations", {"sortBy": "size"}).status_code == 400
    assert client().get("/v1/liquidations", {"page": "0"}).status_code == 400


def test_the_list_is_sorted_by_when_they_opened_or_were_settled(borrower, bidder):
    later, last = loan(borrower, "14500"), loan(borrower, "14000")
    first = auction_at("1690")
    for seconds, price in ((1, "1640"), (2, "1600")):
        reprice("ETH", price)
        lqm.run(after(seconds=seconds))
    second = Liquidation.objects.get(position=later)
    third = Liquidation.objects.get(position=last)
    bidding.bid(bidder.id, second.auction_id, "max", now=after(seconds=3))
    bidding.bid(bidder.id, first.auction_id, "max", now=after(seconds=4))

    def listed(**query):
        rows = client().get("/v1/liquidations", query).json()["data"]
        return [row["liquidationId"] for row in rows]

    assert listed() == [third.id, second.id, first.id]
    assert listed(sortOrder="asc") == [first.id, second.id, third.id]
    assert listed(sortBy="settledAt") == [first.id, second.id, third.id]
    assert listed(sortBy="settledAt", sortOrder="asc") == [second.id, first.id, third.id]


def test_one_liquidation_shows_what_can_be_bid_and_later_its_bids(borrower, bidder):
    row = auction_at("1690")
    shown = client().get(f"/v1/liquidations/{row.id}").json()["data"]
    assert (shown["debtLeft"], shown["minimumBid"], shown["maximumBid"]) == ("3750", "375", "3750")
    assert shown["collateral"][0]["bonus"] == 0 and shown["isLive"] and shown["secondsLeft"] == 300
    assert place(bidder, row, "2000").status_code == 201
    assert place(bidder, row).json()["data"]["status"] == "settled"
    answer = client().get(f"/v1/liquidations/{row.auction_id}")
    shown = answer.json()["data"]
    assert [bid["debtRepaid"] for bid in shown["bids"]] == ["2000", "1750"]
    assert shown["status"] == "settled" and shown["outcome"] == "bid"
    for user in (borrower, bidder):
        assert user.id not in answer.content.decode()
        assert user.email not in answer.content.decode()


def test_a_bid_needs_a_login_and_acts_once_per_key(bidder):
    row = auction_at("1690")
    assert place(None, row).status_code == 401
    first = place(bidder, row, "1000", **{"Idempotency-Key": "k1"})
    again = place(bidder, row, "1000", **{"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert Bid.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "status", "code"),
    [
        ("1", 422, "BID_TOO_SMALL"),
        ("4000", 422, "BID_TOO_LARGE"),
        ("-1", 400, "VALIDATION_ERROR"),
    ],
)
def test_a_bad_bid_is_refused_with_the_code(bidder, amount, status, code):
    answer = place(bidder, auction_at("1690"), amount)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_ones_own_position_and_unknown_auctions_are_refused(borrower, bidder):
    row = auction_at("1690")
    assert place(borrower, row).json()["error"]["code"] == "FORBIDDEN"
    row.auction_id = "auc_nothing"
    assert place(bidder, row).json()["error"]["code"] == "AUCTION_NOT_FOUND"
    assert client().get("/v1/liquidations/liq_nothing").status_code == 404


def test_staff_read_liquidations_bids_and_the_backstop_in_the_admin(bidder, client):
    row = auction_at("1690")
    place(bidder, row)
    lqm.backed()
    staff = make_staff()
    client.post("/login", {"email": staff.email, "password": PASSWORD, "next": "/admin/"})
    for name in ("liquidation", "bid", "backstopaccount"):
        assert client.get(address(f"lending_{name}")).status_code == 200, name
    assert client.get(address("lending_liquidation", "change", row.id)).status_code == 200
