"""Posting, summing and reading the ledger."""

from collections import defaultdict
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from dualis.accounts import ledger, wallets
from dualis.accounts.ledger import Filters, Leg
from dualis.accounts.money import Entry, Movement
from dualis.errors import InsufficientBalance
from dualis.exact import EXACT, ZERO
from tests.people import NOW, later, make_user

D = Decimal


@pytest.mark.django_db
def test_a_movement_is_posted_with_its_entries():
    user = make_user()
    made = ledger.post(
        "supply",
        [
            Leg(f"wallet:{user.id}", "USDC", D("-10.5"), user.id),
            Leg(f"supply:{user.id}:usdc-main", "USDC", D("10.5"), user.id),
            Leg("pool:usdc-main", "USDC", D(4)),
            Leg("outside", "USDC", D(-4)),
        ],
        now=NOW,
        reference="usdc-main",
        memo="first",
        user_id=user.id,
    )
    read = Movement.objects.get()
    assert (read.id, read.kind, read.at, read.user_id) == (made.id, "supply", NOW, user.id)
    assert (read.reference, read.memo) == ("usdc-main", "first")
    entries = Entry.objects.order_by("id").values_list("account", "owner_id", "asset", "amount")
    assert list(entries) == [
        (f"wallet:{user.id}", user.id, "USDC", D("-10.5")),
        (f"supply:{user.id}:usdc-main", user.id, "USDC", D("10.5")),
        ("pool:usdc-main", None, "USDC", D(4)),
        ("outside", None, "USDC", D(-4)),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "legs",
    [
        [Leg("a", "ETH", D(1))],
        [Leg("a", "ETH", D(1)), Leg("b", "ETH", D("-0.999999999999999999"))],
        [Leg("a", "ETH", D(1)), Leg("b", "BTC", D(-1))],
        [Leg("a", "ETH", D("1e-19")), Leg("b", "ETH", D("-1e-19"))],
    ],
    ids=["one leg", "a unit missing", "across assets", "more than 18 places"],
)
def test_legs_that_do_not_balance_are_an_impossible_state(legs):
    with pytest.raises(AssertionError):
        ledger.post("gift", legs, now=NOW)
    assert not Movement.objects.exists()


@pytest.mark.django_db
def test_legs_of_zero_are_dropped():
    legs = [Leg("a", "ETH", D(1)), Leg("b", "ETH", D(-1)), Leg("fee", "ETH", D("0.000"))]
    ledger.post("gift", legs, now=NOW)
    assert set(Entry.objects.values_list("account", flat=True)) == {"a", "b"}


@pytest.mark.django_db(transaction=True)
def test_a_movement_outside_a_transaction_is_a_bug():
    with pytest.raises(AssertionError):
        ledger.post("gift", [Leg("a", "ETH", D(1)), Leg("b", "ETH", D(-1))], now=NOW)


@pytest.mark.django_db
def test_a_balance_is_exact_where_floats_and_short_contexts_are_not():
    big, unit = D(10) ** 19, D("1e-18")
    for amount in (big, unit, unit, -big):
        ledger.post("gift", [Leg("a", "ETH", amount), Leg("b", "ETH", -amount)], now=NOW)
    assert ledger.balance("a", "ETH") == D("2e-18")
    assert ledger.balance("b", "ETH") == D("-2e-18")
    assert ledger.balance("a", "BTC") == 0


@pytest.fixture
def told():
    """Five movements of ada's, an hour apart, and one of somebody else."""
    ada, eve = make_user(), make_user("eve@example.com")
    for hour, (kind, asset, reference) in enumerate(
        [
            ("supply", "ETH", "eth-main"),
            ("supply", "USDC", "usdc-main"),
            ("borrow", "USDC", "brw_1"),
            ("repay", "USDC", "brw_1"),
            ("supply", "ETH", "eth-main"),
        ]
    ):
        legs = [Leg(f"wallet:{ada.id}", asset, D(1), ada.id), Leg("outside", asset, D(-1))]
        ledger.post(kind, legs, now=later(hours=hour), reference=reference)
    ledger.post(
        "supply", [Leg("x", "ETH", D(1), eve.id), Leg("outside", "ETH", D(-1))], now=later(hours=9)
    )
    return ada


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("filters", "hours"),
    [
        (Filters(), [4, 3, 2, 1, 0]),
        (Filters(kind="supply"), [4, 1, 0]),
        (Filters(asset="USDC"), [3, 2, 1]),
        (Filters(reference="brw_1"), [3, 2]),
        (Filters(since=later(hours=1), until=later(hours=3)), [2, 1]),
        (Filters(kind="supply", asset="ETH", since=later(minutes=1)), [4]),
        (Filters(kind="fee"), []),
    ],
)
def test_a_statement_is_the_owners_newest_first_and_filtered(told, filters, hours):
    rows = ledger.statement(told.id, filters, limit=10)
    assert [row.at for row in rows] == [later(hours=hour) for hour in hours]
    assert ledger.count(told.id, filters) == len(hours)


@pytest.mark.django_db
def test_cursor_and_offset_walk_through_all_once(told, django_assert_num_queries):
    whole = ledger.statement(told.id, Filters(), limit=10)
    seen, cursor = [], None
    while rows := ledger.statement(told.id, Filters(), cursor=cursor, limit=2):
        seen += rows
        cursor = rows[-1].pk
    assert seen == whole
    pages = [ledger.statement(told.id, Filters(), offset=at, limit=2) for at in (0, 2, 4, 6)]
    assert [row for page in pages for row in page] == whole
    with django_assert_num_queries(1):
        [row.to_dict() for row in ledger.statement(told.id, Filters(), limit=10)]


_amounts = st.decimals(min_value=D("-1e6"), max_value=D("1e6"), places=18, allow_nan=False)
_moves = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["ETH", "USDC"]), _amounts),
    max_size=12,
)


class RandomMovements(TestCase):
    """Whatever is moved between users and the outside, refused or not."""

    @given(_moves)
    def test_totals_stay_zero_and_statements_sum_to_wallets(self, moves):
        people = [make_user(f"{name}@example.com").id for name in ("ada", "bob", "eve")]
        for giver, taker, asset, amount in moves:
            try:
                with transaction.atomic():
                    self._transfer(people[giver], people[taker], asset, amount)
            except InsufficientBalance:
                pass
        totals = defaultdict(lambda: ZERO)
        for asset, amount in Entry.objects.values_list("asset", "amount"):
            totals[asset] = EXACT.add(totals[asset], amount)
        assert not any(totals.values())
        for person in people:
            sums = defaultdict(lambda: ZERO)
            for row in ledger.statement(person, Filters(), limit=1_000):
                sums[row.asset] = EXACT.add(sums[row.asset], row.amount)
            held = {wallet.asset: wallet.amount for wallet in wallets.balances(person)}
            assert all(amount >= 0 for amount in held.values())
            assert {a: s for a, s in sums.items() if s} == {a: h for a, h in held.items() if h}
            for asset, amount in held.items():
                assert ledger.balance(wallets.account_of(person), asset) == amount

    def _transfer(self, giver, taker, asset, amount):
        """Move an amount from one to the other; to oneself it is a gift from outside."""
        locked = wallets.lock([(giver, asset), (taker, asset)])
        to = wallets.move(locked[taker, asset], amount)
        if giver == taker:
            other = Leg(ledger.OUTSIDE, asset, -amount)
        else:
            other = wallets.move(locked[giver, asset], -amount)
        wallets.save(*locked.values())
        ledger.post("transfer", [to, other], now=NOW)
