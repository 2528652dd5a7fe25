"""Figures of the whole market."""

from decimal import Decimal

import pytest

from dualis.lending import analytics, borrowing, demo, figures, supplying
from dualis.lending.models import BorrowPosition, Pool
from tests import lending_market as lm
from tests.lending_market import T0, after, check, rich

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


def test_an_empty_market_is_worth_nothing_and_has_no_health():
    assert analytics.totals(Pool.objects.all()) == analytics.Totals(*[Decimal("0.00")] * 3)
    assert analytics.loans([]).average is None
    assert analytics.activity(T0) == analytics.Activity(0, 0)


def test_average_health_is_the_mean_of_the_positions_own():
    demo.make_demo_market(T0)
    own = [row.to_dict()["healthFactor"] for row in BorrowPosition.objects.all()]
    found = analytics.loans(Pool.objects.all()).average
    assert float(found) == pytest.approx(sum(own) / len(own), abs=0.0002)


def test_totals_add_up_the_rows_of_the_pools():
    demo.make_demo_market(T0)
    pools = list(Pool.objects.all())
    found = analytics.totals(pools)
    shown = sum(Decimal(figures.pool_row(pool)["tvlUSD"]) for pool in pools)
    assert 0 <= found.supplied - shown < Decimal("0.06")
    assert 0 < found.borrowed < found.supplied


def test_activity_is_of_24_hours_and_of_users_alone():
    ada = rich("ada")
    supplying.supply(ada.id, "usdc-main", "1000", now=T0)
    supplying.withdraw(ada.id, "usdc-main", "1", now=after(hours=1))
    bob = rich("bob")
    borrowing.open_position(bob.id, "usdc-main", "500", {"ETH": "1"}, now=after(hours=2))
    assert analytics.activity(after(hours=2)) == analytics.Activity(2, 3)
    assert analytics.activity(after(hours=24)) == analytics.Activity(2, 2)
    assert analytics.activity(after(hours=25)) == analytics.Activity(1, 1)
