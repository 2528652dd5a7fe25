"""REST of the market as it is: totals, shares, the health score; public, with seq."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from dualis.lending import borrowing, history, staff, supplying
from dualis.lending.points import HealthPoint
from realtime import journal
from tests import lending_market as lm
from tests import people
from tests.lending_market import rich

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    lm.opened()


@pytest.fixture
def lender():
    user = rich("lender")
    now = timezone.now()
    supplying.supply(user.id, "usdc-main", "9000", now=now)
    supplying.supply(user.id, "cc-main", "5000", now=now)
    return user


def get(path, **query):
    answer = APIClient().get(f"/v1/analytics/{path}", query).json()
    assert answer["seq"] == journal.position().seq and answer["epoch"]
    return answer["data"]


def test_overview_tells_liquidations_and_fees_as_recorded(lender):
    before = get("overview")
    assert before["totalLiquidations24h"] is before["totalFees24h"] is None
    history.record(timezone.now())
    after = get("overview")
    assert (after["totalLiquidations24h"], after["totalFees24h"]) == (0, "0.00")
    HealthPoint.objects.all().delete()  # a point of before there was health
    assert get("overview")["totalFees24h"] is None and get("overview")["recordedAt"]


def test_pools_stand_side_by_side_with_their_day_before(lender):
    now = timezone.now()
    history.record(now - timedelta(hours=24, minutes=3))
    supplying.supply(lender.id, "usdc-main", "100", now=now)
    rows = {row["poolId"]: row for row in get("pools")}
    usdc = rows["usdc-main"]
    assert len(rows) == 6 and usdc["tvlUSD"] == "9100.00" and usdc["supplyAPY"] == 0
    assert usdc["share"] == pytest.approx(9100 / (9100 + 5000 * 0.1756), abs=1e-6)
    assert usdc["dayAgo"]["totalSupply"] == "9000"
    assert rows["eth-main"]["share"] == 0


def test_pools_without_a_record_of_the_day_before_say_so(lender):
    history.record(timezone.now() - timedelta(hours=23))
    history.record(timezone.now() - timedelta(hours=26))
    assert {row["dayAgo"] for row in get("pools")} == {None}


def test_tvl_is_the_sum_of_its_pools(lender):
    data = get("protocol/tvl")
    assert data["tvl"] == "9878.00"
    assert {row["poolId"]: row["tvlUSD"] for row in data["pools"] if row["share"]} == {
        "usdc-main": "9000.00",
        "cc-main": "878.00",
    }


def test_tvl_of_nothing_has_no_shares():
    data = get("protocol/tvl")
    assert data["tvl"] == "0.00" and {row["share"] for row in data["pools"]} == {None}


def test_stats_count_what_there_is(lender):
    data = get("protocol/stats")
    assert data["loans"] is None and data["protocolPaused"] is False
    borrower, now = rich("borrower"), timezone.now()
    borrowing.open_position(borrower.id, "usdc-main", "4500", {"ETH": "10"}, now=now)
    history.record(now)
    staff.pause_protocol(is_paused=True, actor=people.make_staff(), address="", now=now)
    data = get("protocol/stats")
    assert data["utilization"] == pytest.approx(4500 / 9878, abs=1e-6)
    assert (data["pools"], data["loans"], data["openLiquidations"]) == (6, 1, 0)
    assert data["protocolPaused"] is True and data["totalBorrowed"] == "4500.00"


def test_protocol_health_shows_every_input_and_leaves_out_what_is_not_known(lender):
    empty = get("protocol-health")
    assert (empty["score"], empty["rating"], empty["measuredWeight"]) == (None, None, 0)
    assert {part["value"] for part in empty["inputs"].values()} == {None}
    assert {row["count"] for row in empty["healthFactorBuckets"]} == {None}
    assert empty["recordedAt"] is None
    borrower, now = rich("borrower"), timezone.now()
    borrowing.open_position(borrower.id, "usdc-main", "4500", {"ETH": "10"}, now=now)
    history.record(now)
    data = get("protocol-health")
    inputs = data["inputs"]
    assert inputs["badDebtRatio"] == {"value": 0.0, "points": 20.0, "weight": 20}
    assert inputs["averageHealthFactor"]["points"] == 20
    assert inputs["liquidationEfficiency"] == {"value": None, "points": None, "weight": 15}
    assert inputs["oracleUptime"]["value"] is None and inputs["concentration"]["points"] == 0
    assert data["measuredWeight"] == 70 and data["score"] == 57, "40 of 70 points"
    assert data["rating"] == "fair" and data["recordedAt"]
    assert [row["count"] for row in data["healthFactorBuckets"]] == [1, 0, 0, 0, 0]
    assert data["healthFactorBuckets"][0]["range"] == ">2.0"


def test_history_has_score_fees_and_liquidations_where_they_were_recorded(lender):
    now = timezone.now()
    history.record(now - timedelta(minutes=5))
    HealthPoint.objects.all().delete()
    history.record(now)
    for metric, value in (("score", 0), ("fees", "0.00"), ("liquidations", 0)):
        points = get("history", metric=metric, period="7d")
        assert [point["value"] for point in points] == [None, value], metric
