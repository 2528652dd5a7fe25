"""Transactions again after the database broke them off."""

import threading
from decimal import Decimal

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from dualis import errors, retry
from dualis.accounts.money import Wallet
from dualis.retry import retried
from tests.people import make_user
from tests.threads import raised, together


class _Cause(Exception):
    def __init__(self, sqlstate):
        self.sqlstate = sqlstate


def broken_off(sqlstate):
    error = OperationalError("broken off")
    error.__cause__ = _Cause(sqlstate)
    return error


class Act:
    """Writes a wallet, then raises the next of these errors; in the end returns."""

    def __init__(self, user, *failures):
        self.user, self.failures, self.calls = user, list(failures), 0

    def __call__(self):
        self.calls += 1
        Wallet.objects.create(user=self.user, asset=f"A{self.calls}", amount=Decimal(1))
        if self.failures:
            raise self.failures.pop(0)
        return "done"


@pytest.fixture
def waits(monkeypatch):
    waits = []
    monkeypatch.setattr(retry.time, "sleep", waits.append)
    return waits


@pytest.mark.django_db
@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
def test_a_broken_transaction_runs_again_and_leaves_nothing_behind(waits, sqlstate):
    act = Act(make_user(), broken_off(sqlstate), broken_off(sqlstate))
    assert retried(act) == "done"
    assert act.calls == 3
    assert list(Wallet.objects.values_list("asset", flat=True)) == ["A3"]
    assert len(waits) == 2
    assert 0 <= waits[0] <= 0.01 and 0 <= waits[1] <= 0.02


@pytest.mark.django_db
def test_it_gives_up_with_a_refusal(waits):
    act = Act(make_user(), *[broken_off("40P01") for _ in range(5)])
    with pytest.raises(errors.Contended) as refusal:
        retried(act)
    assert (refusal.value.code, refusal.value.status) == ("CONFLICT", 409)
    assert act.calls == 5 and len(waits) == 4
    assert not Wallet.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error",
    [broken_off("57014"), OperationalError("no cause"), DatabaseError("other"), errors.Forbidden()],
    ids=["cancelled", "no sqlstate", "another database error", "refusal"],
)
def test_every_other_error_passes_at_once(waits, error):
    act = Act(make_user(), error)
    with pytest.raises(type(error)):
        retried(act)
    assert act.calls == 1 and waits == []
    assert not Wallet.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_inside_another_transaction_it_is_a_bug():
    with pytest.raises(RuntimeError), transaction.atomic():
        retried(lambda: None)


@pytest.mark.django_db(transaction=True)
def test_a_real_deadlock_ends_with_both_done():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time and no deadlocks")
    user = make_user()
    for asset in ("BTC", "ETH"):
        Wallet.objects.create(user=user, asset=asset)
    both_hold_one = threading.Barrier(2)
    attempts = []

    def add(*assets):
        def act():
            attempts.append(assets)
            for asset in assets:
                row = Wallet.objects.select_for_update(no_key=True).get(user=user, asset=asset)
                row.amount += 1
                row.save()
                if attempts.count(assets) == 1 and asset == assets[0]:
                    both_hold_one.wait(10)

        retried(act)

    results = together(lambda: add("BTC", "ETH"), lambda: add("ETH", "BTC"))
    assert not raised(results)
    assert len(attempts) == 3, "the database broke off exactly one"
    assert set(Wallet.objects.values_list("amount", flat=True)) == {Decimal(2)}
