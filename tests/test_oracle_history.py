"""Bars, retention and the 101 points."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dualis import errors
from dualis.oracle.assets import seed_assets
from dualis.oracle.history import PERIODS, price_history, prune, roll_up
from dualis.oracle.market import Oracle
from dualis.oracle.models import Interval, PriceBar, PriceTick, Quote
from tests.oracle_world import T0, Scripted, at

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def assets():
    seed_assets()


def play(samples, oracle=None, source=None):
    """Tick at these seconds with these prices of ETH."""
    source = source or Scripted({"ETH": "1"})
    oracle = oracle or Oracle([source])
    for second, price in samples:
        source.says["ETH"] = price
        oracle.tick(at(second))
    return oracle, source


def bars(interval):
    rows = PriceBar.objects.filter(asset="ETH", interval=interval).order_by("start")
    return [(b.start, b.open, b.high, b.low, b.close, b.close_at) for b in rows]


def test_roll_up_makes_minutes_and_days_of_the_valid_ticks():
    play([(1, "100"), (20, "103"), (40, "99"), (59, "101"), (60, "102"), (61, "900")])
    roll_up()
    assert bars(Interval.MINUTE) == [
        (T0, 100, 103, 99, 101, at(59)),
        (at(60), 102, 102, 102, 102, at(60)),
    ]
    assert bars(Interval.DAY) == [(MIDNIGHT, 100, 103, 99, 102, at(60))]


def test_roll_up_twice_or_in_parts_gives_the_same_bars():
    samples = [(second, str(100 + second % 7)) for second in range(0, 400, 11)]
    samples += [(second + 86_400, str(100 + second % 5)) for second in range(0, 200, 13)]
    oracle, source = play(samples[:9])
    for index in range(9, len(samples)):
        play(samples[index : index + 1], oracle, source)
        roll_up()
    in_parts = bars(Interval.MINUTE), bars(Interval.DAY)
    roll_up()
    assert (bars(Interval.MINUTE), bars(Interval.DAY)) == in_parts
    PriceBar.objects.all().delete()
    roll_up()
    assert (bars(Interval.MINUTE), bars(Interval.DAY)) == in_parts
    assert len(in_parts[1]) == 2


def test_prune_keeps_a_day_of_ticks_30_days_of_minutes_and_all_days():
    play([(0, "100"), (86_400, "101"), (31 * 86_400, "102"), (31 * 86_400 + 7200, "103")])
    roll_up()
    prune(at(31 * 86_400 + 7200))
    assert list(PriceTick.objects.values_list("at", flat=True)) == [
        at(31 * 86_400),
        at(31 * 86_400 + 7200),
    ]
    assert [row[0] for row in bars(Interval.MINUTE)] == [at(31 * 86_400), at(31 * 86_400 + 7200)]
    assert len(bars(Interval.DAY)) == 3


def test_prune_rolls_up_what_it_drops():
    play([(0, "100"), (2 * 86_400, "101")])
    prune(at(2 * 86_400))
    assert PriceTick.objects.count() == 1
    assert bars(Interval.MINUTE)[0][1] == 100


def test_prune_counts_back_on_the_clock_of_the_feed():
    play([(0, "100"), (10, "101")])
    prune(at(400 * 86_400))  # the feed has stood still for a year: its last day stays
    assert PriceTick.objects.count() == 2


@pytest.mark.parametrize("period", PERIODS)
def test_history_has_101_points_that_end_with_the_quote(period):
    play([(0, "100"), (30, "101"), (100, "102")])
    points = price_history("ETH", period)
    quote = Quote.objects.get(asset="ETH")
    assert len(points) == 101
    assert (points[-1].at, points[-1].price) == (quote.source_at, quote.price)
    assert points[-1].at - points[0].at == PERIODS[period]
    assert len({b.at - a.at for a, b in zip(points, points[1:], strict=False)}) == 1
    assert points[0].price is None  # nothing was recorded then


@pytest.mark.parametrize("rolled", [True, False])
def test_history_of_an_hour_shows_the_price_in_force_at_each_point(rolled):
    play([(second, str(100 + second // 60)) for second in range(0, 4000, 10)])
    if rolled:
        roll_up()
    points = price_history("ETH", "1h")
    for point in points[:-1]:
        second = int((point.at - T0).total_seconds()) // 10 * 10
        assert point.price == 100 + second // 60


def test_history_before_the_kept_minutes_comes_from_the_days():
    play([(-40 * 86_400, "90"), (0, "100")])
    prune(T0)
    points = price_history("ETH", "30d")
    assert points[0].price == 90
    assert points[-1].price == 100


def test_a_year_of_history_has_every_day_before_the_kept_minutes():
    play([(-400 * 86_400, "70"), (-200 * 86_400, "80"), (-100 * 86_400, "90"), (0, "100")])
    prune(T0)
    prices = [point.price for point in price_history("ETH", "1y")]
    assert prices[0] == 70 and prices[-1] == 100
    assert prices == sorted(prices) and set(prices) == {70, 80, 90, 100}


def test_history_shows_only_the_feed_of_the_quote():
    PriceTick.objects.create(
        asset_id="ETH",
        feed="replay",
        at=T0 - timedelta(minutes=30),
        price=Decimal(7),
        is_valid=True,
        is_simulated=True,
    )
    play([(0, "100")])
    assert {point.price for point in price_history("ETH", "1h")} == {None, Decimal(100)}


def test_history_refuses_an_unknown_period_and_an_asset_without_a_price():
    with pytest.raises(errors.ValidationError):
        price_history("ETH", "2h")
    with pytest.raises(errors.NotFound):
        price_history("ETH", "1h")
