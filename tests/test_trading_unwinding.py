"""The backstop works off what it took over: a piece at a time, as anybody trades."""

from decimal import Decimal as D

import pytest

from dualis.trading import liquidation, unwinding
from dualis.trading.models import Fill, LedgerTransaction, MarginOrder
from dualis.trading.state import BACKSTOP
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, EVE, after, check, frozen, fund, place, position

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "200000")
    tw.account(EVE, "200000")
    fund(BACKSTOP, "50000")
    yield
    check()


@pytest.fixture
def taken():
    """Let the backstop take 40 ETH over from Ada at 1751, at a mark of 1790."""
    place(BOB, "A", "40", "2000")
    place(ADA, "B", "40", "2000")
    tw.marked(ETH="1790")
    liquidation.run(after(seconds=2))
    assert position(BACKSTOP) == 40


def run():
    return unwinding.run(after(seconds=5))


def test_a_bounded_piece_is_sold_in_each_step_and_is_an_order_with_fills(taken):
    place(EVE, "B", "40", "1789")
    assert run() == 1
    order = MarginOrder.objects.get(account=BACKSTOP)
    assert (order.status, order.is_reduce_only, order.tif) == ("filled", True, "Ioc")
    assert order.original_size == D("11.1731")  # 20,000 at 1790
    fill = Fill.objects.get(account=BACKSTOP, order_id=order.id)
    assert fill.price == 1789 and not fill.forced and fill.closed_pnl > 0 and fill.fee > 0
    while run():
        pass
    assert position(BACKSTOP) == 0 and Fill.objects.filter(account=BACKSTOP, forced="").count() == 4


def test_nobody_near_the_mark_is_no_order_at_all(taken):
    place(EVE, "B", "40", "1780")
    before = LedgerTransaction.objects.count()
    assert run() == 0
    assert position(BACKSTOP) == 40 and LedgerTransaction.objects.count() == before


def test_a_frozen_market_is_left_alone(taken):
    place(EVE, "B", "40", "1789")
    frozen("ETH", "1790")
    assert run() == 0 and position(BACKSTOP) == 40


def test_a_short_is_bought_back_even_by_a_backstop_that_has_nothing_left(taken):
    place(EVE, "B", "40", "1789")
    while run():
        pass
    tw.money.deposit(ADA, "USDC", D(10000), now=after(seconds=6))
    place(ADA, "A", "50", "1790")
    place(BOB, "B", "50", "1790")
    tw.marked(ETH="2010")  # 10000 - 11000 < 0
    liquidation.run(after(seconds=7))
    assert position(BACKSTOP) < 0 and position(ADA) == 0
    left = tw.row(BACKSTOP).usdc
    desk = tw.open_desk([BACKSTOP, BOB], after(seconds=8))
    desk.post("Settlement", BOB, {"from": BACKSTOP, "amount": format(left + 30000, "f")})
    desk.save()
    place(BOB, "A", "50", "2011")
    assert run() == 1 and -50 < position(BACKSTOP) < 0


def test_without_positions_nothing_is_done():
    assert run() == 0
