"""Loans of participants at the limit: when they are opened, when repaid, that a swing ends them."""

from decimal import Decimal

import pytest

from dualis.accounts.models import User
from dualis.lending import demo_loans, participants
from dualis.lending.models import Liquidation, Market
from tests import demo_market, world
from tests import liquidation_market as lqm
from tests.demo_market import loans, swing
from tests.lending_market import after, check

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    demo_market.made()
    yield
    check()


def run(count, since=0):
    return [demo_loans.step(after(seconds=since + 7 * number)) for number in range(1, count + 1)]


def test_a_high_price_is_borrowed_against_and_a_low_one_borrowed_as_far_as_it_goes():
    swing("11.2")
    assert run(1) == [True]
    swing("8.7")
    assert run(1, since=10) == [True]
    against, of_it = loans()
    assert against.pool_id == "usdc-main" and list(against.collateral) == ["SWING"]
    assert of_it.pool_id == "swing-demo" and list(of_it.collateral) == ["USDC"]
    rated = User.objects.filter(email__startswith="sim-").exclude(email="sim-6@dualis.finance")
    swing("11.2")
    assert against.to_dict()["healthFactor"] == pytest.approx(1.2, abs=0.0002)
    swing("8.7")
    assert of_it.to_dict()["healthFactor"] == pytest.approx(1.2, abs=0.0002)
    for loan in (against, of_it):
        assert loan.user in rated and 600 < Decimal(loan.to_dict()["collateralValueUSD"]) < 3_001


@pytest.mark.parametrize(("price", "mean"), [("11", "10"), ("8.8", "10"), ("11.2", None)])
def test_a_price_near_its_mean_invites_nobody(price, mean):
    swing(price, mean)
    assert run(3) == [False] * 3 and not loans()


def test_no_more_than_eight_each_way():
    swing("11.2")
    run(10)
    swing("8.7")
    run(10, since=100)
    pools = [loan.pool_id for loan in loans()]
    assert (pools.count("usdc-main"), pools.count("swing-demo")) == (8, 8)


def test_who_is_left_repays_after_twelve_minutes():
    swing("11.2")
    run(2)  # after 7 and 14 s
    swing("10")
    assert run(2, since=713) == [False, True] and len(loans()) == 1
    assert run(1, since=727) == [True] and not loans()


def test_the_next_swing_liquidates_them():
    swing("11.2")
    run(3)
    swing("8.8")
    lqm.run(after(seconds=60))
    assert Liquidation.objects.filter(status="open").count() == 3


def test_who_has_such_a_loan_borrows_otherwise_as_ever():
    swing("11.2")
    run(8)
    daring = {loan.id: loan.principal for loan in loans()}
    for second in range(100, 300, 4):
        participants.step(after(seconds=second))
    old = [loan for loan in loans() if loan.id in daring]
    plain = [loan for loan in loans() if loan.id not in daring]
    assert {loan.user_id for loan in plain} & {loan.user_id for loan in old}
    assert {loan.id: loan.principal for loan in old} == daring


def test_a_refusal_is_skipped():
    Market.objects.filter(id=1).update(is_paused=True)
    swing("11.2")
    assert run(3) == [False] * 3 and not loans()


def test_a_market_without_the_asset_has_no_such_loans():
    world.quote("SWING", "10").delete()
    assert run(1) == [False]
