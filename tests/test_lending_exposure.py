"""Loans by health and under falls of prices: the pure figures, and one finding a block by REST."""

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from dualis.lending import borrowing, exposures, supplying
from dualis.lending.exposure import FALLS, Loan, Market, measure
from dualis.lending.models import Market as MarketRow
from tests import lending_market as lm
from tests.lending_market import rich

MARKET = Market(("ETH", "USDC", "BTC"), (2000.0, 1.0, 50_000.0), (0.8, 0.85, 0.75))
SAFE = Loan({"ETH": 10}, "USDC", 8000)  # 16,000 counts: health 2
THIN = Loan({"ETH": 10}, "USDC", 15_000)  # health 1.0667: below 0.95 from a fall of 10.94 % on
SHORT = Loan({"BTC": 1}, "ETH", 20)  # 37,500 over 40,000: 0.9375


def at(rows, fall):
    return rows[FALLS.index(fall)]


def test_loans_are_counted_in_the_bucket_of_their_health():
    found = measure([SAFE, THIN, SHORT], MARKET)
    counted = {(b.least, b.below): (b.loans, b.debt) for b in found.buckets if b.loans}
    assert counted == {
        (2.0, 3.0): (1, 8000),  # a bucket has its lower bound
        (1.05, 1.2): (1, 15_000),
        (0.0, 0.95): (1, 40_000),
    }
    assert (found.loans, found.debt, found.collateral) == (3, 63_000, 90_000)


def test_what_falls_together_and_alone_is_told_apart():
    found = measure([SAFE, THIN, SHORT], MARKET, stable=["USDC"])
    assert at(found.together, 0.0).loans == 1 and at(found.together, 0.10).loans == 1
    fallen = at(found.together, 0.15)
    assert (fallen.loans, fallen.debt) == (2, 15_000 + 34_000), "a debt in ETH falls with it"
    assert fallen.collateral == pytest.approx(17_000 + 42_500)
    assert set(found.alone) == {"ETH", "BTC"}, "nobody holds USDC, and it does not fall"
    assert at(found.alone["ETH"], 0.15).loans == 1, "cheaper ETH cures a debt in it"
    assert at(found.alone["BTC"], 0.30).debt == 40_000


def test_a_shortfall_is_debt_that_collateral_does_not_cover():
    found = measure([THIN], MARKET, stable=["USDC"])
    assert at(found.together, 0.20).shortfall == 0
    assert at(found.together, 0.50).shortfall == pytest.approx(5000)


def test_a_market_without_loans_has_nothing_at_risk():
    found = measure([], MARKET)
    assert found.loans == 0 and found.alone == {}
    assert {row.debt for row in found.together} == {0} and {b.loans for b in found.buckets} == {0}


# --- over REST -----------------------------------------------------------------------------------
@pytest.fixture
def borrowed(transactional_db):
    lm.opened()
    now = timezone.now()
    supplying.supply(rich("lender").id, "usdc-main", "9000", now=now)
    borrowing.open_position(rich("borrower").id, "usdc-main", "4500", {"ETH": "10"}, now=now)


def ask():
    return APIClient().get("/v1/analytics/risk").json()["data"]


@pytest.mark.django_db(transaction=True)
def test_the_exposure_is_told_in_sums_without_names(borrowed):
    answer = APIClient().get("/v1/analytics/risk")
    data = answer.json()["data"]
    assert (data["loans"], data["debtUSD"], data["liquidatableBelow"]) == (1, "4500.00", 0.95)
    assert sum(row["loans"] for row in data["healthFactors"]) == 1
    assert [row["fall"] for row in data["shocks"]] == list(FALLS)
    assert [row["asset"] for row in data["byAsset"]] == ["ETH"]
    assert "brw_" not in answer.content.decode() and "usr_" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_exposure_is_measured_once_a_block(borrowed, monkeypatch):
    count = []
    real = exposures.measure
    monkeypatch.setattr(exposures, "measure", lambda: count.append(1) or real())
    memory = exposures.Memory()
    first = memory.read("epoch")
    assert memory.read("epoch") is first and len(count) == 1
    row = MarketRow.objects.get(id=1)
    row.block += 1
    row.save()
    assert memory.read("epoch").block == first.block + 1 and len(count) == 2
    memory.read("another")
    assert len(count) == 3, "blocks of another database are others"


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_it_is_measured_gets_the_block_before(borrowed, monkeypatch):
    memory = exposures.Memory()
    first = memory.read("epoch")
    row = MarketRow.objects.get(id=1)
    row.block += 1
    row.save()
    real, inside = exposures.measure, []

    def measured():
        inside.append(memory.read("epoch"))
        return real()

    monkeypatch.setattr(exposures, "measure", measured)
    assert memory.read("epoch").block == first.block + 1
    assert inside == [first]
