"""The operations on a pool's books. Pure: each returns the new books and what happened.

1. Every rounding goes against the caller and its residue (`dust`) to reserves, so that these fall
   only by bad debt and by what is paid out of them.
2. Sums of users' balances never exceed `supplied`; sums of their debts never fall below `borrowed`.
3. The supply index moves by credited interest and realised bad debt alone; borrow indices rise.

Callers accrue first, keep each user's shares and scaled debt, and translate the BooksRefusals.
Knows nothing of users, prices, caps or rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from dualis.exact import EXACT, TOO_BIG, ZERO, div_down, div_up, mul_down, mul_up
from dualis.lending.books import (
    ONE,
    SHARE_PLACES,
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
    total,
)
from dualis.lending.rates import RateModel, credited_down, growth_up, pool_rates


@dataclass(frozen=True, slots=True)
class Accrued:
    """Interest charged by tier; what of it suppliers and reserves got. The sums agree exactly."""

    interest: Mapping[str, Decimal]
    to_suppliers: Decimal
    to_reserves: Decimal


@dataclass(frozen=True, slots=True)
class Supplied:
    amount: Decimal
    shares: Decimal
    dust: Decimal


@dataclass(frozen=True, slots=True)
class Withdrawn:
    amount: Decimal
    shares: Decimal
    dust: Decimal


@dataclass(frozen=True, slots=True)
class Borrowed:
    amount: Decimal
    scaled: Decimal
    dust: Decimal


@dataclass(frozen=True, slots=True)
class Repaid:
    """`remaining` is what the borrower still owes, rounded up; 0 after a full repayment."""

    amount: Decimal
    scaled: Decimal
    remaining: Decimal
    dust: Decimal


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """`amount` left the pool's debt; reserves bore the first part, suppliers the rest."""

    amount: Decimal
    scaled: Decimal
    from_reserves: Decimal
    from_suppliers: Decimal


def accrue(
    books: PoolBooks, seconds: Decimal, model: RateModel, discounts: Mapping[str, Decimal]
) -> tuple[PoolBooks, Accrued]:
    """Charge the interest of `seconds` at the rates of now; no time is no change.

    Borrow indices grow by e^(APR x dt), rounded up (rulings, 7). Suppliers get what
    `credited_down` gives them, rounded down in the index; reserves keep the rest.
    """
    owed = books.borrowed_by_tier
    if seconds <= 0:
        return books, Accrued(dict.fromkeys(owed, ZERO), ZERO, ZERO)
    aprs = pool_rates(model, owed, books.supplied, discounts).tier_aprs
    debts = {
        tier: replace(debt, index=mul_up(debt.index, growth_up(aprs[tier], seconds), SHARE_PLACES))
        for tier, debt in books.debts.items()
    }
    interest = {
        tier: EXACT.subtract(debt_of_up(debt.scaled, debt.index, books.places), owed[tier])
        for tier, debt in debts.items()
    }
    index = books.supply_index
    if books.supply_shares:
        credited = credited_down(
            total(interest), model.reserve_factor, books.borrowed, books.supplied
        )
        index = EXACT.add(index, div_down(credited, books.supply_shares, SHARE_PLACES))
    after = _balanced(books, supply_index=index, debts=debts)
    to_suppliers = EXACT.subtract(after.supplied, books.supplied)
    return after, Accrued(interest, to_suppliers, _dust(books, after))


def supply(books: PoolBooks, amount: Decimal) -> tuple[PoolBooks, Supplied]:
    """Take an amount in and mint shares, rounded down."""
    _require_open(books)
    _require_amount(books, amount)
    shares = div_down(amount, books.supply_index, SHARE_PLACES)
    if not shares:
        raise AmountTooSmall("rounds to no share")
    after = _balanced(
        books,
        cash=EXACT.add(books.cash, amount),
        supply_shares=EXACT.add(books.supply_shares, shares),
    )
    return after, Supplied(amount, shares, _dust(books, after))


def withdraw(
    books: PoolBooks, user_shares: Decimal, amount: Decimal | None
) -> tuple[PoolBooks, Withdrawn]:
    """Pay an amount (None: the whole balance) out and burn shares, rounded up.

    The whole balance burns all of the user's shares.
    """
    _require_open(books)
    if user_shares > books.supply_shares:
        raise InsufficientShares("more than all shares of the pool")
    balance = balance_of_down(user_shares, books.supply_index, books.places)
    if amount is None:
        amount = balance
        if not amount:
            raise AmountTooSmall("the balance rounds to nothing")
    _require_amount(books, amount)
    if amount > balance:
        raise InsufficientShares(f"the balance is {balance}")
    if amount > books.cash:
        raise InsufficientCash(f"the pool has {books.cash}")
    is_all = amount == balance
    shares = user_shares if is_all else div_up(amount, books.supply_index, SHARE_PLACES)
    after = _balanced(
        books,
        cash=EXACT.subtract(books.cash, amount),
        supply_shares=EXACT.subtract(books.supply_shares, shares),
    )
    return after, Withdrawn(amount, shares, _dust(books, after))


def borrow(books: PoolBooks, tier: str, amount: Decimal) -> tuple[PoolBooks, Borrowed]:
    """Lend an amount to a tier and add scaled debt, rounded up."""
    _require_open(books)
    _require_amount(books, amount)
    if amount > books.cash:
        raise InsufficientCash(f"the pool has {books.cash}")
    debt = books.debts[tier]
    scaled = div_up(amount, debt.index, SHARE_PLACES)
    after = _balanced(
        books,
        cash=EXACT.subtract(books.cash, amount),
        debts={**books.debts, tier: replace(debt, scaled=EXACT.add(debt.scaled, scaled))},
    )
    return after, Borrowed(amount, scaled, _dust(books, after))


def repay(
    books: PoolBooks, tier: str, user_scaled: Decimal, amount: Decimal | None
) -> tuple[PoolBooks, Repaid]:
    """Take an amount (None: the whole debt) in and remove scaled debt, rounded down.

    The whole debt removes all of the user's scaled debt, so that exactly nothing is left.
    """
    debt = books.debts[tier]
    _require_debt(debt, user_scaled)
    owed = debt_of_up(user_scaled, debt.index, books.places)
    amount = owed if amount is None else amount
    _require_amount(books, amount)
    if amount > owed:
        raise RepaysTooMuch(f"the debt is {owed}")
    scaled = user_scaled if amount == owed else div_down(amount, debt.index, SHARE_PLACES)
    if not scaled:
        raise AmountTooSmall("rounds to no debt")
    after = _balanced(
        books,
        cash=EXACT.add(books.cash, amount),
        debts=_less(books, tier, scaled),
    )
    left = debt_of_up(EXACT.subtract(user_scaled, scaled), debt.index, books.places)
    return after, Repaid(amount, scaled, left, _dust(books, after))


def book_fee(books: PoolBooks, amount: Decimal) -> PoolBooks:
    """Take a fee in: cash and reserves rise by it."""
    _require_amount(books, amount)
    return _balanced(books, cash=EXACT.add(books.cash, amount))


def pay_from_reserves(books: PoolBooks, amount: Decimal) -> PoolBooks:
    """Pay an amount out of reserves, in cash."""
    _require_amount(books, amount)
    if amount > books.reserves:
        raise InsufficientReserves(f"the reserves are {books.reserves}")
    if amount > books.cash:
        raise InsufficientCash(f"the pool has {books.cash}")
    return _balanced(books, cash=EXACT.subtract(books.cash, amount))


def absorb_bad_debt(
    books: PoolBooks, tier: str, user_scaled: Decimal
) -> tuple[PoolBooks, WrittenOff]:
    """Write a debt off: reserves bear it first, then the supply index (rulings, 8 and 21).

    What fees and the backstop bear is repaid before. An index that reaches zero closes the pool.
    """
    _require_debt(books.debts[tier], user_scaled)
    debts = _less(books, tier, user_scaled)
    gone = EXACT.subtract(books.borrowed, _borrowed(debts, books.places))
    from_reserves = min(gone, books.reserves)
    rest = EXACT.subtract(gone, from_reserves)
    index = books.supply_index
    if rest:
        index = EXACT.subtract(index, div_up(rest, books.supply_shares, SHARE_PLACES))
    after = _balanced(books, supply_index=index, debts=debts)
    from_suppliers = EXACT.subtract(books.supplied, after.supplied)
    from_reserves = EXACT.subtract(books.reserves, after.reserves)
    return after, WrittenOff(gone, user_scaled, from_reserves, from_suppliers)


def _balanced(
    books: PoolBooks,
    *,
    cash: Decimal | None = None,
    supply_shares: Decimal | None = None,
    supply_index: Decimal | None = None,
    debts: Mapping[str, TierDebt] | None = None,
) -> PoolBooks:
    """Return the books with these changes and the reserves that keep the identity."""
    cash = books.cash if cash is None else cash
    shares = books.supply_shares if supply_shares is None else supply_shares
    index = books.supply_index if supply_index is None else supply_index
    debts = books.debts if debts is None else debts
    supplied = balance_of_down(shares, index, books.places)
    reserves = EXACT.subtract(EXACT.add(cash, _borrowed(debts, books.places)), supplied)
    return PoolBooks(books.places, cash, reserves, shares, index, debts)


def _borrowed(debts: Mapping[str, TierDebt], places: int) -> Decimal:
    return total({t: debt_of_up(d.scaled, d.index, places) for t, d in debts.items()})


def _less(books: PoolBooks, tier: str, scaled: Decimal) -> dict[str, TierDebt]:
    debt = books.debts[tier]
    return {**books.debts, tier: replace(debt, scaled=EXACT.subtract(debt.scaled, scaled))}


def _dust(before: PoolBooks, after: PoolBooks) -> Decimal:
    return EXACT.subtract(after.reserves, before.reserves)


def _require_open(books: PoolBooks) -> None:
    if books.is_closed:
        raise PoolClosed("bad debt has closed the pool")


def _require_amount(books: PoolBooks, amount: Decimal) -> None:
    if not amount.is_finite() or amount <= 0:
        raise InvalidAmount("an amount is positive")
    if amount >= TOO_BIG:
        raise AmountTooLarge("an amount has at most 20 digits before the point")
    if mul_down(amount, ONE, books.places) != amount:
        raise InvalidAmount(f"an amount has at most {books.places} decimals")


def _require_debt(debt: TierDebt, user_scaled: Decimal) -> None:
    if not 0 < user_scaled <= debt.scaled:
        raise NothingOwed("there is no such debt")
