"""Voting power: what counts for whom, at every instant once; delegation; checkpoints."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from functools import partial
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from dualis import errors
from dualis.accounts import ledger, votes, wallets
from dualis.accounts.ledger import OUTSIDE, Leg
from dualis.accounts.models import Status
from dualis.accounts.money import Wallet
from dualis.accounts.votes_models import VoteCheckpoint, VotingPower
from dualis.exact import EXACT, ZERO, mul_down
from dualis.retry import retried
from tests.people import NOW, later, make_staff, make_user
from tests.threads import raised, together

D = Decimal
UNIT = D("1e-18")


def pay(user, amount, now=NOW):
    """Book DUAL in from outside, or out."""
    with transaction.atomic():
        wallet = wallets.lock([(user.id, "DUAL")])[user.id, "DUAL"]
        legs = [wallets.move(wallet, D(amount)), Leg(OUTSIDE, "DUAL", -D(amount))]
        wallets.save(wallet, now=now)
        ledger.post("deposit", legs, now=now)


def transfer(giver, taker, amount, now=NOW):
    with transaction.atomic():
        locked = wallets.lock([(giver.id, "DUAL"), (taker.id, "DUAL")])
        legs = [
            wallets.move(locked[giver.id, "DUAL"], -D(amount)),
            wallets.move(locked[taker.id, "DUAL"], D(amount)),
        ]
        wallets.save(*locked.values(), now=now)
        ledger.post("transfer", legs, now=now)


def stake(user, staked, now=NOW):
    with transaction.atomic():
        votes.set_staked(user.id, D(staked), now=now)


def powers(*users, at=NOW):
    return [votes.power_at(user.id, at) for user in users]


@pytest.fixture
def people(request):
    return [make_user(f"{name}@example.com", id=f"usr_{name}") for name in ("ada", "bob", "eve")]


@pytest.mark.django_db
def test_power_is_what_was_held_at_the_time(people):
    ada, *_ = people
    pay(ada, 100)
    pay(ada, "0.000000000000000001", later(hours=1))
    pay(ada, -40, later(hours=2))
    assert votes.power_at(ada.id, NOW - timedelta(microseconds=1)) == 0
    assert votes.power_at(ada.id, NOW) == 100
    assert votes.power_at(ada.id, later(minutes=59)) == 100
    assert votes.power_at(ada.id, later(hours=1)) == 100 + UNIT
    assert votes.power_at(ada.id, later(days=9)) == 60 + UNIT
    assert votes.own_balance(ada.id) == 60 + UNIT
    assert votes.power_at("usr_nobody", NOW) == votes.own_balance("usr_nobody") == 0


@pytest.mark.django_db
def test_of_several_changes_at_one_instant_the_last_counts(people):
    ada, *_ = people
    for amount in (5, 7, -2):
        pay(ada, amount)
    assert votes.power_at(ada.id, NOW) == 10
    assert VoteCheckpoint.objects.filter(user=ada).count() == 3


@pytest.mark.django_db
def test_staff_bookings_and_the_faucet_move_power(people, monkeypatch):
    ada, *_ = people
    booking = {"places": 18, "actor": make_staff(), "address": "", "now": NOW}
    wallets.deposit(ada.id, "DUAL", D(50), **booking)
    wallets.withdraw(ada.id, "DUAL", D(20), **booking)
    assert votes.power_at(ada.id, NOW) == 30
    monkeypatch.setitem(wallets.FAUCET_AMOUNTS, "DUAL", D(4))
    wallets.faucet(ada.id, later(hours=1))
    assert votes.power_at(ada.id, later(hours=1)) == 34


@pytest.mark.django_db
def test_other_assets_do_not_vote(people):
    ada, *_ = people
    with transaction.atomic():
        wallet = wallets.lock([(ada.id, "USDC")])[ada.id, "USDC"]
        wallets.move(wallet, D(5))
        wallets.save(wallet)
    assert not VotingPower.objects.exists() and not VoteCheckpoint.objects.exists()


@pytest.mark.django_db
def test_dual_saved_without_a_time_is_a_bug(people):
    ada, *_ = people
    with pytest.raises(AssertionError), transaction.atomic():
        wallet = wallets.lock([(ada.id, "DUAL")])[ada.id, "DUAL"]
        wallets.move(wallet, D(1))
        wallets.save(wallet)


@pytest.mark.django_db(transaction=True)
def test_power_outside_a_transaction_is_a_bug(people):
    with pytest.raises(AssertionError):
        votes.set_staked(people[0].id, D(1), now=NOW)


@pytest.mark.django_db
def test_stake_weighs_half_more_rounded_down(people):
    ada, *_ = people
    pay(ada, 10)
    stake(ada, D(4) + UNIT, later(hours=1))
    assert votes.power_at(ada.id, later(hours=1)) == 16 + UNIT
    assert votes.own_balance(ada.id) == 14 + UNIT
    stake(ada, 0, later(hours=2))
    assert votes.power_at(ada.id, later(hours=2)) == 10


@pytest.mark.django_db
def test_delegated_power_counts_for_the_delegate_from_then_on(people):
    ada, bob, eve = people
    pay(ada, 100)
    pay(bob, 1)
    pay(eve, 10)
    votes.delegate(ada.id, bob.id, now=later(hours=1))
    votes.delegate(eve.id, bob.id, now=later(hours=2))
    assert powers(ada, bob, eve) == [100, 1, 10]
    assert powers(ada, bob, eve, at=later(hours=1)) == [0, 101, 10]
    assert powers(ada, bob, eve, at=later(hours=2)) == [0, 111, 0]
    pay(ada, 5, later(hours=3))
    stake(eve, 2, later(hours=3))
    transfer(bob, ada, 1, later(hours=4))
    assert powers(ada, bob, eve, at=later(hours=3)) == [0, 119, 0]
    assert powers(ada, bob, eve, at=later(hours=4)) == [0, 119, 0]
    votes.undelegate(ada.id, now=later(hours=5))
    assert powers(ada, bob, eve, at=later(hours=5)) == [106, 13, 0]
    assert powers(ada, bob, eve, at=later(hours=2)) == [0, 111, 0]


@pytest.mark.django_db
def test_delegating_to_another_takes_the_power_from_the_first(people):
    ada, bob, eve = people
    pay(ada, 100)
    votes.delegate(ada.id, bob.id, now=later(hours=1))
    votes.delegate(ada.id, eve.id, now=later(hours=2))
    assert powers(ada, bob, eve, at=later(hours=1)) == [0, 100, 0]
    assert powers(ada, bob, eve, at=later(hours=2)) == [0, 0, 100]
    votes.delegate(bob.id, eve.id, now=later(hours=3))  # nobody delegates to bob any more
    before = VoteCheckpoint.objects.count()
    votes.delegate(ada.id, eve.id, now=later(hours=4))
    assert VoteCheckpoint.objects.count() == before
    assert [row.user_id for row in votes.delegators(eve.id)] == [ada.id, bob.id]


@pytest.mark.django_db
def test_what_a_delegation_may_not_be_is_refused_and_changes_nothing(people):
    ada, bob, eve = people
    for user in people:
        pay(user, 10)
    votes.delegate(ada.id, bob.id, now=NOW)
    before = list(VotingPower.objects.values()), list(VoteCheckpoint.objects.values())
    refused = [
        (ada.id, ada.id, errors.SelfDelegation),
        (eve.id, ada.id, errors.DelegateHasDelegated),
        (eve.id, "usr_nobody", errors.NotFound),
    ]
    for user_id, delegatee_id, error in refused:
        with pytest.raises(error):
            votes.delegate(user_id, delegatee_id, now=later(hours=1))
    with pytest.raises(errors.NotDelegated):
        votes.undelegate(eve.id, now=later(hours=1))
    assert (list(VotingPower.objects.values()), list(VoteCheckpoint.objects.values())) == before


@pytest.mark.django_db
def test_a_delegate_may_delegate_his_own_power_and_keeps_what_he_received(people):
    ada, bob, eve = people
    pay(ada, 3)
    pay(bob, 20)
    votes.delegate(ada.id, bob.id, now=NOW)
    votes.delegate(bob.id, eve.id, now=later(hours=1))
    assert powers(ada, bob, eve, at=later(hours=1)) == [0, 3, 20]
    votes.undelegate(ada.id, now=later(hours=2))
    assert powers(ada, bob, eve, at=later(hours=2)) == [3, 0, 20]
    votes.undelegate(bob.id, now=later(hours=3))
    assert powers(ada, bob, eve, at=later(hours=3)) == [3, 20, 0]


@pytest.mark.django_db
def test_a_deactivated_delegate_keeps_what_he_has_until_it_is_taken_back(people):
    ada, bob, eve = people
    pay(ada, 100)
    votes.delegate(ada.id, bob.id, now=NOW)
    bob.status = Status.DEACTIVATED
    bob.save()
    assert powers(ada, bob) == [0, 100]
    with pytest.raises(errors.NotFound):
        votes.delegate(eve.id, bob.id, now=NOW)
    votes.undelegate(ada.id, now=later(hours=1))
    assert powers(ada, bob, at=later(hours=1)) == [100, 0]


@pytest.mark.django_db
def test_standing_says_what_power_is_made_of(people):
    ada, bob, eve = people
    pay(ada, "100.50")
    stake(ada, 20)
    pay(bob, 7)
    assert votes.standing(eve.id) == {
        "balance": "0",
        "staked": "0",
        "ownVotingPower": "0",
        "delegatedOut": "0",
        "delegatedIn": "0",
        "effectiveVotingPower": "0",
        "delegate": None,
    }
    votes.delegate(ada.id, bob.id, now=NOW)
    assert votes.standing(ada.id) == {
        "balance": "120.5",
        "staked": "20",
        "ownVotingPower": "130.5",
        "delegatedOut": "130.5",
        "delegatedIn": "0",
        "effectiveVotingPower": "0",
        "delegate": bob.id,
    }
    standing = votes.standing(bob.id)
    assert (standing["delegatedOut"], standing["delegatedIn"]) == ("0", "130.5")
    assert standing["effectiveVotingPower"] == "137.5"


@pytest.mark.django_db
def test_a_clock_that_lags_writes_no_checkpoint_before_the_last_of_any_of_them(people):
    ada, bob, _ = people
    pay(ada, 100, later(seconds=2))
    transfer(ada, bob, 30, later(seconds=1))
    assert powers(ada, bob, at=later(seconds=1)) == [0, 0]
    assert powers(ada, bob, at=later(seconds=2)) == [70, 30]


@pytest.mark.django_db
def test_a_delegation_made_between_look_and_lock_is_seen(people, monkeypatch):
    ada, bob, _ = people
    pay(ada, 100)
    look = votes._delegates_of

    def overtaken(user_ids):
        found = look(user_ids)
        monkeypatch.setattr(votes, "_delegates_of", look)
        votes.delegate(ada.id, bob.id, now=NOW)
        return found

    monkeypatch.setattr(votes, "_delegates_of", overtaken)
    pay(ada, 1, later(hours=1))
    assert powers(ada, bob, at=later(hours=1)) == [0, 101]


@pytest.mark.django_db
def test_checkpoints_are_written_once(people):
    pay(people[0], 1)
    row = VoteCheckpoint.objects.get()
    for act in (row.save, row.delete, VoteCheckpoint.objects.all().delete):
        with pytest.raises(TypeError):
            act()


@pytest.mark.django_db
def test_power_is_one_look_into_an_index_and_a_transfer_few_rows(people, django_assert_num_queries):
    ada, bob, eve = people
    pay(ada, 100)
    votes.delegate(ada.id, eve.id, now=NOW)
    before = VoteCheckpoint.objects.count()
    transfer(ada, bob, 1, later(hours=1))
    assert VoteCheckpoint.objects.count() == before + 2
    with django_assert_num_queries(1):
        votes.power_at(ada.id, NOW)
    rows = VoteCheckpoint.objects.filter(user_id=ada.id, at__lte=NOW).order_by("-at", "-id")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        plan = rows[:1].explain()
    assert "checkpoint_by_user" in plan and "sort" not in plan.lower()


@pytest.mark.django_db
def test_the_migration_makes_the_checkpoints_of_the_past(people):
    ada, bob, eve = people
    pay(ada, 100)
    pay(bob, "2.5", later(hours=1))
    pay(ada, -30, later(hours=2))
    pay(ada, UNIT, later(hours=1))  # booked later, by a clock that lagged
    booked = list(VoteCheckpoint.objects.order_by("id").values_list("user", "at", "power"))
    rows = list(VotingPower.objects.values())
    with connection.cursor() as cursor:
        for model in (VoteCheckpoint, VotingPower):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")
    import_module("dualis.accounts.migrations.0003_votes").replay(apps, None)
    read = VoteCheckpoint.objects.order_by("id").values_list("user", "at", "power")
    assert list(read) == booked
    assert list(VotingPower.objects.values()) == rows


_WHO = st.integers(0, 3)
_AMOUNT = st.decimals(min_value=UNIT, max_value=D(1000), places=18, allow_nan=False)
_SECONDS = st.integers(-3, 5)  # clocks lag, and things happen at one instant
_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), _WHO, st.just(0), _AMOUNT, _SECONDS),
        st.tuples(st.just("transfer"), _WHO, _WHO, _AMOUNT, _SECONDS),
        st.tuples(st.just("stake"), _WHO, st.just(0), _AMOUNT, _SECONDS),
        st.tuples(st.just("delegate"), _WHO, _WHO, st.just(ZERO), _SECONDS),
        st.tuples(st.just("undelegate"), _WHO, st.just(0), st.just(ZERO), _SECONDS),
    ),
    max_size=14,
)


class RandomVotes(TestCase):
    """Whatever is moved, staked and delegated, refused or not, by clocks that disagree."""

    @settings(deadline=None, max_examples=40)
    @given(_ACTS)
    def test_powers_sum_to_what_is_held_at_every_instant(self, acts):
        people = [make_user(f"u{n}@example.com", id=f"usr_{n}") for n in range(4)]
        now = NOW
        weights = []  # (at, what the holders' DUAL gained in weight), in the order of booking
        powers = defaultdict(list)  # user -> (at, power), in the order of booking
        held = ZERO
        for name, one, other, amount, seconds in acts:
            now += timedelta(seconds=seconds)
            try:
                with transaction.atomic():
                    self._act(name, people[one], people[other], amount, now)
            except errors.DomainError:
                continue
            rows = {row.user_id: row for row in VotingPower.objects.all()}
            at = rows[people[one].id].changed_at
            total = sum((self._weight(row) for row in rows.values()), ZERO)
            weights.append((at, EXACT.subtract(total, held)))
            held = total
            for user_id, row in rows.items():
                self._check_row(row, rows)
                if row.changed_at == at:
                    powers[user_id].append((at, row.effective))
        for instant in sorted({at for at, _ in weights}):
            for at in (instant - timedelta(microseconds=1), instant):
                read = {user.id: votes.power_at(user.id, at) for user in people}
                weight = sum((gain for when, gain in weights if when <= at), ZERO)
                assert sum(read.values(), ZERO) == weight
                for user in people:
                    known = [power for when, power in powers[user.id] if when <= at]
                    assert read[user.id] == (known[-1] if known else 0)

    def _act(self, name, user, other, amount, now):
        match name:
            case "pay":
                pay(user, amount, now)
            case "transfer":
                if user != other:
                    transfer(user, other, amount, now)
                else:
                    pay(user, -amount, now)
            case "stake":
                stake(user, amount, now)
            case "delegate":
                votes.delegate(user.id, other.id, now=now)
            case "undelegate":
                votes.undelegate(user.id, now=now)

    def _weight(self, row):
        wallet = Wallet.objects.filter(user_id=row.user_id, asset="DUAL").first()
        liquid = wallet.amount if wallet else ZERO
        return EXACT.add(liquid, mul_down(row.staked, D("1.5"), 18))

    def _check_row(self, row, rows):
        given = [other for other in rows.values() if other.delegate_id == row.user_id]
        assert row.received == sum((self._weight(other) for other in given), ZERO)
        own = ZERO if row.delegate_id else self._weight(row)
        assert row.effective == EXACT.add(own, row.received)


@pytest.mark.django_db(transaction=True)
def test_delegations_and_transfers_at_the_same_time_lose_nothing(people):
    ada, bob, eve = people
    for user in people:
        pay(user, 100)

    def delegating(user):
        for n in range(10):
            retried(partial(votes.delegate, user.id, eve.id, now=later(seconds=n)), 20)
            retried(partial(votes.undelegate, user.id, now=later(seconds=n)), 20)
        retried(partial(votes.delegate, user.id, eve.id, now=later(seconds=20)), 20)

    def transferring(giver, taker):
        for n in range(20):
            retried(partial(transfer, giver, taker, 1, later(seconds=n)), 20)

    results = together(
        partial(delegating, ada),
        partial(delegating, bob),
        partial(transferring, ada, eve),
        partial(transferring, eve, bob),
    )
    assert not raised(results)
    assert powers(ada, bob, eve, at=later(hours=1)) == [0, 0, 300]
    assert [votes.own_balance(user.id) for user in people] == [80, 120, 100]
    for at in set(VoteCheckpoint.objects.values_list("at", flat=True)):
        assert sum(powers(*people, at=at)) == 300
