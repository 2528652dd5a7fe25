"""REST of the recorded past and of the whole market: public, with seq, in the envelope."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from dualis.lending import history, supplying
from realtime import journal
from tests import lending_market as lm
from tests.lending_market import rich

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    lm.opened()


def get(path, **query):
    return APIClient().get(f"/v1/{path}", query)


def test_history_of_a_pool_is_what_was_recorded():
    now = timezone.now()
    history.record(now - timedelta(days=8))
    history.record(now)
    answer = get("pools/eth-main/history", period="7d").json()
    assert answer["seq"] == journal.position().seq and answer["epoch"]
    (point,) = answer["data"]
    assert point["priceUSD"] == "2041" and point["totalSupply"] == "0"
    assert len(get("pools/eth-main/history").json()["data"]) == 2


@pytest.mark.parametrize(("period", "count"), [("1h", 1), ("24h", 2)])
def test_a_short_history_of_a_pool_has_the_points_of_its_time(period, count):
    now = timezone.now()
    history.record(now - timedelta(hours=2))
    history.record(now - timedelta(minutes=1))
    assert len(get("pools/eth-main/history", period=period).json()["data"]) == count


def test_unknown_pool_and_period_are_refused():
    assert get("pools/nowhere/history").json()["error"]["code"] == "POOL_NOT_FOUND"
    assert get("pools/eth-main/history", period="2d").status_code == 400
    assert get("analytics/history", metric="colour").status_code == 400


def test_overview_tells_totals_of_now_and_the_rest_as_recorded():
    before = get("analytics/overview").json()
    assert before["data"]["tvl"] == "0.00" and before["data"]["recordedAt"] is None
    user = rich("ada")
    now = timezone.now()
    supplying.supply(user.id, "usdc-main", "1000.5", now=now)
    history.record(now)
    supplying.supply(user.id, "usdc-main", "1", now=now)
    after = get("analytics/overview").json()
    assert after["seq"] > before["seq"]
    assert after["data"]["tvl"] == "1001.50" and after["data"]["totalBorrowed"] == "0.00"
    assert after["data"]["uniqueUsers24h"] == after["data"]["totalTransactions24h"] == 1
    assert after["data"]["avgHealthFactor"] is None
    points = get("analytics/history", metric="tvl", period="all").json()["data"]
    assert [point["value"] for point in points] == ["1000.50"]
    points = get("analytics/history", metric="users", period="7d").json()["data"]
    assert [point["value"] for point in points] == [1]
