"""Each operation on a pool's books, its rounding, its refusals, and the exploits it answers."""

from decimal import Decimal

import pytest

from dualis.lending import bookkeeping as keep
from dualis.lending.books import (
    AmountTooLarge,
    AmountTooSmall,
    InsufficientCash,
    InsufficientReserves,
    InsufficientShares,
    InvalidAmount,
    NothingOwed,
    PoolBooks,
    PoolClosed,
    RepaysTooMuch,
    TierDebt,
    balance_of_down,
    debt_of_up,
    open_books,
)
from dualis.lending.rates import YEAR_SECONDS
from tests.lending_books import DISCOUNTS, FLAT, UNIT, lent

D = Decimal
ODD = D("1.234567890123456789")


# --- supply and withdraw --------------------------------------------------------------------
def test_supply_mints_shares_rounded_down():
    pool, found = keep.supply(lent(index=ODD), D(1))
    assert found.shares == D("0.810000007290000066")
    assert balance_of_down(found.shares, pool.supply_index, 6) == D("0.999999")
    assert found.dust in (0, UNIT)


def test_withdraw_burns_shares_rounded_up():
    _, found = keep.withdraw(lent(index=ODD), D(10), D(1))
    assert found.shares == D("0.810000007290000067")
    assert found.amount == 1


@pytest.mark.parametrize("index", [D(1), ODD, D("0.3"), D("7.000000000000000001")])
def test_withdrawing_everything_burns_every_share(index):
    pool, supplied = keep.supply(lent(index=index), D("12.345678"))
    _, by_max = keep.withdraw(pool, supplied.shares, None)
    assert by_max.shares == supplied.shares
    assert by_max.amount <= supplied.amount
    _, by_amount = keep.withdraw(pool, supplied.shares, by_max.amount)
    assert by_amount.shares == supplied.shares


@pytest.mark.parametrize("index", [D(1), ODD, D("0.3"), D("7.000000000000000001")])
def test_ten_thousand_one_unit_operations_never_gain_for_a_supplier(index):
    pool, first = keep.supply(lent(index=index), D(50))
    wallet, shares = D(0), first.shares
    worth = balance_of_down(shares, pool.supply_index, 6)
    for _ in range(1250):
        pool, found = keep.supply(pool, UNIT)
        wallet, shares = wallet - UNIT, shares + found.shares
        pool, back = keep.withdraw(pool, shares, UNIT)
        wallet, shares = wallet + UNIT, shares - back.shares
    assert wallet + balance_of_down(shares, pool.supply_index, 6) <= worth


# --- borrow and repay -----------------------------------------------------------------------
def test_borrow_adds_scaled_debt_rounded_up():
    pool, found = keep.borrow(lent(debt_index=ODD), "Bronze", D(1))
    assert found.scaled == D("0.810000007290000067")
    assert debt_of_up(found.scaled, ODD, 6) == D("1.000001")
    assert pool.cash == 599


def test_repay_removes_scaled_debt_rounded_down():
    _, found = keep.repay(lent(debt_index=ODD), "Bronze", D(10), D(1))
    assert found.scaled == D("0.810000007290000066")
    assert found.remaining == debt_of_up(10 - found.scaled, ODD, 6)


@pytest.mark.parametrize("index", [D(1), ODD, D("7.000000000000000001")])
def test_a_full_repayment_leaves_exactly_nothing(index):
    pool = lent(debt_index=index)
    for amount in (None, debt_of_up(D(400), index, 6)):
        after, found = keep.repay(pool, "Bronze", D(400), amount)
        assert (found.scaled, found.remaining) == (400, 0)
        assert after.debts["Bronze"].scaled == after.borrowed == 0


@pytest.mark.parametrize("index", [D(1), ODD, D("7.000000000000000001")])
def test_ten_thousand_one_unit_operations_never_gain_for_a_borrower(index):
    pool, first = keep.borrow(lent(debt_index=index), "Bronze", D(50))
    wallet, scaled = D(0), first.scaled
    owed = debt_of_up(scaled, index, 6)
    for _ in range(1250):
        pool, found = keep.borrow(pool, "Bronze", UNIT)
        wallet, scaled = wallet + UNIT, scaled + found.scaled
        pool, back = keep.repay(pool, "Bronze", scaled, UNIT)
        wallet, scaled = wallet - UNIT, scaled - back.scaled
    assert wallet - debt_of_up(scaled, index, 6) <= -owed


# --- reserves and bad debt ------------------------------------------------------------------
def test_a_fee_is_cash_and_reserves():
    after = keep.book_fee(lent(reserves="5"), D("1.5"))
    assert (after.cash, after.reserves, after.supplied) == (D("601.5"), D("6.5"), 995)


def test_reserves_are_paid_out_in_cash():
    after = keep.pay_from_reserves(lent(reserves="5"), D(2))
    assert (after.cash, after.reserves, after.supplied) == (598, 3, 995)


@pytest.mark.parametrize(
    ("reserves", "from_reserves", "from_suppliers"),
    [
        pytest.param("500", 400, 0, id="rulings-21-reserves-first"),
        pytest.param("150", 150, 250, id="rulings-21-then-the-supply-index"),
        pytest.param("0", 0, 400, id="rulings-21-supply-index-alone"),
    ],
)
def test_bad_debt_is_borne_by_reserves_and_then_suppliers(reserves, from_reserves, from_suppliers):
    pool = lent(reserves=reserves)
    after, found = keep.absorb_bad_debt(pool, "Bronze", D(400))
    assert (found.amount, after.borrowed, after.cash) == (400, 0, 600)
    assert 0 <= found.from_suppliers - from_suppliers <= 2 * UNIT
    assert found.from_reserves + found.from_suppliers == 400
    assert 0 <= from_reserves - found.from_reserves <= 2 * UNIT
    assert (after.supply_index < pool.supply_index) == bool(from_suppliers)


def test_what_suppliers_bear_is_rounded_up():
    after, _ = keep.absorb_bad_debt(lent(cash="300"), "Bronze", D(400))
    assert 0 < (1 - after.supply_index) * 700 - 400 < D("1e-15")


def test_a_pool_without_value_closes_ruling_8():
    debts = {"Diamond": TierDebt(D(5)), "Bronze": TierDebt(D(400))}
    pool = PoolBooks(6, D(0), D(5), D(400), D(1), debts)
    closed, found = keep.absorb_bad_debt(pool, "Bronze", D(400))
    assert found.from_suppliers == 395
    assert not closed.is_closed
    closed, _ = keep.absorb_bad_debt(closed, "Diamond", D(5))
    assert closed.is_closed
    for attempt in (
        lambda: keep.supply(closed, D(1)),
        lambda: keep.withdraw(closed, D(400), None),
        lambda: keep.borrow(closed, "Bronze", D(1)),
    ):
        with pytest.raises(PoolClosed):
            attempt()


def test_a_closed_pool_is_still_repaid_and_never_reopens_ruling_8():
    debts = {"Diamond": TierDebt(D(5)), "Bronze": TierDebt(D(400))}
    closed = PoolBooks(6, D(0), D(405), D(400), D(0), debts)
    after, found = keep.accrue(closed, D(YEAR_SECONDS), FLAT, DISCOUNTS)
    assert after.is_closed
    assert found.to_suppliers == 0
    after, _ = keep.repay(after, "Bronze", D(400), None)
    assert after.borrowed_by_tier["Bronze"] == 0
    assert after.is_closed


# --- refusals -------------------------------------------------------------------------------
REFUSALS = {
    "supply-nothing": (lambda p: keep.supply(p, D(0)), InvalidAmount),
    "supply-negative": (lambda p: keep.supply(p, D(-1)), InvalidAmount),
    "supply-nan": (lambda p: keep.supply(p, D("NaN")), InvalidAmount),
    "supply-infinite": (lambda p: keep.supply(p, D("Infinity")), InvalidAmount),
    "supply-finer-than-the-asset": (lambda p: keep.supply(p, D("0.0000001")), InvalidAmount),
    "supply-enormous": (lambda p: keep.supply(p, D("1e20")), AmountTooLarge),
    "supply-enormous-exponent": (lambda p: keep.supply(p, D("1e999999")), AmountTooLarge),
    "withdraw-another-supplier": (lambda p: keep.withdraw(p, D(1001), D(1)), InsufficientShares),
    "withdraw-above-balance": (lambda p: keep.withdraw(p, D(5), D("5.000001")), InsufficientShares),
    "withdraw-above-cash": (lambda p: keep.withdraw(p, D(700), D(601)), InsufficientCash),
    "withdraw-no-shares": (lambda p: keep.withdraw(p, D(0), None), AmountTooSmall),
    "borrow-above-cash": (lambda p: keep.borrow(p, "Bronze", D(601)), InsufficientCash),
    "borrow-nothing": (lambda p: keep.borrow(p, "Bronze", D(0)), InvalidAmount),
    "repay-no-debt": (lambda p: keep.repay(p, "Bronze", D(0), None), NothingOwed),
    "repay-of-another-tier": (lambda p: keep.repay(p, "Diamond", D(1), None), NothingOwed),
    "repay-too-much": (lambda p: keep.repay(p, "Bronze", D(5), D("5.000001")), RepaysTooMuch),
    "write-off-no-debt": (lambda p: keep.absorb_bad_debt(p, "Diamond", D(1)), NothingOwed),
    "reserves-above-reserves": (lambda p: keep.pay_from_reserves(p, D(6)), InsufficientReserves),
}


@pytest.mark.parametrize(("attempt", "refusal"), REFUSALS.values(), ids=REFUSALS)
def test_what_the_books_do_not_take_is_refused(attempt, refusal):
    with pytest.raises(refusal):
        attempt(lent(reserves="5"))


def test_reserves_that_are_lent_out_cannot_be_paid():
    with pytest.raises(InsufficientCash):
        keep.pay_from_reserves(lent(cash="1", reserves="5"), D(2))


def test_amounts_that_round_to_nothing_are_refused():
    """One unit of an asset with 18 decimals is less than one share unit once the index is high."""
    pool = lent(index=D(2), debt_index=D(2), places=18)
    with pytest.raises(AmountTooSmall):
        keep.supply(pool, D("1e-18"))
    with pytest.raises(AmountTooSmall):
        keep.repay(pool, "Bronze", D(1), D("1e-18"))


def test_supplying_to_empty_books_and_leaving_returns_everything():
    pool, found = keep.supply(open_books(8, ("Bronze",)), D("0.12345678"))
    empty, back = keep.withdraw(pool, found.shares, None)
    assert back.amount == D("0.12345678")
    assert empty == open_books(8, ("Bronze",))
