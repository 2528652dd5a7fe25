"""Several programs trade at once on one database: nothing is sold twice, and no lock order breaks.

The services run as they are, without another try: a deadlock would be an error here.
"""

import contextlib
import random
import threading
from datetime import UTC, datetime
from decimal import Decimal as D
from functools import partial

import pytest
from django.db import connection, transaction
from rest_framework.test import APIClient

from dualis.errors import DomainError
from dualis.trading import (
    blocks,
    hourly,
    leverage,
    liquidation,
    modifying,
    orders,
    quoting,
    summary,
    withdrawals,
)
from dualis.trading.marks import Marks
from dualis.trading.models import Fill, LedgerTransaction, MarginOrder, milliseconds
from dualis.trading.modifying import Change
from dualis.trading.orderbook import Tif
from dualis.trading.state import BACKSTOP, INSURANCE
from dualis.trading.statuses import ACTIVE
from realtime import readers
from tests import trading_sentences as sentences
from tests import trading_world as tw
from tests.drills import ROUNDS
from tests.threads import raised, together
from tests.trading_world import ADA, BOB, EVE, after, place, position
from tests.wallets_of_tests import KEY, address_of, signed

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 3  # of each meeting
ACTS = 8 * ROUNDS  # of each in the crowd


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    for name in (ADA, EVE):
        tw.account(name)
    tw.account(BOB, "1000000")
    yield
    sentences.check()


def at_once(*acts):
    """Do all acts at one moment; nobody sees an error."""
    results = together(*acts)
    assert not raised(results), results
    return results


def test_two_takers_share_one_resting_order():
    for _ in range(TIMES):
        place(BOB, "A", "1", "2000")
        made = at_once(
            *(partial(place, name, "B", "0.7", "2000", tif=Tif.IOC) for name in (ADA, EVE))
        )
        assert sorted(one.filled for one in made) == [D("0.3"), D("0.7")]
    assert position(BOB) == -TIMES and position(ADA) + position(EVE) == TIMES


def test_an_order_is_cancelled_or_filled():
    for step in range(TIMES):
        order = place(BOB, "A", "1", "2000").order
        (gone,), taken = at_once(
            partial(orders.cancel, BOB, [order.id], now=after(seconds=2)),
            partial(place, ADA, "B", "1", "2000", tif=Tif.IOC),
        )
        assert (gone is None) == (taken.filled == 1), step
        assert Fill.objects.filter(order_id=order.id).exists() == (gone is None)


def test_margin_is_used_for_an_order_or_leaves():
    for _ in range(TIMES):
        made = together(
            partial(place, ADA, "B", "40", "1990"),  # 8,000 of 10,000
            partial(withdrawals.request, ADA, "USDC", "5000", ADA, now=after(seconds=2)),
        )
        assert not [e for e in raised(made) if not isinstance(e, DomainError)]
        placed, asked = made
        is_out = not isinstance(asked, Exception)
        assert (placed.order is None) == is_out
        row = tw.row(ADA)
        found = summary.margin_of(row.value, Marks.read().prices, row.open_orders())
        assert found.initial <= found.total_margin
        if is_out:
            withdrawals.settle(asked.id, withdrawals.FAILED, now=after(seconds=3))
        else:
            orders.cancel(ADA, [placed.order.id], now=after(seconds=3))


def test_of_two_nonces_alike_one_acts():
    owner = address_of(KEY)
    tw.account(owner)
    wire = {"a": "00020001", "b": True, "p": "1990", "s": "1", "t": {"limit": {"tif": "Gtc"}}}
    for step in range(TIMES):
        nonce = milliseconds(datetime.now(UTC)) + step
        body = signed({"type": "order", "orders": [wire], "grouping": "na"}, nonce, KEY)
        answers = at_once(*[lambda b=body: APIClient().post("/exchange", b, format="json")] * 2)
        assert sorted(one.status_code for one in answers) == [200, 422]
    assert MarginOrder.objects.filter(account=owner).count() == TIMES


def test_changes_of_two_books_in_opposite_orders_do_not_block_each_other():
    books = {name: [place(name, "B", "1", "1990").order] for name in (ADA, EVE)}
    for name in books:
        books[name].append(place(name, "B", "0.02", "59000", coin="BTC").order)
    books[EVE].reverse()

    def work(name):
        rows = books[name]
        for step in range(TIMES):
            asked = [Change(row.id, row.price - step, row.original_size) for row in rows]
            with transaction.atomic():
                made = modifying.modify(name, asked, now=after(seconds=2))
            rows = [one.order for one in made]

    at_once(partial(work, ADA), partial(work, EVE))
    assert MarginOrder.objects.filter(status__in=ACTIVE).count() == 4


def test_a_liquidation_and_the_orders_of_its_account_take_turns():
    tw.fund(BACKSTOP, "200000")
    for _ in range(TIMES):
        tw.marked()
        missing = 10000 - tw.row(ADA).usdc
        if missing > 0:
            tw.money.deposit(ADA, "USDC", missing, now=after(seconds=1))
        place(BOB, "A", "40", "2000")
        place(ADA, "B", "40", "2000")
        resting = place(ADA, "B", "0.02", "58000", coin="BTC").order
        tw.marked(ETH="1790")
        place(BOB, "B", "20", "1780")
        at_once(
            partial(liquidation.liquidate, ADA, after(seconds=3)),
            partial(place, ADA, "A", "15", "1780", tif=Tif.IOC, is_reduce_only=True),
            partial(place, EVE, "A", "0.02", "58000", coin="BTC"),
            partial(orders.cancel, ADA, [resting.id], now=after(seconds=3)),
        )
        liquidation.liquidate(ADA, after(seconds=4))
        orders.cancel(
            EVE, list(MarginOrder.objects.values_list("id", flat=True)), now=after(seconds=4)
        )
        assert not MarginOrder.objects.filter(account=ADA, status__in=ACTIVE).exists()


def act(name, seed):
    """Do random things as one person; refusals are normal, anything else is raised."""
    dice = random.Random(seed)
    now = after(seconds=5)
    for _ in range(ACTS):
        coin, mark = dice.choice([("ETH", 2000), ("BTC", 60000)])
        price = mark * (1 + dice.randint(-3, 3) / 1000)
        size = round(D(dice.randint(100, 8000)) / mark, 4)
        own = list(MarginOrder.objects.filter(account=name, status__in=ACTIVE)[:2])
        changes = [Change(o.id, D(int(price)), o.original_size) for o in own if o.coin == coin]
        choices = [
            partial(place, name, dice.choice("AB"), size, D(int(price)), coin=coin),
            partial(place, name, dice.choice("AB"), size, coin=coin),
            partial(orders.cancel, name, [order.id for order in own], now=now),
            partial(modifying.modify, name, changes, now=now) if changes else list,
            partial(withdrawals.request, name, "USDC", "10", name, now=now),
            partial(leverage.choose, name, coin, dice.randint(2, 10), now=now),
        ]
        with contextlib.suppress(DomainError):
            dice.choice(choices)()


def engine():
    """Do what the engine does meanwhile."""
    for step in range(ACTS):
        now = after(seconds=30 + step)
        tw.marked(ETH=2000 + step % 3)
        quoting.run(now)
        liquidation.run(now)
        withdrawals.run(now)
        blocks.run(now)
        hourly.run(after(hours=step))


@pytest.mark.drill
def test_the_sentences_hold_at_every_look_while_a_crowd_trades():
    for name in (INSURANCE, BACKSTOP):
        tw.fund(name, "50000")
    for maker in quoting.MAKERS:
        tw.account(maker, "10000000")
    quoting.run(after(seconds=1))
    stop, looks, broken = threading.Event(), [], []

    def watch():
        while not stop.is_set():
            looks.append(True)
            try:
                with readers.read_only():
                    sentences.check()
            except Exception as error:  # the test looks at it
                broken.append(error)
        connection.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        at_once(engine, *(partial(act, name, n) for n, name in enumerate((ADA, BOB, EVE) * 2)))
    finally:
        stop.set()
        watcher.join()
    assert not broken and looks
    assert LedgerTransaction.objects.filter(type="OrderFilled").exists()
