"""Who rests is margined at his price, as he comes and as he is met; books longer than a look."""

from decimal import Decimal as D

import pytest

from dualis.trading import books, money, quoting
from dualis.trading.models import BookState, Fill, MarginOrder
from dualis.trading.orderbook import Tif
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, EVE, after, check, frozen, place, position

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "1000000")
    tw.account(EVE)
    yield
    check()


def code(placed):
    return placed.rejection.code if placed.rejection else None


# --- as it comes ----------------------------------------------------------------------------------
def test_a_resting_order_is_margined_at_its_price_not_at_the_mark():
    """At 20x the whole margin would be gone with the fill: 200,000 at 5 % above the mark."""
    assert code(place(ADA, "B", "3.2", "63000", coin="BTC")) == "INSUFFICIENT_MARGIN"
    assert place(ADA, "B", "1.6", "63000", coin="BTC").order  # 4,800 of margin and 4,800 of loss
    assert code(place(ADA, "B", "0.2", "63000", coin="BTC")) == "INSUFFICIENT_MARGIN"
    assert place(BOB, "A", "1.6", "63000", coin="BTC").filled == D("1.6")
    assert position(ADA, "BTC") == D("1.6")


def test_an_order_at_a_better_price_than_the_mark_needs_no_more():
    assert place(ADA, "B", "3.3", "57000", coin="BTC").order


def test_a_reduce_only_order_rests_at_no_loss_that_leaves_a_debt():
    place(BOB, "A", "3", "60000", coin="BTC")
    place(ADA, "B", "3", "60000", coin="BTC")
    tw.marked(BTC="58000")  # 10000 - 90 - 6000 = 3910, and 5 % below would cost 8,700
    sell = ("A", "3", "55101")
    assert code(place(ADA, *sell, coin="BTC", is_reduce_only=True)) == "INSUFFICIENT_MARGIN"
    assert place(ADA, "A", "3", "57000", coin="BTC", is_reduce_only=True).order
    assert place(BOB, "B", "3", "57000", coin="BTC").filled == 3


def test_what_resting_orders_would_lose_does_not_leave_the_account():
    place(ADA, "B", "1", "2100")
    found = tw.row(ADA).to_dict()
    assert found["totalMarginUsed"] == 300 and found["withdrawable"] == 9700


def test_what_a_pending_withdrawal_holds_is_no_part_of_the_accounts_value():
    from dualis.trading import withdrawals

    withdrawals.request(ADA, "USDC", "400", ADA, now=after(seconds=1))
    assert tw.row(ADA).to_dict()["accountValue"] == 9600


# --- as it is met ---------------------------------------------------------------------------------
def test_an_order_that_the_mark_has_left_behind_is_cancelled_instead_of_ruining_its_owner():
    resting = place(ADA, "B", "40", "2000").order
    tw.marked(ETH="1700")  # filled at 2000 she would owe 2,000
    taken = place(EVE, "A", "40", "1700")
    resting.refresh_from_db()
    assert resting.status == "canceled" and not Fill.objects.exists()
    assert taken.order.status == "open" and position(ADA) == 0


def test_one_order_that_is_not_carried_leaves_the_next_in_line():
    place(ADA, "B", "40", "2000")
    other = place(BOB, "B", "40", "1990").order
    tw.marked(ETH="1700")
    assert place(EVE, "A", "40", "1700").filled == 40
    other.refresh_from_db()
    assert other.status == "filled" and position(ADA) == 0


def test_an_order_is_met_as_far_as_its_owner_carries_it_one_fill_after_another():
    first = place(ADA, "B", "20", "2000").order
    second = place(ADA, "B", "20", "1995").order
    tw.marked(ETH="1750")  # 5,000 lost with the first; with both 9,900 of 10,000
    assert place(EVE, "A", "1", "1750").filled == 1
    place(BOB, "A", "39", "1750")
    for row in (first, second):
        row.refresh_from_db()
    assert (first.status, second.status) == ("filled", "canceled")


def test_a_maker_who_reduces_is_filled_while_it_leaves_no_debt():
    place(BOB, "A", "40", "2000")
    place(ADA, "B", "40", "2000")
    place(ADA, "A", "40", "2050", is_reduce_only=True)
    tw.marked(ETH="1800")
    assert place(BOB, "B", "40", "1880").order.status == "open"
    tw.marked(ETH="2000")
    assert place(BOB, "B", "40", "2050").filled == 40
    assert position(ADA) == 0


def test_quotes_do_not_fill_what_its_owner_does_not_carry():
    for maker in quoting.MAKERS:
        tw.account(maker, "10000000")
    resting = place(ADA, "B", "40", "2000").order
    tw.marked(ETH="1700")
    assert quoting.run(after(seconds=2)) == 1  # 11.76 at the first quote, not 23.5 more
    resting.refresh_from_db()
    assert resting.status == "canceled" and 0 < position(ADA) < 40
    assert tw.row(ADA).to_dict()["accountValue"] > 0


def test_an_order_that_enlarges_is_not_met_on_frozen_collateral():
    money.deposit(ADA, "BTC", D(1), now=after(seconds=1))
    resting = place(ADA, "B", "40", "2000").order
    frozen("BTC")
    place(BOB, "A", "10", "2000")
    resting.refresh_from_db()
    assert resting.status == "canceled" and position(ADA) == 0


def test_a_reduce_only_order_that_trades_all_it_may_ends_and_the_taker_goes_on():
    place(BOB, "A", "5", "2000")
    place(ADA, "B", "5", "2000")
    resting = place(ADA, "A", "5", "2000", is_reduce_only=True).order
    place(EVE, "B", "2", "1999")
    place(ADA, "A", "2", "1999")  # 3 are left to reduce
    place(BOB, "A", "2", "2001")
    assert place(EVE, "B", "5", "2001").filled == 5
    resting.refresh_from_db()
    assert (resting.status, resting.size) == ("canceled", 2) and position(ADA) == 0


# --- frozen feeds ---------------------------------------------------------------------------------
def test_frozen_collateral_backs_no_new_order_and_hinders_no_reduction():
    money.deposit(ADA, "BTC", D(1), now=after(seconds=1))
    place(BOB, "A", "4", "2000")
    place(ADA, "B", "4", "2000")
    place(BOB, "B", "4", "1990")
    frozen("BTC")
    assert code(place(ADA, "B", "1", "1990")) == "MARKET_CLOSED"
    assert place(ADA, "A", "1", "1990").filled == 1
    assert place(ADA, "A", "1", "2010", is_reduce_only=True).order
    assert place(EVE, "B", "1", "1980").order, "who has none of it is not concerned"


# --- books longer than what is read ---------------------------------------------------------------
@pytest.fixture
def short_look(monkeypatch):
    monkeypatch.setattr(books, "REACH", 3)


def asks(*prices):
    return [place(BOB, "A", "1", price).order for price in prices]


def test_an_order_that_reaches_further_than_the_look_does_not_rest_crossed(short_look):
    asks("2001", "2002", "2003", "2004")
    taken = place(ADA, "B", "5", "2010")
    assert taken.filled == 3 and taken.order.status == "canceled"
    assert place(ADA, "B", "1", "2010").average == 2004


def test_an_order_that_the_look_fills_is_filled_and_alo_is_refused(short_look):
    asks("2001", "2002", "2003", "2004")
    assert code(place(ADA, "B", "5", "2010", tif=Tif.ALO)) == "INVALID_PRICE"
    assert place(ADA, "B", "2", "2010").order.status == "filled"
    rest = place(ADA, "B", "3", "2010")  # two are left, and all that reach were read
    assert rest.filled == 2 and rest.order.status == "partial"


def test_nobody_behind_the_look_is_passed_over_for_a_quote(short_look):
    for maker in quoting.MAKERS:
        tw.account(maker, "10000000")
    asks("2000.2", "2000.2", "2000.2", "2000.2")
    quoting.run(after(seconds=2))
    taken = place(ADA, "B", "5", "2010")
    assert taken.filled == 3 and taken.order.status == "canceled"
    assert not Fill.objects.filter(account__in=quoting.MAKERS).exists()


def test_quotes_that_would_stand_crossed_behind_the_look_are_taken_away(short_look):
    for maker in quoting.MAKERS:
        tw.account(maker, "10000000")
    for _ in range(4):
        place(BOB, "B", "0.1", "1960")
    tw.marked(ETH="1950")
    assert quoting.run(after(seconds=2)) == 3
    standing = [q for q in BookState.objects.get(coin="ETH").quotes if q[1] == "A" and D(q[3])]
    assert standing == [] or min(D(q[2]) for q in standing) > 1960
    tw.marked(ETH="1950")
    assert quoting.run(after(seconds=3)) == 1
    assert not MarginOrder.objects.filter(status="open").exists()


# --- the least value ------------------------------------------------------------------------------
def test_an_order_is_worth_ten_usdc_unless_it_closes_a_position_at_once():
    assert code(place(ADA, "B", "0.0049", "2000")) == "INVALID_SIZE"
    place(BOB, "A", "0.005", "2000")
    assert place(ADA, "B", "0.005", "2000").filled == D("0.005")
    place(BOB, "B", "1", "1990")
    tw.marked(ETH="1990")
    dust = {"is_reduce_only": True}
    assert code(place(ADA, "A", "0.004", "1990", tif=Tif.IOC, **dust)) == "INVALID_SIZE"
    assert code(place(ADA, "A", "0.005", "1990", **dust)) == "INVALID_SIZE"
    assert place(ADA, "A", "0.005", tif=Tif.IOC, **dust).filled == D("0.005")
