"""How much a protection rule moves: tables of the worked loan, dust, and what rounding may do."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.lending import risk
from dualis.lending.protection import addition_up, repayment_up
from tests.lending_world import held, position, ten_eth

D = Decimal
PLENTY = D(10) ** 9


@pytest.mark.parametrize(
    ("eth", "debt", "trigger", "most", "repaid"),
    [
        # 10 ETH count for 8.2 ETH
        ("2000", "15000", "1.1", PLENTY, "1333.333334"),  # to 1.2: 15,000 - 16,400 / 1.2
        ("2000", "15000", "1.5", PLENTY, "4750"),  # to 1.6
        ("2000", "15000", "1.1", "1000", "1000"),
        ("3000", "15000", "1.1", PLENTY, "0"),  # it is above the target
        ("50", "1000", "1.1", PLENTY, "658.333334"),
        ("10", "150", "1.1", PLENTY, "150"),  # 68.33 would be left
        ("10", "150", "1.1", "149", "50"),  # what leaves 100
        ("10", "99", "1.1", "98", "0"),  # it is dust already
        ("10", "99", "1.1", "99", "99"),
    ],
)
def test_a_repayment_lifts_health_a_tenth_above_the_trigger(eth, debt, trigger, most, repaid):
    assert repayment_up(ten_eth(eth, debt), D(trigger), D(most)) == D(repaid)


@pytest.mark.parametrize(
    ("eth", "trigger", "most", "added"),
    [
        ("2000", "1.1", PLENTY, "0.975609756097560976"),  # (18,000 - 16,400) / 1,640
        ("2000", "1.1", "0.5", "0.5"),
        ("3000", "1.1", PLENTY, "0"),
    ],
)
def test_an_addition_lifts_health_a_tenth_above_the_trigger(eth, trigger, most, added):
    found = addition_up(ten_eth(eth), D(trigger), held("ETH", "0", eth), D(most))
    assert found == D(added)


def test_an_asset_of_no_worth_lifts_nothing():
    assert addition_up(ten_eth("2000"), D("1.1"), held("ETH", "0", "0"), PLENTY) == 0


@given(
    eth=st.decimals("0.01", "5000", places=2),
    debt=st.decimals("1", "100000", places=6),
    trigger=st.decimals("1.0001", "3", places=4),
    most=st.decimals("0.000001", "100000", places=6),
)
def test_a_repayment_stays_in_its_bounds_and_leaves_no_dust(eth, debt, trigger, most):
    found = position(held("ETH", "10", str(eth)), debt=debt)
    repaid = repayment_up(found, trigger, most)
    assert 0 <= repaid <= min(most, debt)
    after = risk.with_debt(found, -repaid)
    assert not repaid or not risk.is_dust_debt(after)
    if repaid < min(most, debt) and not risk.is_dust_debt(risk.with_debt(found, -most)):
        target = trigger + D("0.1")
        is_reached = not risk.health(after).is_below(target)
        assert is_reached or risk.debt_value(after) <= 100
