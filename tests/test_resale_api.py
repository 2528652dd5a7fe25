"""Resales over REST and on the channel of liquidations: lists, bids, the join, the filter."""

import pytest

from dualis.lending import resales
from dualis.lending.models import Resale, ResaleBid
from realtime import journal, snapshots, topics
from tests import liquidation_market as lqm
from tests.admin_pages import address
from tests.lending_market import check, rich
from tests.people import PASSWORD, make_staff
from tests.resale_market import stocked
from tests.test_join import snapshot
from tests.test_liquidation_api import client, verify_join
from tests.world import now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    lqm.opened()
    lqm.reprice("ETH", "2000")
    yield
    check()


@pytest.fixture
def buyer():
    return rich("buyer")


def opened_lot(amount="10", symbol="ETH", asset="USDC"):
    """Open an auction at the time at which requests are served."""
    stocked(amount, symbol, asset=asset, name=f"giver-{symbol}".lower())
    resales.run(now())
    return Resale.objects.get(symbol=symbol)


def place(user, auction_id, amount="max", **headers):
    address = f"/v1/liquidations/{auction_id}/bid"
    return client(user).post(address, {"amount": amount}, format="json", headers=headers)


# --- the channel -------------------------------------------------------------------------------
def test_liquidations_after_a_resale_opened_a_part_was_sold_and_the_rest(buyer):
    liquidation = lqm.auction_at("1690")
    verify_join(opened_lot)
    row = Resale.objects.get()
    assert set(snapshot("liquidations")[1]) == {
        f"{liquidation.id}:trigger",
        f"{liquidation.id}:auction_start",
        f"{row.id}:auction_start",
    }
    before = snapshot("liquidations")
    resales.bid(buyer.id, row.id, "8450", now=now())
    assert snapshot("liquidations") == before, "a part sold is no stage"
    verify_join(lambda: resales.bid(buyer.id, row.id, "max", now=now()))
    assert len(snapshot("liquidations")[1]) == 2, "the liquidation goes on"


@pytest.mark.parametrize(
    ("params", "keys"),
    [
        ({"tiers": ["Resale"]}, ["auction_start"]),
        ({"tiers": ["Resale"], "stages": ["settlement"]}, []),
        ({"pools": ["usdc-main"], "tiers": ["Resale"]}, ["auction_start"]),
        ({"pools": ["eth-main"]}, []),
        ({"tiers": ["SoftLiquidation", "ForcedLiquidation", "FullLiquidation"]}, []),
    ],
)
def test_a_resale_is_filtered_by_the_pool_that_is_paid_and_by_a_tier_of_its_own(params, keys):
    row = opened_lot()
    found = snapshots.read(topics.select("liquidations", params)).rows
    assert [r.key for r in found] == [f"{row.id}:{stage}" for stage in keys]


def test_rows_of_liquidations_are_as_they_were():
    lqm.auction_at("1690")
    assert not any("kind" in row for row in snapshot("liquidations")[1].values())


# --- REST --------------------------------------------------------------------------------------
def test_the_list_is_public_filtered_paged_and_newest_first(buyer):
    first, second = opened_lot(), opened_lot("1", "wBTC")
    body = client().get("/v1/liquidations/resales").json()
    assert [row["resaleId"] for row in body["data"]] == [second.id, first.id]
    assert body["seq"] == journal.position().seq and body["epoch"]
    page = client().get("/v1/liquidations/resales", {"limit": 1, "page": 2}).json()
    assert [row["resaleId"] for row in page["data"]] == [first.id]
    assert page["pagination"]["total"] == 2 and not page["pagination"]["hasMore"]
    assert place(buyer, first.id).status_code == 201
    for params, ids in [
        ({"status": "open"}, [second.id]),
        ({"status": "settled"}, [first.id]),
        ({"pool": "usdc-main"}, [second.id, first.id]),
        ({"pool": "eth-main"}, []),
    ]:
        rows = client().get("/v1/liquidations/resales", params).json()["data"]
        assert [row["resaleId"] for row in rows] == ids, params
    assert client().get("/v1/liquidations/resales", {"status": "x"}).status_code == 400
    assert client().get("/v1/liquidations", {"tier": "Resale"}).status_code == 400
    assert client().get("/v1/liquidations").json()["data"] == []


def test_one_resale_shows_what_can_be_bid_and_later_its_bids(buyer):
    row = opened_lot()
    Resale.objects.filter(id=row.id).update(live_seconds=150)
    shown = client().get(f"/v1/liquidations/resales/{row.id}").json()["data"]
    assert (shown["left"], shown["minimumBid"], shown["maximumBid"]) == ("10", "1950", "19500")
    assert (shown["discount"], shown["secondsLeft"], shown["isLive"]) == (0.025, 150, True)
    assert (shown["status"], shown["outcome"], shown["bids"]) == ("open", None, [])
    answer = place(buyer, row.id, "3900")
    assert answer.status_code == 201
    bought = answer.json()["data"]
    assert (bought["paid"], bought["received"], bought["status"]) == ("3900", "2", "open")
    assert (bought["auctionId"], bought["collateralAsset"]) == (row.id, "ETH")
    assert place(buyer, row.id).json()["data"]["status"] == "settled"
    answer = client().get(f"/v1/liquidations/resales/{row.id}")
    shown = answer.json()["data"]
    assert [bid["paid"] for bid in shown["bids"]] == ["3900", "15600"]
    assert (shown["outcome"], shown["proceeds"], shown["collateralSold"]) == ("sold", "19500", "10")
    assert "left" not in shown
    assert buyer.id not in answer.content.decode() and buyer.email not in answer.content.decode()


def test_a_frozen_price_shows_that_no_bid_is_taken(buyer):
    row = opened_lot()
    lqm.reprice("ETH", "2000", is_tripped=True)
    shown = client().get(f"/v1/liquidations/resales/{row.id}").json()["data"]
    assert not shown["isLive"]
    answer = place(buyer, row.id)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "AUCTION_PAUSED")


def test_a_bid_needs_a_login_and_acts_once_per_key(buyer):
    row = opened_lot()
    assert place(None, row.id).status_code == 401
    first = place(buyer, row.id, "5000", **{"Idempotency-Key": "k1"})
    again = place(buyer, row.id, "5000", **{"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 201 and first.json() == again.json()
    assert ResaleBid.objects.count() == 1


@pytest.mark.parametrize(
    ("amount", "status", "code"),
    [
        ("1", 422, "BID_TOO_SMALL"),
        ("30000", 422, "BID_TOO_LARGE"),
        ("-1", 400, "VALIDATION_ERROR"),
    ],
)
def test_a_bad_bid_is_refused_with_the_code(buyer, amount, status, code):
    answer = place(buyer, opened_lot().id, amount)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_unknown_resales_are_not_found(buyer):
    assert place(buyer, "rsl_nothing").json()["error"]["code"] == "AUCTION_NOT_FOUND"
    answer = client().get("/v1/liquidations/resales/rsl_nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_staff_read_resales_and_their_bids_in_the_admin(buyer, client):
    row = opened_lot()
    place(buyer, row.id)
    staff = make_staff()
    client.post("/login", {"email": staff.email, "password": PASSWORD, "next": "/admin/"})
    for page in (address("lending_resale"), address("lending_resale", "change", row.id)):
        assert client.get(page).status_code == 200, page
    assert client.get("/admin/lending/resale/add/").status_code == 403
