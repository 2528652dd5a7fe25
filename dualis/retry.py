"""A transaction again after the database broke it off: a deadlock, or a serialization failure."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, transaction

from dualis import errors, trips

T = TypeVar("T")

AGAIN = frozenset({"40001", "40P01"})  # SQLSTATE: serialization failure, deadlock detected
FIRST_WAIT_SECONDS = 0.01  # the longest first wait; it doubles, and each is a random part of it


def retried(act: Callable[[], T], attempts: int = 5) -> T:
    """Return what `act` returns, run in a transaction of its own; again if that was broken off.

    The transaction is the outermost one: inside another, which would be broken off with it, the
    call is a bug (RuntimeError). `act` runs more than once, so it changes nothing but the database.
    Contended after the last attempt; every other error at once.
    """
    for attempt in range(attempts):
        try:
            with transaction.atomic(durable=True), trips.together():
                return act()
        except OperationalError as error:
            if not _is_broken_off(error):
                raise
            if attempt + 1 == attempts:
                raise errors.Contended() from error
        time.sleep(random.uniform(0, FIRST_WAIT_SECONDS * 2**attempt))
    raise AssertionError("there is at least one attempt")


def _is_broken_off(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in AGAIN
