"""The books of a pool for tests: one that has lent, and a rate that does not move."""

from decimal import Decimal

from dualis.lending.books import (
    ONE,
    PoolBooks,
    TierDebt,
    balance_of_down,
    debt_of_up,
)
from dualis.lending.rates import RateModel

D = Decimal
FLAT = RateModel(D("0.05"), D(0), D("0.8"), D(0), D("0.10"))
DISCOUNTS = {"Diamond": D("0.25"), "Bronze": D(0)}
UNIT = D("0.000001")


def lent(*, index=ONE, debt_index=ONE, cash="600", reserves="0", places=6):
    """A pool that has lent 400 to Bronze and nothing to Diamond."""
    debts = {"Diamond": TierDebt(D(0), debt_index), "Bronze": TierDebt(D(400), debt_index)}
    borrowed = debt_of_up(D(400), debt_index, places)
    supplied = D(cash) + borrowed - D(reserves)
    shares = (supplied / index).quantize(D("1e-18"))
    left = D(cash) + borrowed - balance_of_down(shares, index, places)
    return PoolBooks(places, D(cash), left, shares, index, debts)
