"""The tick: what is published, recorded and told; freezes and exploits."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model

from dualis import errors
from dualis.bulk import rows_saved
from dualis.notifications.models import Notification
from dualis.oracle import market
from dualis.oracle.assets import seed_assets
from dualis.oracle.market import Oracle
from dualis.oracle.models import Asset, OracleAlert, PriceTick, Quote
from dualis.oracle.staff import set_manual_price
from tests.oracle_world import T0, Scripted, at, eth, run

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
    assert eth().spread == Decimal("0.05"), "of what the sources say, published or not"
    a.says["ETH"] = "104"
    oracle.tick(at(2))
    assert (eth().is_tripped, eth().price) == (False, Decimal("104.5"))
    assert eth().spread == Decimal("0.00961538")
    a.says["ETH"] = b.says["ETH"] = None
    oracle.tick(at(400))
    assert eth().spread is None, "nobody answers"


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


def test_current_quotes_refuses_an_unknown_asset():
    Oracle().tick(T0)
    assert [quote.asset_id for quote in market.current_quotes(["ETH", "BTC"])] == ["BTC", "ETH"]
    assert len(market.current_quotes()) == 7
    with pytest.raises(errors.NotFound):
        market.current_quotes(["ETH", "DOGE"])
