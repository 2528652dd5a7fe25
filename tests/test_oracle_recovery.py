"""The tick after a rollback and after a restart: what would have come without them."""

from decimal import Decimal

import pytest
from django.db import transaction

from dualis.oracle import market
from dualis.oracle.assets import seed_assets
from dualis.oracle.history import roll_up
from dualis.oracle.market import Oracle
from dualis.oracle.models import PriceTick
from tests.oracle_world import Scripted, after_rollback, at, eth, everything, run

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("actors")]


@pytest.fixture(autouse=True)
def assets(settings):
    settings.PRICE_SOURCE = "simulated"
    seed_assets()


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
    expected = after_rollback(lambda: Oracle([source]).tick(at(30)))
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

    after_rollback(jump)
    source.says["ETH"] = "103"
    expected = after_rollback(lambda: Oracle([source]).tick(at(30)))
    oracle.tick(at(30))
    assert everything() == expected
    assert not eth().is_tripped


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
