"""The past of a demo market."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dualis.oracle import walk
from dualis.oracle.assets import CATALOGUE, START_PRICES, seed_assets
from dualis.oracle.backfill import backfill
from dualis.oracle.history import PERIODS, price_history, roll_up
from dualis.oracle.market import Oracle
from dualis.oracle.models import Asset, Interval, ManualPrice, PriceBar, PriceTick, Quote
from tests.oracle_world import T0, at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def simulated(settings):
    settings.PRICE_SOURCE = "simulated"


def test_seed_assets_twice_changes_nothing():
    seed_assets()
    Asset.objects.filter(pk="ETH").update(name="Renamed by staff")
    seed_assets()
    assert Asset.objects.count() == len(CATALOGUE) == 11
    assert Asset.objects.get(pk="ETH").name == "Renamed by staff"


def test_backfill_makes_a_year_that_ends_at_the_start_prices():
    backfill(at(30))
    quotes = {quote.asset_id: quote for quote in Quote.objects.all()}
    assert {symbol: quote.price for symbol, quote in quotes.items()} == START_PRICES
    assert all(quote.is_simulated and not quote.is_stale for quote in quotes.values())
    minutes = PriceBar.objects.filter(asset="ETH", interval=Interval.MINUTE)
    days = PriceBar.objects.filter(asset="ETH", interval=Interval.DAY)
    assert minutes.filter(start__gte=T0 - timedelta(hours=25)).count() == 1501
    assert days.count() == 367  # the first is in force when the year begins
    assert days.latest("start").close == START_PRICES["ETH"]
    assert minutes.earliest("start").start == T0 - timedelta(days=30)
    assert ManualPrice.objects.count() == 4
    assert not PriceBar.objects.filter(is_simulated=False).exists()


def test_change_and_averages_are_real_from_the_first_minute_after_backfill():
    backfill(T0)
    day_ago = PriceBar.objects.get(
        asset="ETH", interval=Interval.MINUTE, start=T0 - timedelta(days=1)
    )
    eth = Quote.objects.get(asset="ETH")
    assert eth.change_24h == round(Decimal(2041) / day_ago.close - 1, 4) != 0
    assert None not in (eth.twap_5m, eth.twap_15m, eth.twap_1h)
    assert eth.twap_1h != eth.price
    assert Quote.objects.get(asset="T-BILL").change_24h == 0
    for symbol in ("ETH", "T-BILL"):
        for period in PERIODS:
            assert None not in [point.price for point in price_history(symbol, period)]


def test_ticks_and_bars_go_on_from_the_backfilled_ones_without_a_jump():
    backfill(T0)
    oracle = Oracle()
    for second in range(1, 70):
        oracle.tick(at(second))
    roll_up()
    rows = PriceBar.objects.filter(asset="ETH", interval=Interval.MINUTE).order_by("start")
    bars = list(rows)
    assert [bar.start for bar in bars[-3:]] == [T0 - timedelta(minutes=1), T0, at(60)]
    for earlier, later in zip(bars, bars[1:], strict=False):
        assert abs(later.close / earlier.close - 1) < Decimal("0.05")
    assert not Quote.objects.filter(is_tripped=True).exists()
    assert not PriceTick.objects.filter(is_valid=False).exists()


def test_backfill_twice_leaves_the_history_alone():
    backfill(T0)
    before = list(PriceBar.objects.order_by("pk").values_list())
    backfill(at(10))
    assert list(PriceBar.objects.order_by("pk").values_list()) == before
    assert ManualPrice.objects.count() == 4


def test_a_demo_market_has_an_asset_more_whose_past_ends_on_its_tide():
    turned = walk.turn_before("SWING", int(T0.timestamp()))
    now = datetime.fromtimestamp(turned, UTC)
    backfill(now, is_demo=True)
    swing = Quote.objects.get(asset="SWING")
    assert swing.price == walk.starting("SWING", turned) and swing.is_simulated
    assert not swing.is_tripped and swing.twap_15m is not None
    bars = PriceBar.objects.filter(asset="SWING", interval=Interval.MINUTE)
    closes = [bar.close for bar in bars.order_by("-start")[:30]]
    assert max(closes) > Decimal("1.3") * min(closes)
