"""Several people at once on one database: identities hold at every read, nobody sees a crash."""

import contextlib
import random
import threading
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import connection

from dualis.errors import DomainError
from dualis.lending import borrowing, supplying
from dualis.lending.models import BorrowPosition
from dualis.retry import retried
from realtime import readers
from tests import lending_market as lm
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, OPERATIONS = 8, 10


def act(user, seed):
    """Do random operations as one user; refusals are normal, anything else is raised."""
    dice = random.Random(seed)
    for _ in range(OPERATIONS):
        now = datetime.now(UTC)
        amount = str(dice.randint(1, 3000))
        own = BorrowPosition.objects.filter(user=user, closed_at=None).first()
        choices = [
            partial(supplying.supply, user.id, "usdc-main", amount, now=now),
            partial(supplying.withdraw, user.id, "usdc-main", amount, now=now),
            partial(borrowing.open_position, user.id, "usdc-main", amount, {"ETH": "2"}, now=now),
        ]
        if own:
            choices += [
                partial(borrowing.repay, user.id, own.id, "max", now=now),
                partial(borrowing.borrow, user.id, own.id, amount, now=now),
                partial(
                    borrowing.add_collateral, user.id, own.id, "ETH", "1", now=now, source="supply"
                ),
            ]
        with contextlib.suppress(DomainError):
            retried(dice.choice(choices))


def test_identities_hold_while_eight_people_act_at_once():
    lm.opened()
    users = [lm.rich(f"user{n}") for n in range(PEOPLE)]
    now = datetime.now(UTC)
    for user in users:
        for pool_id in ("usdc-main", "eth-main"):
            supplying.supply(user.id, pool_id, "20", now=now)
    supplying.supply(users[0].id, "usdc-main", "100000", now=now)
    stop = threading.Event()
    looks, broken = [], []

    def watch():
        while not stop.is_set():
            looks.append(True)
            try:
                with readers.read_only():
                    lm.check()
            except AssertionError as error:
                broken.append(error)
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        results = together(*(partial(act, user, n) for n, user in enumerate(users)))
    finally:
        stop.set()
        watcher.join()
    assert not raised(results) and not broken and looks
    assert BorrowPosition.objects.exists()
    lm.check()
