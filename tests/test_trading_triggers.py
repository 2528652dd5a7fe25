"""Trigger orders: from which side they wait, what they do when the mark is there."""

from decimal import Decimal as D

import pytest

from dualis.trading import orders, triggers
from dualis.trading.models import MarginOrder, Rejection
from dualis.trading.order_rules import is_triggered
from dualis.trading.orderbook import Side
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, after, check, place, position

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("side", "tpsl", "mark", "is_due"),
    [
        ("A", "sl", "99", True),  # a long's stop: sells when the price falls
        ("A", "sl", "101", False),
        ("A", "tp", "101", True),
        ("A", "tp", "99", False),
        ("B", "sl", "101", True),
        ("B", "sl", "99", False),
        ("B", "tp", "99", True),
        ("B", "tp", "101", False),
        ("B", "tp", "100", True),
        ("A", "tp", "100", True),
    ],
)
def test_from_which_side_a_trigger_waits(side, tpsl, mark, is_due):
    assert is_triggered(Side(side), tpsl, D(100), D(mark)) is is_due


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "100000")
    place(BOB, "A", "2", "2000")
    place(ADA, "B", "2", "2000")
    yield
    check()


def stop(price="1900", **more):
    more = {"tpsl": "sl", "is_reduce_only": True, **more}
    return place(ADA, "A", "2", trigger=D(price), **more).order


def run(seconds=5):
    return triggers.run(after(seconds=seconds))


def test_a_stop_waits_uses_no_margin_and_sells_once_the_mark_is_there():
    waiting = stop()
    assert (waiting.status, waiting.kind) == ("waitingForTrigger", "stop_market")
    tw.marked(ETH="1901")
    assert run() == 0
    tw.marked(ETH="1900")
    place(BOB, "B", "5", "1890")
    assert run() == 1 and run() == 0
    waiting.refresh_from_db()
    assert waiting.status == "filled" and position(ADA) == 0


def test_a_stop_limit_rests_at_its_own_price():
    waiting = place(ADA, "A", "2", "1950", trigger=D("1940"), tpsl="sl").order
    assert waiting.kind == "stop_limit"
    tw.marked(ETH="1940")
    assert run() == 1
    waiting.refresh_from_db()
    assert (waiting.status, waiting.price) == ("open", 1950)


def test_a_stop_without_a_position_left_ends_with_a_rejection():
    waiting = stop()
    place(BOB, "B", "2", "2000")
    place(ADA, "A", "2", "2000")
    tw.marked(ETH="1900")
    assert run() == 1
    waiting.refresh_from_db()
    assert waiting.status == "canceled"
    assert Rejection.objects.get(order_id=waiting.id).code == "REDUCE_ONLY_VIOLATION"


def test_a_waiting_order_is_cancelled_like_any_other():
    waiting = stop()
    orders.cancel(ADA, [waiting.id], now=after(seconds=2))
    tw.marked(ETH="1800")
    assert run() == 0 and MarginOrder.objects.get(id=waiting.id).status == "canceled"


def test_a_frozen_mark_triggers_nothing():
    stop()
    quote = tw.world.quote("ETH", "1800")
    quote.is_tripped = True
    quote.save()
    assert run() == 0
