"""Modifying orders: many at once, and what is refused stays as it was."""

from decimal import Decimal as D

import pytest

from dualis import errors
from dualis.trading import modifying
from dualis.trading.models import LedgerTransaction, MarginOrder, Rejection
from dualis.trading.modifying import Change
from dualis.trading.orderbook import Tif
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, after, check, place, position

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "100000")
    yield
    check()


def modify(*changes):
    asked = [Change(order.id, D(price), D(size)) for order, price, size in changes]
    return modifying.modify(ADA, asked, now=after(seconds=2))


def test_a_change_ends_the_order_and_places_another_under_the_same_client_id():
    order = place(ADA, "B", "2", "1990", cloid="0xc1").order
    (placed,) = modify((order, "1980", "3"))
    order.refresh_from_db()
    assert order.status == "canceled"
    assert (placed.order.price, placed.order.size, placed.order.cloid) == (1980, 3, "0xc1")


def test_a_size_is_the_total_with_what_is_filled():
    order = place(ADA, "B", "2", "1990").order
    place(BOB, "A", "0.5", "1990")
    (placed,) = modify((order, "1990", "3"))
    assert placed.order.size == D("2.5")
    with pytest.raises(errors.ValidationError):
        modify((placed.order, "1990", "0"))


def test_a_change_may_trade_at_once():
    order = place(ADA, "B", "2", "1990").order
    place(BOB, "A", "1", "2000")
    (placed,) = modify((order, "2000", "2"))
    assert placed.filled == 1 and position(ADA) == 1 and placed.order.status == "partial"


def test_the_margin_of_the_old_order_carries_the_new_one():
    order = place(ADA, "B", "40", "2000").order
    (placed,) = modify((order, "1990", "45"))
    assert placed.order.is_active


def test_a_refused_change_is_a_rejection_under_the_orders_own_id_and_leaves_it_alone():
    first, second = place(ADA, "B", "2", "1990").order, place(ADA, "B", "2", "1980").order
    before = LedgerTransaction.objects.count()
    refused, taken = modify((first, "1000", "2"), (second, "1985", "2"))
    assert refused.rejection.code == "INVALID_PRICE" and taken.order.is_active
    assert Rejection.objects.get().order_id == first.id
    first.refresh_from_db()
    assert first.status == "open" and LedgerTransaction.objects.count() == before + 2


def test_an_order_that_is_not_open_refuses_all_of_them():
    first, gone = place(ADA, "B", "2", "1990").order, place(ADA, "B", "2", "1980", tif=Tif.IOC)
    with pytest.raises(errors.OrderNotFound):
        modify((first, "1985", "2"), (gone.order, "1985", "2"))
    with pytest.raises(errors.OrderNotFound):
        modify((first, "1985", "2"), (first, "1986", "2"))
    assert MarginOrder.objects.get(status="open") == first
