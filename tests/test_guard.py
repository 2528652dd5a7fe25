"""The lock against guessing, with the clock in hand."""

from datetime import timedelta

import pytest

from dualis import errors
from dualis.accounts import guard
from dualis.accounts.models import LoginGuard
from tests.people import NOW, later

pytestmark = pytest.mark.django_db
PAIR = ("192.0.2.1", "ada@example.com")


def fail(times: int, now=NOW) -> None:
    for _ in range(times):
        guard.admit(*PAIR, now=now)


def test_eighth_failure_locks_the_pair_for_900_s():
    fail(8)
    with pytest.raises(errors.AccountLocked) as caught:
        guard.admit(*PAIR, now=later(seconds=0.5))
    assert caught.value.details == {"retryAfter": 900}
    with pytest.raises(errors.AccountLocked) as caught:
        guard.admit(*PAIR, now=later(seconds=899))
    assert caught.value.details == {"retryAfter": 1}
    guard.admit(*PAIR, now=later(seconds=900))


def test_seven_failures_do_not_lock():
    fail(7)
    guard.admit(*PAIR, now=NOW)


def test_failure_after_the_lock_locks_again():
    fail(8)
    guard.admit(*PAIR, now=later(seconds=901))
    with pytest.raises(errors.AccountLocked):
        guard.admit(*PAIR, now=later(seconds=902))


def test_refused_attempts_do_not_prolong_the_lock():
    fail(8)
    for second in (10, 20, 30):
        with pytest.raises(errors.AccountLocked):
            guard.admit(*PAIR, now=later(seconds=second))
    assert LoginGuard.objects.get().locked_until == later(seconds=900)


def test_other_pairs_stay_open():
    fail(8)
    guard.admit("192.0.2.2", PAIR[1], now=NOW)
    guard.admit(PAIR[0], "eve@example.com", now=NOW)


def test_success_clears_the_count():
    fail(7)
    guard.clear(*PAIR)
    fail(7, now=later(minutes=1))
    guard.admit(*PAIR, now=later(minutes=1))


def test_count_is_forgotten_after_24_h_of_quiet():
    fail(7)
    guard.admit(*PAIR, now=later(hours=24))
    assert LoginGuard.objects.get().failures == 1


def test_count_is_kept_within_24_h():
    fail(7)
    guard.admit(*PAIR, now=later(hours=23))
    with pytest.raises(errors.AccountLocked):
        guard.admit(*PAIR, now=later(hours=23))


def test_prune_drops_only_what_is_forgotten():
    guard.admit("192.0.2.1", "old@example.com", now=NOW - timedelta(hours=24))
    guard.admit("192.0.2.1", "new@example.com", now=NOW)
    assert guard.prune(now=NOW) == 1
    assert LoginGuard.objects.get().email == "new@example.com"
