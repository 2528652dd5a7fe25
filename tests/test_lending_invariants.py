"""Any operations by any users on a pool: the sentences of its books hold after each."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dualis.exact import EXACT
from dualis.lending import bookkeeping as keep
from dualis.lending.books import (
    AmountTooSmall,
    BooksRefusal,
    PoolClosed,
    balance_of_down,
    debt_of_up,
    open_books,
)
from dualis.lending.rates import MODELS

D = Decimal
TIERS = ("Diamond", "Bronze")
DISCOUNTS = {"Diamond": D("0.25"), "Bronze": D(0)}
USERS = st.integers(0, 2)
TIER = st.sampled_from(TIERS)
PART = st.integers(1, 100)
SECONDS = st.one_of(st.integers(1, 60), st.integers(3600, 31_557_600)).map(Decimal)


class Pool(RuleBasedStateMachine):
    """Three users supply, withdraw, borrow and repay; interest accrues; debts go bad."""

    @initialize(asset=st.sampled_from([("USDC", 6), ("wBTC", 8), ("ETH", 18)]))
    def open(self, asset):
        symbol, self.places = asset
        self.model, self.unit = MODELS[symbol], D(1).scaleb(-self.places)
        self.books = open_books(self.places, TIERS)
        self.shares = [D(0)] * 3
        self.scaled = {tier: [D(0)] * 3 for tier in TIERS}
        self.indices = self.books.supply_index, dict(self.books.debts)

    def amounts(self, units):
        return EXACT.multiply(D(units), self.unit)

    def dust_bound(self, index):
        return self.unit + (index * D("1e-18")).quantize(self.unit) + self.unit

    def check_dust(self, dust, index):
        assert 0 <= dust <= self.dust_bound(index)

    @rule(user=USERS, units=st.one_of(st.integers(1, 9), st.integers(10**6, 10**15)))
    def supply(self, user, units):
        try:
            after, found = keep.supply(self.books, self.amounts(units))
        except (AmountTooSmall, PoolClosed):
            return
        # a round trip never gains
        held = EXACT.add(self.shares[user], found.shares)
        before = balance_of_down(self.shares[user], self.books.supply_index, self.places)
        worth = balance_of_down(held, after.supply_index, self.places)
        assert worth - before <= found.amount
        self.check_dust(found.dust, after.supply_index)
        self.books, self.shares[user] = after, held

    @rule(user=USERS, part=PART)
    def withdraw(self, user, part):
        balance = balance_of_down(self.shares[user], self.books.supply_index, self.places)
        wanted = min(balance, self.books.cash)
        amount = None if part == 100 else (wanted * part / 100).quantize(self.unit)
        try:
            after, found = keep.withdraw(self.books, self.shares[user], amount)
        except BooksRefusal:
            return
        self.check_dust(found.dust, after.supply_index)
        self.shares[user] = EXACT.subtract(self.shares[user], found.shares)
        left = balance_of_down(self.shares[user], after.supply_index, self.places)
        assert left + found.amount <= balance
        if amount is None:
            assert not self.shares[user]
        self.books = after

    @rule(user=USERS, tier=TIER, part=PART)
    def borrow(self, user, tier, part):
        amount = (self.books.cash * part / 100).quantize(self.unit)
        owed = self.owed(tier, user)
        try:
            after, found = keep.borrow(self.books, tier, amount)
        except BooksRefusal:
            return
        self.check_dust(found.dust, after.debts[tier].index)
        self.scaled[tier][user] = EXACT.add(self.scaled[tier][user], found.scaled)
        self.books = after
        assert self.owed(tier, user) - owed >= amount

    @rule(user=USERS, tier=TIER, part=PART)
    def repay(self, user, tier, part):
        owed = self.owed(tier, user)
        amount = None if part == 100 else (owed * part / 100).quantize(self.unit)
        try:
            after, found = keep.repay(self.books, tier, self.scaled[tier][user], amount)
        except BooksRefusal:
            return
        self.check_dust(found.dust, after.debts[tier].index)
        self.scaled[tier][user] = EXACT.subtract(self.scaled[tier][user], found.scaled)
        self.books = after
        assert self.owed(tier, user) == found.remaining >= owed - found.amount
        if amount is None:
            assert not self.scaled[tier][user]

    @rule(seconds=SECONDS)
    def accrue(self, seconds):
        before = self.books
        self.books, found = keep.accrue(before, seconds, self.model, DISCOUNTS)
        assert sum(found.interest.values()) == found.to_suppliers + found.to_reserves
        assert min(found.to_suppliers, found.to_reserves) >= 0
        assert self.books.cash == before.cash

    @rule(units=st.integers(1, 10**9))
    def fee(self, units):
        before = self.books
        self.books = keep.book_fee(before, self.amounts(units))
        assert self.books.reserves - before.reserves == self.amounts(units)

    @precondition(lambda self: any(any(users) for users in self.scaled.values()))
    @rule(user=USERS, tier=TIER)
    def go_bad(self, user, tier):
        before = self.books
        try:
            self.books, found = keep.absorb_bad_debt(before, tier, self.scaled[tier][user])
        except BooksRefusal:
            return
        self.scaled[tier][user] = D(0)
        assert found.from_reserves + found.from_suppliers == found.amount
        if found.amount <= before.reserves:
            assert self.books.supply_index == before.supply_index
        self.indices = self.books.supply_index, self.indices[1]

    def owed(self, tier, user):
        return debt_of_up(self.scaled[tier][user], self.books.debts[tier].index, self.places)

    @invariant()
    def the_identity_holds_exactly(self):
        books = self.books
        assert books.supplied == EXACT.subtract(
            EXACT.add(books.cash, books.borrowed), books.reserves
        )
        assert books.borrowed <= EXACT.add(books.supplied, books.reserves)
        assert min(books.cash, books.reserves) >= 0
        for amount in (books.cash, books.reserves):
            assert amount == amount.quantize(self.unit, context=EXACT)

    @invariant()
    def users_sum_to_the_pool(self):
        assert sum(self.shares) == self.books.supply_shares
        for tier, users in self.scaled.items():
            assert sum(users) == self.books.debts[tier].scaled
            owed = sum(self.owed(tier, user) for user in range(3))
            assert owed >= self.books.borrowed_by_tier[tier]
        index = self.books.supply_index
        balances = sum(balance_of_down(shares, index, self.places) for shares in self.shares)
        assert balances <= self.books.supplied

    @invariant()
    def indices_never_fall(self):
        supply_index, debts = self.indices
        assert self.books.supply_index >= supply_index
        for tier, debt in debts.items():
            assert self.books.debts[tier].index >= debt.index
        self.indices = self.books.supply_index, dict(self.books.debts)


TestPool = Pool.TestCase
TestPool.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.fixture(autouse=True, scope="module")
def exact_sums():
    """The tests' own sums keep every digit too."""
    with localcontext(EXACT):
        yield
