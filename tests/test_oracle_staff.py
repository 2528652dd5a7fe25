"""What staff do to prices, and that it reaches the engine."""

from decimal import Decimal

import pytest

from dualis import errors
from dualis.bulk import rows_saved
from dualis.oracle.assets import seed_assets
from dualis.oracle.market import Oracle
from dualis.oracle.models import ManualPrice, OracleAlert, Quote
from dualis.oracle.staff import reset_breaker, set_manual_price
from tests.oracle_world import T0, Scripted, at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("actors")]


@pytest.fixture(autouse=True)
def assets():
    seed_assets()


def tripped():
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    oracle.tick(at(0))
    source.says["ETH"] = "150"
    oracle.tick(at(1))
    return oracle, source


def test_manual_price_is_appended_with_who_and_when():
    set_manual_price("SPY-2026", Decimal("512.45"), actor="usr_1", now=T0)
    set_manual_price("SPY-2026", Decimal("513"), actor="usr_2", now=at(5))
    rows = ManualPrice.objects.order_by("id").values_list("price", "actor_id", "entered_at")
    assert list(rows) == [(Decimal("512.45"), "usr_1", T0), (Decimal(513), "usr_2", at(5))]
    alert = OracleAlert.objects.get(at=at(5))
    assert (alert.type, alert.metadata) == ("manual_price", {"actor": "usr_2", "price": "513.00"})


def test_manual_price_reaches_an_engine_that_runs():
    oracle = Oracle([])
    oracle.tick(T0)
    set_manual_price("SPY-2026", Decimal(500), actor="usr_1", now=at(1))
    oracle.tick(at(2))
    set_manual_price("SPY-2026", Decimal(505), actor="usr_1", now=at(3))
    oracle.tick(at(4))
    assert Quote.objects.get(asset="SPY-2026").price == 505


def test_mistyped_manual_price_trips_the_breaker():
    oracle = Oracle([])
    set_manual_price("SPY-2026", Decimal(500), actor="usr_1", now=T0)
    oracle.tick(at(1))
    set_manual_price("SPY-2026", Decimal(5000), actor="usr_1", now=at(9_000))
    oracle.tick(at(9_001))
    quote = Quote.objects.get(asset="SPY-2026")
    assert (quote.price, quote.is_tripped, quote.candidate) == (500, True, 5000)


@pytest.mark.parametrize("price", ["0", "-1", "0.000000001", "NaN", "Infinity", "1e20"])
def test_manual_price_refuses_what_is_no_price(price):
    with pytest.raises(errors.ValidationError):
        set_manual_price("SPY-2026", Decimal(price), actor="usr_1", now=T0)
    assert not ManualPrice.objects.exists()


def test_manual_price_refuses_market_assets_and_unknown_ones():
    with pytest.raises(errors.NotManual):
        set_manual_price("ETH", Decimal(1), actor="usr_1", now=T0)
    with pytest.raises(errors.NotFound):
        set_manual_price("DOGE", Decimal(1), actor="usr_1", now=T0)


def test_reset_releases_at_the_next_tick_and_only_once():
    oracle, source = tripped()
    reset_breaker("ETH", actor="usr_1", now=at(2))
    oracle.tick(at(2))
    quote = Quote.objects.get(asset="ETH")
    assert (quote.price, quote.is_tripped, quote.reset_requested_at) == (150, False, None)
    source.says["ETH"] = "200"
    oracle.tick(at(3))
    assert Quote.objects.get(asset="ETH").is_tripped
    alert = OracleAlert.objects.get(type="circuit_breaker_reset")
    assert alert.metadata == {"actor": "usr_1", "price": "100.00", "candidate": "150.00"}


def test_reset_reaches_an_engine_that_was_started_again():
    _, source = tripped()
    reset_breaker("ETH", actor="usr_1", now=at(2))
    Oracle([source]).tick(at(2))
    assert not Quote.objects.get(asset="ETH").is_tripped


def test_reset_announces_nothing_by_itself():
    tripped()
    seen = []

    def receive(sender, rows, **kwargs):
        seen.extend(rows)

    rows_saved.connect(receive)
    reset_breaker("ETH", actor="usr_1", now=at(2))
    rows_saved.disconnect(receive)
    assert seen == []


def test_reset_refuses_what_is_not_tripped_or_has_no_candidate():
    source = Scripted({"ETH": "100"})
    oracle = Oracle([source])
    with pytest.raises(errors.BreakerNotTripped):
        reset_breaker("ETH", actor="usr_1", now=T0)
    oracle.tick(at(0))
    with pytest.raises(errors.BreakerNotTripped):
        reset_breaker("ETH", actor="usr_1", now=T0)
    source.says["ETH"] = None
    oracle.tick(at(301))
    with pytest.raises(errors.OracleStale):
        reset_breaker("ETH", actor="usr_1", now=at(302))
    with pytest.raises(errors.NotFound):
        reset_breaker("DOGE", actor="usr_1", now=T0)
