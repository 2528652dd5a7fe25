"""Processes that are killed at every step of what they do, one after another.

`python -m tests.mortal poller URL` polls the venue at URL, `python -m tests.mortal twaps` runs a
TWAP order's slices; each in children of which the n-th is killed at its n-th step: before each
statement, before and after each commit, before and after the venue is asked. It ends with a child
that lives, holds the sentences of the ledger and prints how many were killed, as JSON.
`begin` opens the account that the venue knows, `booked` prints what the ledger has of it.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

import django

django.setup()

from django.db import connection  # noqa: E402

from dualis.trading import poller, twaps  # noqa: E402
from dualis.trading.models import Fill, MarginOrder, Twap  # noqa: E402
from dualis.trading.orderbook import Side  # noqa: E402
from dualis.trading.twap_schedule import Asked  # noqa: E402
from dualis.trading.venues import Hyperliquid  # noqa: E402
from tests import trading_world as tw  # noqa: E402
from tests.trading_world import ADA, BOB, after  # noqa: E402

SLICES, MINUTES = 241, 60
INTERVAL = 15  # seconds between two slices


class Step:
    """Kills its process the n-th time it is called; never for 0."""

    def __init__(self, number):
        self.left = number

    def __call__(self):
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Venue:
    """Hyperliquid's, asking which is a step, and so is its answer."""

    name, is_local = "hyperliquid", False

    def __init__(self, url, step):
        self.venue, self.step = Hyperliquid(url), step

    def fills(self, user, since_ms):
        self.step()
        found = self.venue.fills(user, since_ms)
        self.step()
        return found


def in_child(act, number=0):
    """Act in a child that is killed at its n-th step; tell whether it lived."""
    child = os.fork()
    if not child:
        try:
            _act(act, Step(number))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return False
    assert os.WEXITSTATUS(status) == 0, "the child failed by itself"
    return True


def _act(act, step):
    connection.ensure_connection()
    commit = connection._commit

    def committing():
        step()
        commit()
        step()

    def executing(execute, *args):
        step()
        return execute(*args)

    connection._commit = committing
    with connection.execute_wrapper(executing):
        act(step)


def killed_at_every_step(act):
    """Act until a child lives; return how many were killed."""
    number = 1
    while not in_child(act, number):
        number += 1
    return number - 1


def begin():
    tw.marked()
    tw.account(ADA)
    return {}


def booked():
    tw.check()
    tids = Fill.objects.filter(account_id=ADA).order_by("tid").values_list("tid", flat=True)
    return {"tids": list(tids), "position": str(tw.position(ADA))}


def run_poller(url):
    in_child(lambda step: begin())

    def poll(step):
        poller.step(Venue(url, step), datetime.now(UTC))

    return {"killed": killed_at_every_step(poll), **booked()}


def run_twaps():
    def place(step):
        tw.marked()
        tw.account(ADA, "1000000")
        tw.account(BOB, "1000000")
        tw.place(BOB, "A", str(SLICES), "2000")
        asked = Asked("ETH", Side.BUY, Decimal(SLICES), MINUTES, SLICES)
        twaps.place(ADA, asked, now=after(seconds=1))

    in_child(place)
    number, is_alive = 0, False
    while not is_alive:
        number += 1
        now = after(seconds=2 + (number - 1) * INTERVAL)

        def run(step, now=now):
            twaps.run(now)

        is_alive = in_child(run, number)
        in_child(run)  # who comes after the killed one finds the slice done, or does it
        in_child(lambda step, number=number: _look(number))
    tw.check()
    return {"killed": number - 1, "slices": Twap.objects.get().slices_filled}


def _look(number):
    """Hold that just so many slices have run, each once and whole."""
    row = Twap.objects.get()
    ran = list(MarginOrder.objects.exclude(twap_id="").values_list("twap_slice", flat=True))
    assert sorted(ran) == list(range(number)), ran
    assert (row.slices_filled, row.slice_index, row.filled) == (number, number - 1, number)
    assert tw.position(ADA) == number


PARTS: dict[str, Callable[..., object]] = {
    "begin": begin,
    "booked": booked,
    "poller": run_poller,
    "twaps": run_twaps,
}

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](*sys.argv[2:])))
