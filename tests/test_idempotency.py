"""A request acts once, however often it arrives."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError

from dualis import errors, idempotency
from dualis.accounts.money import Wallet
from dualis.idempotency import Answer
from dualis.models import IdempotencyKey
from tests.people import NOW, later, make_user
from tests.threads import raised, together


class Act:
    """Adds one to a wallet and answers with what is then in it."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.calls = 0
        self.user = make_user()
        Wallet.objects.create(user=self.user, asset="ETH")

    def __call__(self):
        self.calls += 1
        row = Wallet.objects.select_for_update(no_key=True).get()
        row.amount += 1
        row.save()
        if self.failures:
            raise self.failures.pop(0)
        return 201, {"data": {"amount": str(int(row.amount)), "z": None, "a": [1]}}

    @property
    def amount(self):
        return Wallet.objects.get().amount


def ask(act, *, user="usr_1", method="POST", path="/v1/x", key="k", body=b"{}", now=NOW):
    return idempotency.once(user, method, path, key, body, now, act)


FIRST = {"data": {"amount": "1", "z": None, "a": [1]}}


@pytest.mark.django_db
def test_the_same_request_gets_the_stored_answer():
    act = Act()
    assert ask(act) == Answer(201, FIRST, is_replayed=False)
    assert ask(act, now=later(hours=23)) == Answer(201, FIRST, is_replayed=True)
    assert act.calls == act.amount == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other", [{"user": "usr_2"}, {"method": "PUT"}, {"path": "/v1/y"}, {"key": "K"}]
)
def test_a_key_is_of_a_user_a_method_and_a_path(other):
    act = Act()
    ask(act)
    assert not ask(act, **other).is_replayed
    assert act.amount == 2


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused():
    act = Act()
    ask(act)
    with pytest.raises(errors.IdempotencyConflict) as refusal:
        ask(act, body=b'{"amount":"2"}')
    assert (refusal.value.code, refusal.value.status) == ("IDEMPOTENCY_CONFLICT", 422)
    assert act.amount == 1


@pytest.mark.django_db
@pytest.mark.parametrize("failure", [errors.Forbidden(), KeyError("a bug")])
def test_a_refusal_is_not_stored_and_leaves_the_key_free(failure):
    act = Act(failure)
    with pytest.raises(type(failure)):
        ask(act)
    assert act.amount == 0 and not IdempotencyKey.objects.exists()
    assert ask(act, body=b"another") == Answer(201, FIRST)


@pytest.mark.django_db
def test_a_transaction_that_was_broken_off_acts_again_under_its_key():
    deadlock = OperationalError()
    deadlock.__cause__ = type("Cause", (Exception,), {"sqlstate": "40P01"})()
    act = Act(deadlock)
    assert ask(act) == Answer(201, FIRST)
    assert (act.calls, act.amount) == (2, 1)


@pytest.mark.django_db
def test_after_a_day_a_key_is_new_whether_pruned_or_not():
    act = Act()
    ask(act)
    assert not ask(act, body=b"another", now=later(hours=24)).is_replayed
    assert ask(act, body=b"another", now=later(hours=25)).is_replayed
    assert act.amount == 2 and IdempotencyKey.objects.count() == 1


@pytest.mark.django_db
def test_pruning_deletes_what_is_a_day_old():
    act = Act()
    ask(act, key="old")
    ask(act, key="young", now=later(hours=1))
    assert idempotency.prune(later(hours=24)) == 1
    assert IdempotencyKey.objects.get().key == "young"
    assert idempotency.prune(later(hours=25) - timedelta(microseconds=1)) == 0


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/v1/" + "x" * 200, "/v1/\0"])
def test_a_path_that_is_none_of_ours_is_not_found(path):
    with pytest.raises(errors.NotFound):
        ask(lambda: (200, None), path=path)


@pytest.mark.django_db(transaction=True)
def test_ten_equal_requests_at_the_same_time_act_once():
    act = Act()
    results = together(*[lambda: ask(act)] * 10)
    assert not raised(results)
    assert act.calls == act.amount == 1
    assert sorted(answer.is_replayed for answer in results) == [False] + [True] * 9
    assert {(answer.status, answer.body["data"]["amount"]) for answer in results} == {(201, "1")}


@pytest.mark.django_db(transaction=True)
def test_the_second_waits_for_the_first_and_acts_if_that_is_refused():
    act = Act(errors.Forbidden())
    first_is_in, second_is_off = threading.Event(), threading.Event()

    def hold():
        first_is_in.set()
        assert second_is_off.wait(10)
        return act()

    def second():
        assert first_is_in.wait(10)
        second_is_off.set()
        return ask(act)

    one, two = together(lambda: ask(hold), second)
    assert isinstance(one, errors.Forbidden)
    assert two == Answer(201, FIRST)
    assert act.amount == Decimal(1)
