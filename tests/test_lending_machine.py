"""All operations of the lending market, prices and clock at random: the sentences hold each time.

A refused operation changes nothing; one can always repay and leave, oracle dead or not.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from dualis.errors import DomainError
from dualis.lending import borrowing, pools, supplying
from dualis.lending.models import BorrowPosition, Pool
from dualis.oracle.models import Quote
from realtime import journal
from tests import lending_market as lm

USERS = st.integers(0, 2)
ASSETS = st.sampled_from(["USDC", "ETH", "wBTC"])
POOLS = st.sampled_from(["usdc-main", "eth-main", "wbtc-main"])
AMOUNTS = st.one_of(
    st.just("max"),
    st.integers(1, 400_000).map(lambda n: str(Decimal(n) / 100)),
    st.sampled_from(["0.000001", "0.00000001", "1", "99.999999", "100", "1000000", "0", "-1", "x"]),
)
SOURCES = st.sampled_from(["wallet", "supply"])


class LendingMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = lm.T0
        self.indices = {}

    def teardown(self):
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @initialize()
    def open(self):
        lm.opened({"ETH": "2000", "wBTC": "60000"})
        self.users = [lm.rich(name) for name in ("ada", "bob", "eve")]
        for user in self.users[:2]:
            for pool_id in ("usdc-main", "eth-main", "wbtc-main"):
                supplying.supply(user.id, pool_id, "5", now=self.now)
        supplying.supply(self.users[0].id, "usdc-main", "200000", now=self.now)

    def attempt(self, act):
        """Do something that may be refused; what is refused changes nothing."""
        before = journal.position().seq
        try:
            with transaction.atomic():
                act()
        except DomainError:
            assert journal.position().seq == before

    def positions(self, user):
        return BorrowPosition.objects.filter(user=self.users[user], closed_at=None)

    @rule(user=USERS, pool=POOLS, amount=AMOUNTS)
    def supply(self, user, pool, amount):
        self.attempt(lambda: supplying.supply(self.users[user].id, pool, amount, now=self.now))

    @rule(user=USERS, pool=POOLS, amount=AMOUNTS)
    def withdraw(self, user, pool, amount):
        self.attempt(lambda: supplying.withdraw(self.users[user].id, pool, amount, now=self.now))

    @rule(user=USERS, pool=POOLS, amount=AMOUNTS, asset=ASSETS, locked=AMOUNTS, source=SOURCES)
    def open_loan(self, user, pool, amount, asset, locked, source):
        self.attempt(
            lambda: borrowing.open_position(
                self.users[user].id, pool, amount, {asset: locked}, now=self.now, source=source
            )
        )

    @rule(user=USERS, amount=AMOUNTS)
    def borrow_more(self, user, amount):
        for position in self.positions(user)[:1]:
            self.attempt(lambda p=position: borrowing.borrow(p.user_id, p.id, amount, now=self.now))

    @rule(user=USERS, amount=AMOUNTS)
    def repay(self, user, amount):
        for position in self.positions(user)[:1]:
            self.attempt(lambda p=position: borrowing.repay(p.user_id, p.id, amount, now=self.now))

    @rule(user=USERS, asset=ASSETS, amount=AMOUNTS, source=SOURCES)
    def add_collateral(self, user, asset, amount, source):
        for position in self.positions(user)[:1]:
            self.attempt(
                lambda p=position: borrowing.add_collateral(
                    p.user_id, p.id, asset, amount, now=self.now, source=source
                )
            )

    @rule(user=USERS, asset=ASSETS, amount=AMOUNTS)
    def remove_collateral(self, user, asset, amount):
        for position in self.positions(user)[:1]:
            self.attempt(
                lambda p=position: borrowing.remove_collateral(
                    p.user_id, p.id, asset, amount, now=self.now
                )
            )

    @rule(user=USERS)
    def always_can_repay_and_leave(self, user):
        for position in self.positions(user)[:1]:
            debt = position.to_dict()["debt"]
            asset = position.pool.asset_id
            if lm.wallet(self.users[user], asset) > Decimal(debt) * 2:
                borrowing.close_position(position.user_id, position.id, now=self.now)

    @rule(asset=ASSETS, percent=st.integers(70, 130), is_tripped=st.booleans())
    def price_moves(self, asset, percent, is_tripped):
        quote = Quote.objects.get(asset_id=asset)
        quote.price = max(quote.price * percent / 100, Decimal("0.5"))
        quote.is_tripped = is_tripped
        quote.save()

    @rule(seconds=st.integers(1, 40_000_000))
    def time_passes(self, seconds):
        self.now += timedelta(seconds=seconds)
        pools.run_block(self.now)

    @rule()
    def interest_is_booked(self):
        pools.book_interest(self.now)

    @invariant()
    def books_are_exact(self):
        if not hasattr(self, "users"):
            return
        lm.check()
        for pool in Pool.objects.all():
            indices = [pool.supply_index, *(Decimal(i) for _, i in pool.debts.values())]
            before = self.indices.get(pool.id, indices)
            assert all(new >= old for new, old in zip(indices, before, strict=True))
            self.indices[pool.id] = indices


@pytest.mark.django_db
def test_the_books_are_exact_whatever_happens():
    run_machine(
        LendingMachine,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
