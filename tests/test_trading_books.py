"""What an order can reach of a book: enough, in price and time, however much rests there."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dualis.trading import books, orders
from dualis.trading.models import Fill, MarginOrder
from dualis.trading.statuses import IN_BOOK
from tests import trading_world as tw
from tests.lending_market import after

pytestmark = pytest.mark.django_db
MANY = books.NEAREST + 8
FIRST = 2001  # the best price that rests; each order stands one further away


@pytest.fixture(autouse=True)
def people():
    tw.marked()
    for name in (tw.ADA, tw.BOB, tw.EVE):
        tw.account(name, "1000000")


def rest(owner, count=MANY, first=FIRST, **more):
    for number in range(count):
        tw.place(owner, "A", "1", str(first + number), **more)


def traded():
    fills = Fill.objects.filter(is_taker=False).order_by("id")
    return list(fills.values_list("price", flat=True))


@pytest.mark.parametrize("size", [1, books.NEAREST, books.NEAREST + 1, MANY])
def test_an_order_trades_as_far_as_it_is_large_the_best_price_first(size):
    rest(tw.EVE)
    placed = tw.place(tw.BOB, "B", str(size))
    assert placed.filled == size and traded() == list(range(FIRST, FIRST + size))
    tw.check()


def test_the_orders_of_one_act_together_reach_as_far_as_they_need():
    rest(tw.EVE)
    half = str(MANY // 2)
    placed = orders.place(
        tw.BOB, [tw.request("B", half), tw.request("B", half)], now=after(seconds=1)
    )
    assert [one.filled for one in placed] == [MANY // 2] * 2
    assert traded() == list(range(FIRST, FIRST + MANY))
    tw.check()


def test_a_limit_is_kept_among_the_nearest():
    rest(tw.EVE)
    placed = tw.place(tw.BOB, "B", str(MANY), str(FIRST + 2))
    assert placed.filled == 3 and placed.order.size == MANY - 3
    tw.check()


def test_own_orders_in_the_way_end_and_what_is_behind_them_trades():
    rest(tw.BOB, books.NEAREST)
    rest(tw.EVE, 3, FIRST + books.NEAREST)
    assert tw.place(tw.BOB, "B", "2").filled == 2
    assert not MarginOrder.objects.filter(account_id=tw.BOB, status__in=IN_BOOK).exists()
    tw.check()


def test_what_only_reduces_does_not_count_as_enough():
    tw.place(tw.EVE, "A", "2", "1999")
    tw.place(tw.ADA, "B", "2", "1999")
    assert tw.position(tw.ADA) == 2
    rest(tw.ADA, books.NEAREST, is_reduce_only=True)  # of which two can trade
    rest(tw.EVE, 4, FIRST + books.NEAREST)
    assert tw.place(tw.BOB, "B", "5").filled == 5
    assert tw.position(tw.ADA) == 0
    tw.check()


def test_a_sale_meets_the_highest_bids_first():
    for number in range(MANY):
        tw.place(tw.EVE, "B", "1", str(1999 - number))
    assert tw.place(tw.BOB, "A", str(books.NEAREST + 2)).filled == books.NEAREST + 2
    assert traded() == [1999 - number for number in range(books.NEAREST + 2)]
    tw.check()


def test_a_small_order_reads_the_nearest_alone():
    rest(tw.EVE)
    tw.place(tw.BOB, "B", "1")
    with CaptureQueriesContext(connection) as queries:
        tw.place(tw.BOB, "B", "1")
    reads = [q["sql"] for q in queries if f"LIMIT {books.REACH + 1}" in q["sql"]]
    assert not reads and tw.position(tw.BOB) == Decimal(2)
