"""Ticks of a replay: what it publishes, where it ends, and files that are none."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dualis.oracle.assets import CATALOGUE, seed_assets
from dualis.oracle.market import Oracle
from dualis.oracle.models import OracleAlert, PriceBar, PriceTick, Quote
from tests.oracle_world import T0, after_rollback, at, eth

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("actors")]


@pytest.fixture(autouse=True)
def assets(settings):
    settings.PRICE_SOURCE = "simulated"
    seed_assets()


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture
def hourly(tmp_path):
    """A file of ten days of hourly prices: BTC rises by 1 an hour, ETH is listed on day three."""
    rows = ["time,BTC,ETH,LTC"]
    for hour in range(10 * 24):
        moment = datetime(2019, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
        rows.append(f"{moment.isoformat()},{1000 + hour},{100 if hour >= 72 else ''},5")
    return write(tmp_path / "hourly.csv", "\n".join(rows))


def test_replay_publishes_recorded_prices_with_a_real_change(hourly, settings):
    settings.PRICE_SOURCE = f"replay:{hourly}?speed=60"
    oracle = Oracle()
    oracle.tick(T0)
    btc = Quote.objects.get(asset="BTC")
    assert (btc.price, btc.feed, btc.is_simulated) == (1024, "replay", True)
    assert btc.source_at == datetime(2019, 1, 2, tzinfo=UTC)
    assert btc.change_24h == Decimal("0.0240")
    assert btc.twap_1h == Decimal("1023.49166667")  # minute by minute from the hour before
    assert PriceBar.objects.filter(asset="BTC", feed="replay").count() == 24 * 60
    oracle.tick(at(60))
    btc.refresh_from_db()
    assert btc.price == 1025
    assert set(Quote.objects.values_list("asset", flat=True)) == set(CATALOGUE) - {
        "ETH",
        "T-BILL-2026",
        "SPY-2026",
        "US-T10Y",
        "T-BILL",
    }
    assert Quote.objects.get(asset="DUAL").feed == "simulated"


def test_replay_lists_an_asset_when_its_first_price_comes(hourly, settings):
    settings.PRICE_SOURCE = f"replay:{hourly}?speed=86400"
    oracle = Oracle()
    for second in range(4):
        oracle.tick(at(second))
        listed = Quote.objects.filter(asset="ETH").exists()
        assert listed is (second >= 2)


def test_replay_goes_stale_after_its_end(hourly, settings):
    settings.PRICE_SOURCE = f"replay:{hourly}?speed=3600"
    oracle = Oracle()
    end = 9 * 24 - 1  # seconds; a second is an hour, and the first day is not played
    oracle.tick(T0)
    oracle.tick(at(end))
    assert not Quote.objects.get(asset="BTC").is_stale
    oracle.tick(at(end + 1))
    btc = Quote.objects.get(asset="BTC")
    assert (btc.is_stale, btc.price) == (True, 1239)
    oracle.tick(at(10**9))  # the clock does not run off the calendar
    assert not Quote.objects.get(asset="DUAL").is_stale


def test_replay_does_not_mix_with_what_was_simulated(hourly, settings):
    oracle = Oracle()
    for second in range(3):
        oracle.tick(at(second))
    simulated = eth().price
    settings.PRICE_SOURCE = f"replay:{hourly}"
    oracle = Oracle()
    oracle.tick(at(3))
    btc = Quote.objects.get(asset="BTC")
    assert (btc.price, btc.is_tripped, btc.change_24h) == (1024, False, Decimal("0.0240"))
    assert (eth().price, eth().is_stale, eth().feed) == (simulated, True, "simulated")
    settings.PRICE_SOURCE = "simulated"
    Oracle().tick(at(4))
    btc.refresh_from_db()
    assert (btc.feed, btc.is_tripped, btc.change_24h) == ("simulated", False, None)
    assert abs(btc.price - 67710) < 200
    assert not eth().is_stale


def test_replay_started_again_drops_the_rows_of_the_one_before(hourly, settings):
    settings.PRICE_SOURCE = f"replay:{hourly}?speed=86400"
    oracle = Oracle()
    for second in range(5):
        oracle.tick(at(second))
    Oracle().tick(at(10))
    newest = PriceTick.objects.filter(feed="replay").latest("at")
    assert newest.at == datetime(2019, 1, 2, tzinfo=UTC)
    assert not Quote.objects.get(asset="BTC").is_tripped


def test_replay_survives_the_rollback_of_its_first_tick(hourly, settings):
    settings.PRICE_SOURCE = f"replay:{hourly}"
    oracle = Oracle()
    after_rollback(lambda: oracle.tick(T0))
    oracle.tick(at(1))
    assert PriceBar.objects.filter(feed="replay").count() == 24 * 60
    assert Quote.objects.get(asset="BTC").change_24h == Decimal("0.0240")


DAILY = Path(__file__).resolve().parents[2] / "shared" / "data" / "btc-eth-ltc-usd-daily.csv"


@pytest.fixture
def daily(tmp_path):
    """Recorded daily prices if they are there, else a history with falls like theirs."""
    if DAILY.exists():
        return str(DAILY)
    rows, price = ["date,BTC_open,BTC_close,ETH_close"], 400.0
    for day in range(1500):
        moment = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=day)
        price *= 0.62 if day % 200 == 199 else 1.006 if day % 3 else 0.993
        listed = f"{price / 10:.2f}" if day >= 900 else ""
        rows.append(f"{moment.date()},{price:.2f},{price:.2f},{listed}")
    return write(tmp_path / "daily.csv", "\n".join(rows))


def test_recorded_years_replay_a_day_a_second_without_a_trip(daily, settings):
    settings.PRICE_SOURCE = f"replay:{daily}?speed=86400&column=close"
    with open(daily, newline="", encoding="utf-8") as lines:
        closes = [Decimal(row["BTC_close"]) for row in csv.DictReader(lines)]
    oracle = Oracle()
    for day in range(1, 1000):
        oracle.tick(at(day))
        close, before = closes[day], closes[day - 1]
        if day % 50 == 0 or close < before * Decimal("0.7"):
            btc = Quote.objects.get(asset="BTC")
            assert btc.price == close
            assert btc.change_24h == round(close / before - 1, 4)
    assert not OracleAlert.objects.filter(type="circuit_breaker_trip").exists()
    assert Quote.objects.get(asset="BTC").feed == "replay"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("live", "PRICE_SOURCE is 'live'; it is simulated or replay:"),
        ("replay", "no file is named"),
        ("replay:", "no file is named"),
        ("replay:/nowhere/a.csv", "there is no file /nowhere/a.csv"),
        ("replay:{file}?speed=0", "speed 0 is not above zero"),
        ("replay:{file}?column=close", "no column is named SYMBOL_close"),
    ],
)
def test_bad_price_source_is_a_clear_error(setting, words, hourly, settings):
    settings.PRICE_SOURCE = setting.format(file=hourly)
    with pytest.raises(ImproperlyConfigured) as caught:
        Oracle()
    assert words in str(caught.value)


def test_bad_row_of_a_replay_is_a_clear_error(tmp_path, settings):
    path = write(tmp_path / "bad.csv", "time,BTC\n2020-01-01,1\n2020-01-05,-1\n")
    settings.PRICE_SOURCE = f"replay:{path}"
    with pytest.raises(ImproperlyConfigured, match="line 3, column BTC: -1 is no positive price"):
        Oracle()


def test_unknown_columns_of_a_replay_are_logged_once(hourly, settings, caplog):
    settings.PRICE_SOURCE = f"replay:{hourly}"
    with caplog.at_level("INFO"):
        Oracle().tick(T0)
    assert [record.message for record in caplog.records if "LTC" in record.message] == [
        f"replay of {hourly}: unknown assets ignored: LTC"
    ]
