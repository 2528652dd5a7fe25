"""Acts that stand apart: one that fails costs itself alone, and is raised at the end."""

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from dualis import apart, errors
from dualis.apart import Apart
from dualis.models import EngineStep

pytestmark = pytest.mark.django_db(transaction=True)


def write(ids):
    """Write a row for each; the one called bad fails after it has written."""
    for name in ids:
        EngineStep.objects.create(name=name, interval_seconds=1)
    if "bad" in ids:
        raise ValueError("broken")


def written():
    return set(EngineStep.objects.values_list("name", flat=True))


def test_all_are_acted_on_at_once_while_nothing_fails():
    calls = []
    with Apart("a round") as round_:
        round_.act(calls.append, ["a", "b", "c"])
        round_.act(calls.append, [])
    assert calls == [["a", "b", "c"]]


def test_one_that_fails_leaves_the_others_served_and_is_named_and_raised(caplog):
    with pytest.raises(ExceptionGroup) as raised, Apart("a round") as round_:
        round_.act(write, ["a", "b", "bad", "c", "d"])
        round_.act(write, ["e"])
    assert written() == {"a", "b", "c", "d", "e"}
    (error,) = raised.value.exceptions
    assert isinstance(error, ValueError) and error.__notes__ == ["bad failed in a round"]
    assert caplog.text.count("a round: bad failed") == 1


def test_when_many_fail_single_ones_are_no_longer_sought():
    calls = []

    def fail(ids):
        calls.append(len(ids))
        raise ValueError

    with pytest.raises(ExceptionGroup) as raised, Apart("a round") as round_:
        round_.act(fail, [str(number) for number in range(64)])
        before = len(calls)
        round_.act(fail, [str(number) for number in range(500)])
    assert len(calls) == before + 1 < 64 and calls[-1] == 500
    *ones, many = raised.value.exceptions
    assert many.__notes__ == ["0 and 499 more failed in a round"] and len(ones) < 30


def test_an_error_of_the_database_that_is_there_stays_with_its_own():
    def twice(ids):
        write(ids)
        if "bad" in ids:
            raise IntegrityError

    def cancelled(ids):
        raise OperationalError("canceling statement")

    with pytest.raises(ExceptionGroup) as raised, Apart("a round") as round_:
        round_.act(twice, ["a", "b"])
        round_.act(cancelled, ["c"])
        round_.act(twice, ["d"])
    assert written() == {"a", "b", "d"} and len(raised.value.exceptions) == 1


def test_a_database_that_is_away_ends_the_round(monkeypatch):
    monkeypatch.setattr(apart, "_is_database_there", lambda: False)
    calls = []

    def fail(ids):
        calls.append(ids)
        raise OperationalError("server closed the connection")

    with pytest.raises(OperationalError), Apart("a round") as round_:
        round_.act(fail, ["a", "b"])
    assert calls == [["a", "b"]]


def test_after_a_broken_connection_the_round_goes_on_over_a_new_one():
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has no connection to break")
    calls = []

    def cut(ids):
        calls.append(ids)
        if len(calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        write(ids)

    with Apart("a round") as round_:
        round_.act(cut, ["a", "b"])
    assert calls == [["a", "b"], ["a"], ["b"]] and written() == {"a", "b"}


def test_contended_rows_wait_and_fail_nobody(caplog):
    def fail(ids):
        raise errors.Contended()

    with Apart("a round") as round_:
        assert not round_.act(fail, ["a", "b"])
        assert round_.act(write, ["c"])
    assert "a round: a and 1 more contended" in caplog.text


def test_inside_a_transaction_it_is_a_bug():
    with pytest.raises(ExceptionGroup), transaction.atomic(), Apart("a round") as round_:
        round_.act(write, ["a"])
    assert written() == set()
