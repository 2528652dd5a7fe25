"""The value: what it states and what it will not state."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dualis.lending.books import (
    AmountTooLarge,
    BrokenBooks,
    PoolBooks,
    TierDebt,
    balance_of_down,
    debt_of_up,
    open_books,
)

D = Decimal


def books(**changes):
    values = {
        "places": 6,
        "cash": D(60),
        "reserves": D(10),
        "supply_shares": D(100),
        "supply_index": D(1),
        "debts": {"Gold": TierDebt(D(30), D(1)), "Bronze": TierDebt(D(20), D(1))},
    }
    return PoolBooks(**{**values, **changes})


def test_totals_are_sums_over_tiers():
    pool = books()
    assert (pool.supplied, pool.borrowed) == (100, 50)
    assert pool.borrowed_by_tier == {"Gold": 30, "Bronze": 20}


def test_new_books_are_empty_and_open():
    pool = open_books(8, ("Gold", "Bronze"))
    assert (pool.supplied, pool.borrowed, pool.cash, pool.is_closed) == (0, 0, 0, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"cash": D("60.000001")},
        {"reserves": D(9)},
        {"supply_shares": D(101)},
        {"cash": D(-1), "reserves": D(-51)},
        {"debts": {"Gold": TierDebt(D(51), D(1)), "Bronze": TierDebt(D(-1), D(1))}},
    ],
)
def test_numbers_that_contradict_each_other_are_a_fault(changes):
    with pytest.raises(BrokenBooks):
        books(**changes)


def test_numbers_that_no_column_keeps_are_refused():
    with pytest.raises(AmountTooLarge):
        books(cash=D(10) ** 20, reserves=D(10) ** 20 - 50)
    with pytest.raises(AmountTooLarge):
        replace(books(), debts={"Gold": TierDebt(D(0), D(10) ** 20)})


def test_balances_round_down_and_debts_up_at_the_asset_decimals():
    index = D("1.000000000000000001")
    assert balance_of_down(D("2.5"), index, 6) == D("2.5")
    assert balance_of_down(D("2.4999999"), index, 6) == D("2.499999")
    assert debt_of_up(D("2.5"), index, 6) == D("2.500001")
    assert debt_of_up(D("2.5"), D(1), 6) == D("2.5")


def test_sums_do_not_lose_digits_of_large_pools():
    """Thirty-eight digits: more than the ordinary context of decimals keeps."""
    large = D("12345678901234567890.123456789012345678")
    pool = PoolBooks(18, D(0), D(0), large, D(1), {"Gold": TierDebt(large, D(1))})
    assert pool.borrowed == pool.supplied == large
