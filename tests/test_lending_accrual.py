"""Interest on a pool's books: who is charged, who is credited, and what rounding leaves."""

from decimal import Decimal

import pytest

from dualis.exact import round_even
from dualis.lending import bookkeeping as keep
from dualis.lending.books import (
    PoolBooks,
    TierDebt,
)
from dualis.lending.rates import MODELS, YEAR_SECONDS
from tests.lending_books import DISCOUNTS, FLAT, UNIT, lent

D = Decimal


def usdc_main():
    debts = {"Diamond": TierDebt(), "Bronze": TierDebt(D(178_200_000), D(1))}
    return PoolBooks(6, D(72_312_000), D(4_912_000), D(245_600_000), D(1), debts)


def test_accrual_spec_4_check_usdc_main_300_seconds():
    """The facts charge simple interest; compounding (rulings, 7) adds 0.00004 to it."""
    after, found = keep.accrue(usdc_main(), D(300), MODELS["USDC"], DISCOUNTS)
    interest = found.interest["Bronze"]
    assert abs(interest - D("119.921292")) <= D("0.00005")
    assert abs(found.to_reserves - D("11.992129")) <= D("0.00001")
    assert abs(found.to_suppliers - D("107.929163")) <= D("0.00005")
    assert found.to_suppliers + found.to_reserves == interest
    assert after.borrowed == D(178_200_000) + interest
    assert abs(after.supply_index - 1 - D("4.39450990e-7")) <= D("2e-13")


def test_accrual_is_exponential_ruling_7():
    """178,200,000 x (e^(6.72958992e-7) - 1) = 119.921332, one unit up at most."""
    _, found = keep.accrue(usdc_main(), D(300), MODELS["USDC"], DISCOUNTS)
    apr = D("0.02") + D(178_200_000) / D(245_600_000) * D("0.07")
    exact = 178_200_000 * ((apr * 300 / YEAR_SECONDS).exp() - 1)
    assert 0 <= found.interest["Bronze"] - exact <= UNIT


def test_each_tier_accrues_at_its_own_rate_ruling_6():
    pool, _ = keep.borrow(lent(), "Diamond", D(100))
    after, _ = keep.accrue(pool, D(YEAR_SECONDS), FLAT, DISCOUNTS)
    assert round_even(after.debts["Bronze"].index, 12) == round_even(D("0.05").exp(), 12)
    assert round_even(after.debts["Diamond"].index, 12) == round_even(D("0.0375").exp(), 12)


def test_no_time_is_no_change():
    pool = lent()
    for seconds in (D(0), D(-5)):
        after, found = keep.accrue(pool, seconds, FLAT, DISCOUNTS)
        assert after is pool
        assert (found.to_suppliers, found.to_reserves) == (0, 0)


@pytest.mark.parametrize("steps", [2, 60, 720])
def test_many_accruals_equal_one_within_a_unit_a_step_ruling_7(steps):
    seconds = D(3600)
    one, _ = keep.accrue(lent(), seconds, FLAT, DISCOUNTS)
    many = lent()
    for _ in range(steps):
        many, _ = keep.accrue(many, seconds / steps, FLAT, DISCOUNTS)
    step = D("1e-18")
    debt = many.debts["Bronze"].index - one.debts["Bronze"].index
    assert 0 <= debt <= steps * step
    # A step's interest is booked in whole units of the asset: what suppliers are credited with
    # is a share of one unit off at most, over all steps.
    assert abs(many.supplied - one.supplied) <= UNIT
    assert many.supply_index - one.supply_index <= UNIT / many.supply_shares


def test_accruing_at_every_block_does_not_starve_suppliers():
    """Rounding down each step must not eat the interest of a small pool: the rest is dust."""
    pool, charged = lent(), D(0)
    for _ in range(500):
        pool, found = keep.accrue(pool, D(5), FLAT, DISCOUNTS)
        charged += found.interest["Bronze"]
    assert abs(pool.supplied - 1000 - charged * D("0.9")) <= 2 * UNIT


def test_suppliers_are_credited_rounded_down():
    pool = lent(cash="310")
    after, found = keep.accrue(pool, D(YEAR_SECONDS), FLAT, DISCOUNTS)
    credited = found.interest["Bronze"] * D("0.9")
    short = credited - (after.supply_index - 1) * 710
    assert 0 < short < D("1e-15")


def test_one_unit_of_supply_does_not_take_the_interest_on_what_reserves_lend():
    """Reserves of 1,000 lend 900; a supply of one unit once took 90 % of all interest."""
    debts = {"Diamond": TierDebt(), "Bronze": TierDebt(D(900))}
    pool, _ = keep.supply(PoolBooks(6, D(100), D(1000), D(0), D(1), debts), UNIT)
    after, found = keep.accrue(pool, D(YEAR_SECONDS), FLAT, DISCOUNTS)
    assert found.interest["Bronze"] > 46
    assert after.supply_index < D("1.06")
    assert found.to_reserves >= found.interest["Bronze"] - UNIT


def test_without_suppliers_interest_is_the_reserves():
    debts = {"Diamond": TierDebt(), "Bronze": TierDebt(D(900))}
    pool = PoolBooks(6, D(100), D(1000), D(0), D(1), debts)
    after, found = keep.accrue(pool, D(YEAR_SECONDS), FLAT, DISCOUNTS)
    assert after.supply_index == 1
    assert found.to_reserves == found.interest["Bronze"] > 0
