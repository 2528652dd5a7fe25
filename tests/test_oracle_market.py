"""The tick: what is published, recorded and told; rollback, restart, replay, exploits."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from dualis import errors
from dualis.bulk import rows_saved
from dualis.notifications.models import Notification
from dualis.oracle import market
from dualis.oracle.assets import CATALOGUE, seed_assets
from dualis.oracle.history import roll_up
from dualis.oracle.market import Oracle
from dualis.oracle.models import Asset, OracleAlert, PriceBar, PriceTick, Quote
from dualis.oracle.staff import set_manual_price
from tests.oracle_world import T0, Scripted, at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("actors")]


@pytest.fixture(autouse=True)
def assets(settings):
    settings.PRICE_SOURCE = "simulated"
    seed_assets()


@pytest.fixture
def announced():
    """Collect the rows that were announced, as {asset: row} per tick."""
    found: list[dict[str, dict]] = []

    def receive(sender, rows, **kwargs):
        if sender is Quote:
            found.append({row.asset_id: row.to_dict() for row in rows})

    rows_saved.connect(receive)
    yield found
    rows_saved.disconnect(receive)


def eth() -> Quote:
    return Quote.objects.get(asset="ETH")


def run(oracle, source, prices, start=0):
    """Tick once a second with these prices of ETH."""
    for second, price in enumerate(prices, start):
        source.says["ETH"] = price
        oracle.tick(at(second))


def everything():
    return [
        *Quote.objects.values_list().order_by("pk"),
        *PriceTick.objects.values_list("asset", "feed", "at", "price", "is_valid").order_by("at"),
    ]


def test_tick_publishes_every_fresh_asset_every_time(announced):
    oracle = Oracle()
    for name in ("T-BILL", "SPY-2026"):
        set_manual_price(name, Decimal(5), actor="usr_staff", now=T0)
    for second in range(3):
        oracle.tick(at(second))
    expected = {"BTC", "wBTC", "ETH", "USDC", "USDT", "CC", "DUAL", "T-BILL", "SPY-2026"}
    assert [rows.keys() for rows in announced] == [expected] * 3


def test_tick_starts_the_simulation_at_the_start_prices_and_moves_it():
    oracle = Oracle()
    oracle.tick(T0)
    row = eth().to_dict()
    assert row == {
        "asset": "ETH",
        "price": "2041.00",
        "change24h": None,
        "source": "oracle_aggregated",
        "simulated": True,
        "confidence": 0.78,
        "twap5m": "2041.00",
        "twap15m": "2041.00",
        "twap1h": "2041.00",
        "stale": False,
        "circuitBreaker": False,
    }
    oracle.tick(at(1))
    assert eth().price != Decimal(2041)
    assert abs(eth().price - 2041) < 5


def test_tick_is_one_transaction_of_few_statements(django_assert_max_num_queries):
    oracle = Oracle()
    set_manual_price("T-BILL", Decimal(5), actor="usr_staff", now=T0)
    oracle.tick(T0)
    with django_assert_max_num_queries(10) as seen:
        oracle.tick(at(1))
    assert (
        len([query for query in seen if query["sql"].startswith("INSERT")]) == 3
    )  # ticks, quotes, events
    assert len([query for query in seen if query["sql"].startswith("SAVEPOINT")]) <= 2


def test_twap_and_source_time_are_published_from_the_recorded_samples():
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    for second, price in ((0, "100"), (60, "101"), (120, "99"), (180, "99")):
        source.says["ETH"] = price
        oracle.tick(at(second))
    assert eth().twap_5m == Decimal(100)
    assert eth().source_at == at(180)


def test_two_sources_are_published_as_their_median():
    a, b = Scripted({"ETH": "100"}, "a"), Scripted({"ETH": "101"}, "b")
    Oracle([a, b]).tick(T0)
    assert eth().price == Decimal("100.5")
    assert eth().sources == ["a", "b"]
    assert eth().feed == "a+b"
    assert eth().confidence == Decimal("0.8867")


def test_slide_of_nine_point_nine_percent_a_tick_is_not_published():
    source = Scripted({"ETH": "100"})
    run(Oracle([source]), source, ["100", "90.1", "81.1801", "73.14", "65.9"])
    assert eth().price == Decimal("90.1")
    assert eth().is_tripped
    assert eth().trip_reason == "jump"


def test_spread_between_two_sources_freezes_and_agreement_releases():
    a, b = Scripted({"ETH": "100"}, "a"), Scripted({"ETH": "100"}, "b")
    oracle = Oracle([a, b])
    oracle.tick(T0)
    b.says["ETH"] = "105"
    oracle.tick(at(1))
    assert (eth().is_tripped, eth().trip_reason, eth().price) == (True, "spread", 100)
    a.says["ETH"] = "104"
    oracle.tick(at(2))
    assert (eth().is_tripped, eth().price) == (False, Decimal("104.5"))


def test_flash_spike_and_back_keeps_the_price_and_recovers():
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    run(oracle, source, ["100"] * 10 + ["300"] + ["100"] * 61)
    assert eth().price == 100
    assert not eth().is_tripped
    types = OracleAlert.objects.order_by("at").values_list("type", flat=True)
    assert list(types) == ["circuit_breaker_trip", "circuit_breaker_recover"]
    assert PriceTick.objects.filter(asset="ETH", is_valid=False).count() >= 1


def test_frozen_quote_is_announced_when_it_changes_and_not_again(announced):
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    run(oracle, source, ["100", "300", "301", "302"])
    assert [list(rows) for rows in announced] == [["ETH"], ["ETH"]]
    assert announced[-1]["ETH"]["circuitBreaker"] is True
    assert announced[-1]["ETH"]["price"] == "100.00"


def test_outage_makes_the_price_stale_and_a_jump_after_it_waits(announced):
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    oracle.tick(T0)
    source.says["ETH"] = None
    oracle.tick(at(300))
    assert not eth().is_stale
    oracle.tick(at(301))
    assert (eth().is_stale, eth().is_tripped, eth().sources) == (True, True, [])
    source.says["ETH"] = "150"
    oracle.tick(at(400))
    assert (eth().price, eth().is_stale) == (100, True)
    oracle.tick(at(460))
    assert (eth().price, eth().is_stale, eth().is_tripped) == (150, False, False)
    types = set(OracleAlert.objects.values_list("type", flat=True))
    assert types == {
        "stale_price",
        "circuit_breaker_trip",
        "circuit_breaker_recover",
        "source_failure",
        "source_recovery",
    }


def test_staff_are_notified_of_a_trip_and_of_a_stale_price():
    staff = get_user_model().objects.create(email="staff@example.com", role="admin")
    get_user_model().objects.create(email="user@example.com", role="retail")
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    run(oracle, source, ["100", None])
    oracle.tick(at(500))
    found = Notification.objects.values_list("user", "type").order_by("type")
    assert list(found) == [
        (staff.pk, "ORACLE_CIRCUIT_BREAKER"),
        (staff.pk, "ORACLE_STALE_PRICE"),
    ]


def test_inactive_asset_goes_stale():
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    oracle.tick(T0)
    Asset.objects.filter(pk="ETH").update(is_active=False)
    oracle.tick(at(1))
    assert eth().is_stale


def test_asset_without_a_price_has_no_quote():
    Oracle([Scripted({"ETH": None})]).tick(T0)
    assert not Quote.objects.exists()


def test_manual_price_stays_fresh_for_a_day_and_then_goes_stale():
    oracle = Oracle([])
    set_manual_price("SPY-2026", Decimal("512.45"), actor="usr_staff", now=T0)
    oracle.tick(at(1))
    quote = Quote.objects.get(asset="SPY-2026")
    assert (quote.price, quote.source_at, quote.is_simulated) == (Decimal("512.45"), T0, False)
    assert quote.confidence == Decimal("0.858")
    oracle.tick(at(86_400))
    quote.refresh_from_db()
    assert (quote.is_stale, quote.twap_1h) == (False, Decimal("512.45"))
    oracle.tick(at(86_401))
    quote.refresh_from_db()
    assert quote.is_stale
    assert PriceTick.objects.count() == 1


def test_rolled_back_tick_leaves_no_trace_in_memory(monkeypatch):
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    run(oracle, source, ["100", "101"])
    with monkeypatch.context() as patch:
        patch.setattr(market, "save_all", lambda *a, **k: 1 / 0)
        source.says["ETH"] = "109"
        with pytest.raises(ZeroDivisionError):
            oracle.tick(at(2))
    source.says["ETH"] = "103"
    expected = _after_rollback(lambda: Oracle([source]).tick(at(30)))
    oracle.tick(at(30))
    assert everything() == expected
    assert not PriceTick.objects.filter(price=109).exists()


def test_tick_inside_a_transaction_that_rolls_back_leaves_no_trace_in_memory():
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    run(oracle, source, ["100", "101"])

    def jump():
        source.says["ETH"] = "300"
        oracle.tick(at(2))
        assert eth().is_tripped

    _after_rollback(jump)
    source.says["ETH"] = "103"
    expected = _after_rollback(lambda: Oracle([source]).tick(at(30)))
    oracle.tick(at(30))
    assert everything() == expected
    assert not eth().is_tripped


def _after_rollback(action):
    """Do something, look at the database, undo it."""
    with transaction.atomic():
        action()
        found = everything()
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize(
    "prices",
    [
        ["100", "101", "102", "99"],
        ["100", "101", "150", "151"],  # tripped
        ["100", "150", *["151"] * 61],  # released
        ["100", "101", None, None],
    ],
    ids=["calm", "tripped", "released", "silent"],
)
def test_restart_gives_the_tick_that_would_have_come(prices):
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    for minute in range(0, 25 * 60, 7):  # so that there is a price of 24 h ago
        source.says["ETH"] = str(Decimal(100) + Decimal(minute) / 10_000)
        oracle.tick(at(minute * 60 - 90_000))
    roll_up()
    run(oracle, source, prices)
    later = at(len(prices) + 3)
    with transaction.atomic():
        oracle.tick(later)
        expected = everything()
        transaction.set_rollback(True)
    fresh = Oracle([source])
    fresh.tick(later)
    assert everything() == expected
    assert eth().change_24h is not None


def test_restart_of_the_simulation_continues_its_path():
    oracle = Oracle()
    for second in range(30):
        oracle.tick(at(second))
    with transaction.atomic():
        oracle.tick(at(30))
        expected = everything()
        transaction.set_rollback(True)
    Oracle().tick(at(30))
    assert everything() == expected


def test_current_quotes_refuses_an_unknown_asset():
    Oracle().tick(T0)
    assert [quote.asset_id for quote in market.current_quotes(["ETH", "BTC"])] == ["BTC", "ETH"]
    assert len(market.current_quotes()) == 7
    with pytest.raises(errors.NotFound):
        market.current_quotes(["ETH", "DOGE"])


# --- replay ---------------------------------------------------------------------------------
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
    _after_rollback(lambda: oracle.tick(T0))
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
