"""REST of the oracle: the rows, the refusals, and who may write."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.contrib.auth import get_user_model
from django.urls import include, path
from rest_framework.test import APIClient

from dualis.oracle.assets import seed_assets
from dualis.oracle.market import Oracle
from dualis.oracle.models import ManualPrice, Quote
from dualis.oracle.staff import set_manual_price
from tests.oracle_world import T0, Scripted, at

urlpatterns = [path("v1/oracle/", include("dualis.oracle.urls"))]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("actors"),
]


@pytest.fixture
def source():
    return Scripted({"ETH": "3245.67", "BTC": "67710", "CC": "0.1756"})


@pytest.fixture
def oracle(source):
    seed_assets()
    made = Oracle([source])
    made.tick(T0)
    return made


def client(role=None, scope="full"):
    made = APIClient()
    if role:
        user = get_user_model().objects.create(email=f"{role}@example.com", role=role)
        made.force_authenticate(user, cast(Any, SimpleNamespace(scope=scope)))
    return made


def get(address):
    return client().get(f"/v1/oracle/{address}")


def test_prices_are_the_wire_rows_with_the_keys_of_rest(oracle):
    answer = get("prices?assets=ETH")
    assert answer.status_code == 200
    assert answer.json()["data"] == [
        {
            **Quote.objects.get(asset="ETH").to_dict(),
            "quoteCurrency": "USD",
            "sources": ["scripted"],
            "spread": 0.0,
            "change24hPercent": None,
            "timestamp": "2026-03-01T12:00:00.000Z",
        }
    ]
    assert answer.json()["data"][0]["price"] == "3245.67"


def test_prices_show_all_assets_by_symbol_without_a_filter(oracle):
    assert [row["asset"] for row in get("prices").json()["data"]] == ["BTC", "CC", "ETH"]


def test_prices_give_the_change_in_percent(oracle, source):
    oracle.tick(at(86_400))
    row = get("prices/ETH").json()["data"]
    assert (row["change24h"], row["change24hPercent"]) == (0.0, 0.0)
    source.says["ETH"] = "3186.60"  # - 1.82 %
    oracle.tick(at(86_401))
    row = get("prices/ETH").json()["data"]
    assert (row["change24h"], row["change24hPercent"]) == (-0.0182, -1.82)


def test_price_comes_with_101_points_on_request(oracle):
    data = get("prices/ETH?history=true&period=1h").json()["data"]
    assert data["current"]["asset"] == "ETH"
    assert len(data["history"]) == 101
    assert data["history"][-1] == {"timestamp": "2026-03-01T12:00:00.000Z", "price": "3245.67"}


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("prices?assets=ETH,DOGE", 404, "NOT_FOUND"),
        ("prices/DOGE", 404, "NOT_FOUND"),
        ("prices/DUAL", 404, "NOT_FOUND"),  # known, never priced
        ("prices/ETH?history=true&period=2h", 400, "VALIDATION_ERROR"),
        ("twap/DOGE", 404, "NOT_FOUND"),
    ],
)
def test_unknown_names_are_refused(oracle, address, status, code):
    answer = get(address)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_twap_says_what_it_rests_on(oracle):
    oracle.tick(at(30))
    assert get("twap/ETH").json()["data"] == {
        "asset": "ETH",
        "price5m": "3245.67",
        "price15m": "3245.67",
        "price1h": "3245.67",
        "sampleCount": 2,
        "lastSampleTs": "2026-03-01T12:00:30.000Z",
    }


def test_sources_tell_who_answers_for_what(settings):
    settings.PRICE_SOURCE = "simulated"
    seed_assets()
    set_manual_price("SPY-2026", Decimal(500), actor="usr_1", now=T0)
    oracle = Oracle()
    oracle.tick(T0)
    oracle.tick(at(86_401))
    manual, simulated = get("sources").json()["data"]
    assert manual == {
        "name": "manual",
        "simulated": False,
        "confidence": 0.99,
        "assets": [],
        "failing": ["SPY-2026"],
    }
    assert simulated["simulated"] is True
    assert simulated["assets"] == ["BTC", "CC", "DUAL", "ETH", "USDC", "USDT", "wBTC"]


def test_status_tells_health_breakers_and_staleness(oracle, source, time_machine_at):
    source.says["ETH"] = "5000"
    oracle.tick(at(1))
    time_machine_at(at(120))
    data = get("status").json()["data"]
    assert (data["healthy"], data["priceSource"]) == (True, "simulated")
    eth = next(row for row in data["assets"] if row["asset"] == "ETH")
    assert eth == {
        "asset": "ETH",
        "stale": False,
        "circuitBreaker": True,
        "tripReason": "jump",
        "trippedAt": "2026-03-01T12:00:01.000Z",
        "releasedAt": None,
        "releasesAt": "2026-03-01T12:01:01.000Z",
        "candidate": "5000.00",
        "feed": "scripted",
        "sourceAt": "2026-03-01T12:00:00.000Z",
    }
    time_machine_at(at(121))
    assert get("status").json()["data"]["healthy"] is False


@pytest.fixture
def time_machine_at(monkeypatch):
    def travel(now):
        monkeypatch.setattr("dualis.oracle.api.timezone.now", lambda: now)

    return travel


def test_alerts_are_public_without_the_name_of_staff(oracle):
    set_manual_price("SPY-2026", Decimal(500), actor="usr_secret", now=at(1))
    data = get("alerts").json()["data"]
    assert [(row["type"], row["asset"]) for row in data] == [("manual_price", "SPY-2026")]
    assert "usr_secret" not in str(data)


def test_staff_enter_a_manual_price(oracle):
    staff = client("admin")
    answer = staff.post("/v1/oracle/manual/SPY-2026", {"price": "512.45"}, format="json")
    assert answer.status_code == 201
    assert answer.json()["data"]["price"] == "512.45"
    entry = ManualPrice.objects.get()
    assert (entry.price, entry.actor_id) == (
        Decimal("512.45"),
        get_user_model().objects.get(role="admin").pk,
    )


@pytest.mark.parametrize("price", ["0", "-1", "x", None, "1.123456789"])
def test_manual_price_that_is_no_price_is_refused(oracle, price):
    answer = client("admin").post("/v1/oracle/manual/SPY-2026", {"price": price}, format="json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"


def test_staff_reset_a_breaker(oracle, source):
    source.says["ETH"] = "5000"
    oracle.tick(at(1))
    answer = client("admin").post("/v1/oracle/circuit-breaker/ETH/reset")
    assert answer.status_code == 202
    assert answer.json()["data"] == {"asset": "ETH", "price": "3245.67", "candidate": "5000.00"}
    oracle.tick(at(2))
    assert Quote.objects.get(asset="ETH").price == 5000


def test_reset_of_a_breaker_that_is_not_tripped_is_refused(oracle):
    answer = client("admin").post("/v1/oracle/circuit-breaker/ETH/reset")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "BREAKER_NOT_TRIPPED")


@pytest.mark.parametrize("address", ["manual/SPY-2026", "circuit-breaker/ETH/reset"])
@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [(None, "", 401), ("retail", "full", 403), ("admin", "stream", 403)],
)
def test_only_staff_with_a_full_login_may_write(oracle, address, role, scope, status):
    body = {"price": "1"}
    answer = client(role, scope).post(f"/v1/oracle/{address}", body, format="json")
    assert answer.status_code == status
    assert not ManualPrice.objects.exists()
