"""What the protocol's health score is made of: measured from bookings and recorded moments."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dualis.accounts.money import Entry
from dualis.lending import bidding, borrowing, history, pools, protocol_health, supplying
from dualis.lending.models import Liquidation
from dualis.lending.points import HealthPoint, MarketPoint
from tests import lending_market as lm
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import auction_at, loan, reprice

pytestmark = pytest.mark.django_db
D = Decimal


def measured(now=T0):
    history.record(now)
    return HealthPoint.objects.get(market__at=now)


def test_an_empty_market_measures_what_there_is():
    lm.opened()
    found = measured()
    assert found.bad_debt_ratio is found.reserve_coverage is found.liquidation_efficiency is None
    assert found.concentration is None and found.oracle_uptime is None
    assert found.live_feeds == 1 and found.buckets == [0, 0, 0, 0, 0]
    assert (found.liquidations_24h, found.fees_24h_usd) == (0, 0)
    score = protocol_health.score_of(found)
    assert (score.value, score.weight) == (None, 0)


def test_shares_reserves_and_buckets_are_those_of_the_pools_and_loans():
    borrower, _ = lqm.opened()  # 15,000 of 500,000 USDC against 10 ETH, health 1.77
    supplying.supply(borrower.id, "eth-main", "50", now=T0)
    loan(borrower, "9000")
    reprice("ETH", "2500")
    pools.run_block(after(days=30))
    found = measured(after(days=30))
    market = found.market
    assert found.buckets == [1, 0, 1, 0, 0]
    assert found.concentration == pytest.approx(D("500000") / market.tvl_usd, abs=D("0.0001"))
    assert market.reserves_usd > 0
    assert found.reserve_coverage == pytest.approx(
        market.reserves_usd / market.borrowed_usd, abs=D("0.000001")
    )
    assert found.bad_debt_ratio == 0
    check()


def test_liquidations_count_by_how_they_ended_for_30_days():
    borrower, _ = lqm.opened()
    bidder = rich("bidder")
    row = auction_at("1690")
    bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    assert measured().liquidation_efficiency == 1
    lost = loan(rich("other"), "500", {"CC": "10000"})
    reprice("CC", "0.02")
    lqm.run(after(seconds=61))
    row = Liquidation.objects.get(position=lost)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=62))
    row.refresh_from_db()
    assert row.bad_debt > 0
    found = measured(after(seconds=62))
    assert (found.liquidation_efficiency, found.liquidations_24h) == (D("0.5"), 2)
    assert found.bad_debt_ratio == pytest.approx(
        row.bad_debt / found.market.borrowed_usd, abs=D("0.000001")
    )
    later = measured(after(days=1, seconds=62))
    assert later.liquidations_24h == 0 and later.liquidation_efficiency == D("0.5")
    later = measured(after(days=31))
    assert later.liquidation_efficiency is None and later.bad_debt_ratio == 0
    check()


def test_what_recovered_before_a_bid_needed_no_bidder():
    lqm.opened()
    auction_at("1690")
    reprice("ETH", "3000")
    lqm.run(after(seconds=5))
    assert Liquidation.objects.get().outcome == "cancelled"
    assert measured(after(seconds=6)).liquidation_efficiency is None


def test_fees_are_what_was_booked_in_24_hours_and_not_what_was_spent():
    borrower, position = lqm.opened()
    borrowing.repay(borrower.id, position.id, "1000", now=after(days=30))
    booked = Entry.objects.filter(account="reserves:usdc-main").values_list("amount", flat=True)
    interest = sum(booked, D(0))
    assert interest > 1
    shown = interest.quantize(D("0.01"), rounding="ROUND_DOWN")
    assert measured(after(days=30)).fees_24h_usd == 0, "a minute late"
    assert measured(after(days=30, minutes=5)).fees_24h_usd == shown
    last = measured(after(days=31, minutes=4))
    assert (last.fees_usd, last.fees_24h_usd) == (0, shown), "counted once"
    assert measured(after(days=31, minutes=5)).fees_24h_usd == 0


def test_fees_of_before_the_first_point_and_of_an_outage_are_those_of_a_day():
    borrower, position = lqm.opened()
    for day in (10, 20):
        borrowing.repay(borrower.id, position.id, "100", now=after(days=day))
        assert measured(after(days=day, hours=2)).fees_24h_usd > 0
    borrowing.repay(borrower.id, position.id, "100", now=after(days=30))
    assert measured(after(days=32)).fees_24h_usd == 0


def test_fees_of_liquidations_count_too():
    lqm.opened()
    row = auction_at("1690")
    lqm.run_to(150)
    bidding.bid(rich("bidder").id, row.auction_id, "max", now=after(seconds=150))
    row.refresh_from_db()
    assert row.fee_usd > 9
    assert measured(after(seconds=210)).fees_24h_usd >= row.fee_usd.quantize(
        D("0.01"), rounding="ROUND_DOWN"
    )


def test_uptime_is_of_the_recorded_moments_of_a_day():
    lm.opened()
    assert measured().oracle_uptime is None
    reprice("ETH", "2041", is_stale=True)
    frozen = measured(after(minutes=5))
    assert frozen.live_feeds == D("0.833333") and frozen.oracle_uptime == 1
    reprice("ETH", "2041", is_stale=False)
    assert measured(after(minutes=10)).oracle_uptime == D("0.9167")
    late = measured(after(minutes=60))
    assert late.oracle_uptime == D("0.3194"), "for 40 minutes nobody looked"
    assert measured(after(minutes=65)).oracle_uptime == D("0.3718")
    # a day later all of that is past, and nobody looked at all
    assert measured(after(days=2)).oracle_uptime == 0


def test_an_engine_that_was_down_counts_as_down_when_it_is_back():
    lm.opened()
    measured()
    measured(after(days=3))
    found = measured(after(days=3, minutes=5))
    assert found.oracle_uptime == D("0.0035"), "5 minutes of 24 hours"


def test_points_older_than_90_days_go_with_their_market():
    lm.opened()
    measured(T0 - timedelta(days=100, hours=2))
    kept = measured(T0 - timedelta(days=100, hours=1))
    history.prune(T0)
    assert [point.market for point in HealthPoint.objects.all()] == [kept.market]
    assert MarketPoint.objects.count() == 1
