"""The books of one pool as a value, and what they refuse. Pure.

1. supplied = cash + borrowed - reserves, exactly, in every value (rulings, 6).
2. cash >= 0, that is borrowed <= supplied + reserves.

Amounts have the asset's own decimals; shares, scaled debts and indices have 18 places.
Knows nothing of operations, users, prices, caps or rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from dualis.exact import EXACT, TOO_BIG, ZERO, mul_down, mul_up

SHARE_PLACES = 18
ONE = Decimal(1)


class BooksRefusal(ValueError):
    """An operation that these books do not take; nothing has changed."""


class InvalidAmount(BooksRefusal):
    """Not positive, or finer than the asset's decimals."""


class AmountTooSmall(BooksRefusal):
    """Rounds to no share, no scaled debt or no balance."""


class AmountTooLarge(BooksRefusal):
    """A number would not fit the books' columns."""


class InsufficientCash(BooksRefusal):
    """The pool has lent out what is asked for."""


class InsufficientShares(BooksRefusal):
    """The supplier's balance is smaller."""


class InsufficientReserves(BooksRefusal):
    """The reserves are smaller."""


class RepaysTooMuch(BooksRefusal):
    """The debt is smaller."""


class NothingOwed(BooksRefusal):
    """There is no debt, or more than the tier owes in all."""


class PoolClosed(BooksRefusal):
    """Bad debt took the supply index to zero (rulings, 8)."""


class BrokenBooks(Exception):
    """The numbers contradict each other: a fault of ours, never of a caller."""


@dataclass(frozen=True, slots=True)
class TierDebt:
    """All debts of one credit tier: scaled x index is what they owe."""

    scaled: Decimal = ZERO
    index: Decimal = ONE


@dataclass(frozen=True, slots=True)
class PoolBooks:
    """`places` are the asset's decimals; `debts` are by credit tier.

    `supplied` are all suppliers' balances, rounded down; `borrowed` the debts of all tiers, each
    tier rounded up. Both follow from the rest and are worked out once.

    Raises BrokenBooks unless the identity holds and AmountTooLarge for what no column keeps.
    """

    places: int
    cash: Decimal
    reserves: Decimal
    supply_shares: Decimal
    supply_index: Decimal
    debts: Mapping[str, TierDebt]
    supplied: Decimal = field(init=False, compare=False)
    borrowed: Decimal = field(init=False, compare=False)
    borrowed_by_tier: Mapping[str, Decimal] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        numbers = (self.cash, self.reserves, self.supply_shares, self.supply_index)
        if min(numbers) < 0 or any(min(d.scaled, d.index) < 0 for d in self.debts.values()):
            raise BrokenBooks("a number is negative")
        if max(numbers) >= TOO_BIG or any(d.index >= TOO_BIG for d in self.debts.values()):
            raise AmountTooLarge("a number has more than 20 digits before the point")
        owed = {t: debt_of_up(d.scaled, d.index, self.places) for t, d in self.debts.items()}
        supplied = balance_of_down(self.supply_shares, self.supply_index, self.places)
        object.__setattr__(self, "supplied", supplied)
        object.__setattr__(self, "borrowed", total(owed))
        object.__setattr__(self, "borrowed_by_tier", owed)
        if self.supplied != EXACT.subtract(EXACT.add(self.cash, self.borrowed), self.reserves):
            raise BrokenBooks("supplied is not cash + borrowed - reserves")

    @property
    def is_closed(self) -> bool:
        """Nobody can supply, withdraw or borrow any more; debts are still repaid."""
        return not self.supply_index


def open_books(places: int, tiers: tuple[str, ...]) -> PoolBooks:
    """Return the books of an empty pool."""
    return PoolBooks(places, ZERO, ZERO, ZERO, ONE, {tier: TierDebt() for tier in tiers})


def balance_of_down(shares: Decimal, index: Decimal, places: int) -> Decimal:
    """Return what shares are worth."""
    return mul_down(shares, index, places)


def debt_of_up(scaled: Decimal, index: Decimal, places: int) -> Decimal:
    """Return what a scaled debt owes."""
    return mul_up(scaled, index, places)


def total(amounts: Mapping[str, Decimal]) -> Decimal:
    """Return the exact sum of amounts by tier."""
    result = ZERO
    for amount in amounts.values():
        result = EXACT.add(result, amount)
    return result
