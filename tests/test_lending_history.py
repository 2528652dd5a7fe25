"""The recorded past: what a point says, what is kept, what a period shows."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dualis import errors
from dualis.lending import borrowing, history, supplying
from dualis.lending.models import Pool
from dualis.lending.points import MarketPoint, PoolPoint
from tests import lending_market as lm
from tests.lending_market import T0, after, rich

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()


def ago(**span):
    return T0 - timedelta(**span)


def point(at, pool_id="usdc-main"):
    figures = dict.fromkeys(
        ["total_supply", "total_borrow", "supply_apy", "borrow_apy", "utilization"], 0
    )
    return PoolPoint(pool_id=pool_id, at=at, price_usd=1, **figures)


def test_a_point_says_what_the_pools_row_says():
    lender, borrower = rich("lender"), rich("borrower")
    supplying.supply(lender.id, "usdc-main", "10000", now=T0)
    borrowing.open_position(borrower.id, "usdc-main", "5000", {"ETH": "10"}, now=T0)
    history.record(after(seconds=1))
    assert PoolPoint.objects.count() == Pool.objects.count() == 6
    told = PoolPoint.objects.get(pool="usdc-main").to_dict()
    row = Pool.objects.get(id="usdc-main").to_dict()
    for name in ("totalSupply", "totalBorrow", "supplyAPY", "borrowAPY", "utilization"):
        assert told[name] == row[name], name
    assert told["timestamp"] == "2026-03-01T12:00:01.000Z" and told["priceUSD"] == "1"
    whole = MarketPoint.objects.get()
    assert (whole.tvl_usd, whole.borrowed_usd) == (10_000, 5_000)
    assert whole.average_health == Decimal("3.3472")
    assert (whole.users_24h, whole.transactions_24h) == (2, 2)


def test_old_points_are_pruned_to_the_last_of_each_whole_day():
    kept = [ago(days=91, hours=1), ago(days=92, hours=1), ago(days=90), ago(days=3), ago(days=3)]
    gone = [ago(days=91, hours=2), ago(days=91, hours=12), ago(days=92, hours=3)]
    PoolPoint.objects.bulk_create(point(at) for at in sorted([*kept, *gone]))
    PoolPoint.objects.bulk_create([point(ago(days=92, hours=3), "eth-main")])
    history.prune(T0)
    left = PoolPoint.objects.filter(pool="usdc-main").values_list("at", flat=True)
    assert list(left) == sorted(kept)
    assert PoolPoint.objects.filter(pool="eth-main").count() == 1
    history.prune(T0)
    assert PoolPoint.objects.count() == 6


def test_market_points_are_pruned_likewise():
    for hours in (3, 2, 1):
        history.record(ago(days=100, hours=hours))
    history.prune(T0)
    assert [p.at for p in MarketPoint.objects.all()] == [ago(days=100, hours=1)]


@pytest.mark.parametrize(("period", "count"), [("7d", 1), ("30d", 2), ("1y", 3), ("all", 4)])
def test_a_period_shows_its_own_points(period, count):
    PoolPoint.objects.bulk_create(point(ago(days=days)) for days in (500, 100, 20, 3))
    rows = history.pool_history("usdc-main", period, T0)
    assert [row.at for row in rows] == [ago(days=d) for d in (500, 100, 20, 3)[-count:]]


def test_a_long_period_is_thinned_to_500_points_up_to_the_newest():
    PoolPoint.objects.bulk_create(point(ago(minutes=5 * n)) for n in range(2000))
    rows = [row.at for row in history.pool_history("usdc-main", "7d", T0)]
    assert len(rows) == 500 and rows == sorted(rows) and rows[-1] == T0
    gaps = {later - earlier for earlier, later in zip(rows, rows[1:], strict=False)}
    assert max(gaps) <= timedelta(minutes=25)


def test_points_of_one_moment_are_thinned_too():
    assert history.thinned([(n, T0) for n in range(10)], 3) == [7, 8, 9]


def test_unknown_period_is_refused():
    with pytest.raises(errors.ValidationError):
        history.pool_history("usdc-main", "2d", T0)
