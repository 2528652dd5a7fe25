"""Placing and cancelling orders: what trades, rests, is rejected, and what everybody then has."""

from decimal import Decimal as D

import pytest

from dualis import errors
from dualis.trading import orders
from dualis.trading.models import Fill, LedgerTransaction, MarginOrder, Rejection
from dualis.trading.orderbook import Tif
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, after, check, place, position

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB)
    yield
    check()


def rejected(placed):
    return placed.rejection.code if placed.rejection else None


def test_an_order_that_nobody_takes_rests():
    placed = place(ADA, "B", "2", "1990")
    assert placed.order.status == "open" and not placed.filled
    assert not Fill.objects.exists()


def test_two_orders_trade_at_the_resting_price_and_both_sides_are_booked():
    resting = place(ADA, "B", "2", "1990").order
    taken = place(BOB, "A", "1.5", "1985")
    assert (taken.filled, taken.average, taken.order.status) == (D("1.5"), 1990, "filled")
    resting.refresh_from_db()
    assert (resting.status, resting.size) == ("partial", D("0.5"))
    assert position(ADA) == D("1.5") and position(BOB) == D("-1.5")
    maker, taker = Fill.objects.get(account=ADA), Fill.objects.get(account=BOB)
    assert maker.tid == taker.tid and (maker.is_taker, taker.is_taker) == (False, True)
    assert (taker.fee, maker.fee) == (D("1.4925"), D("0.597"))
    assert tw.row(BOB).usdc == D("9998.5075")


def test_a_market_order_takes_what_there_is_within_the_band_and_ends():
    place(ADA, "A", "1", "2010")
    place(ADA, "A", "1", "2095")
    taken = place(BOB, "B", "3")
    assert taken.filled == 2 and taken.order.status == "canceled" and taken.order.size == 1
    assert taken.average == D("2052.5")


def test_closing_realises_profit_and_turning_round_opens_the_rest():
    place(ADA, "A", "3", "2000")
    place(BOB, "B", "1", "2000")
    place(ADA, "B", "3", "2050")
    closed = place(BOB, "A", "2", "2050")
    assert closed.filled == 2 and position(BOB) == -1
    made = Fill.objects.filter(account=BOB).first()
    assert made.closed_pnl == 50 and made.direction == "Close Long" and made.start_position == 1


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (("B", "0.00001", "2000"), "INVALID_SIZE"),
        (("B", "0", "2000"), "INVALID_SIZE"),
        (("B", "1", "2000.001"), "INVALID_PRICE"),
        (("B", "1", "1899.9"), "INVALID_PRICE"),
        (("A", "1", "2100.1"), "INVALID_PRICE"),
        (("B", "51", "2000"), "INSUFFICIENT_MARGIN"),  # 10,200 of margin at 10x
    ],
)
def test_what_the_rules_refuse_is_a_rejection_and_changes_nothing_else(order, code):
    before = LedgerTransaction.objects.count()
    placed = place(ADA, *order)
    assert rejected(placed) == code and placed.order is None
    assert Rejection.objects.get().account_id == ADA
    assert not MarginOrder.objects.exists() and LedgerTransaction.objects.count() == before


def test_reduce_only_needs_a_position_and_is_cut_to_it():
    assert rejected(place(ADA, "B", "1", "2000", is_reduce_only=True)) == "REDUCE_ONLY_VIOLATION"
    place(BOB, "A", "5", "2000")
    place(ADA, "B", "1", "2000")
    place(BOB, "B", "4", "1990")
    cut = place(ADA, "A", "3", "1990", is_reduce_only=True)
    assert cut.filled == 1 and position(ADA) == 0


def test_an_alo_order_that_would_trade_is_rejected():
    place(BOB, "A", "1", "2000")
    assert rejected(place(ADA, "B", "1", "2000", tif=Tif.ALO)) == "INVALID_PRICE"
    assert place(ADA, "B", "1", "1999", tif=Tif.ALO).order.status == "open"


def test_an_order_id_of_the_client_is_open_once():
    assert place(ADA, "B", "1", "1990", cloid="0xc1").order is not None
    assert rejected(place(ADA, "B", "1", "1990", cloid="0xc1")) == "DUPLICATE_ORDER"


def test_open_orders_use_margin_and_cancelling_frees_it():
    first = place(ADA, "B", "30", "2000").order
    assert rejected(place(ADA, "B", "30", "2000")) == "INSUFFICIENT_MARGIN"
    (gone,) = orders.cancel(ADA, [first.id], now=after(seconds=2))
    assert gone.status == "canceled"
    assert place(ADA, "B", "30", "2000").order is not None


def test_an_account_without_margin_may_still_reduce():
    place(BOB, "A", "40", "2000")
    place(ADA, "B", "40", "2000")
    place(BOB, "B", "40", "1990")
    tw.marked(ETH="1900")
    assert rejected(place(ADA, "B", "1", "1900")) == "INSUFFICIENT_MARGIN"
    assert place(ADA, "A", "10", "1990").filled == 10


def test_of_a_list_each_order_is_judged_for_itself_and_meets_those_before_it():
    made = orders.place(
        ADA,
        [
            tw.request("B", "1", "1990"),
            tw.request("B", "1", "1.001"),
            tw.request("A", "1", "1980"),  # would trade with the first, his own
        ],
        now=after(seconds=1),
    )
    assert [rejected(one) for one in made] == [None, "INVALID_PRICE", None]
    assert [one.order.status for one in made if one.order] == ["canceled", "open"]


def test_nobody_cancels_the_order_of_another_or_an_ended_one():
    mine = place(ADA, "B", "1", "1990").order
    assert orders.cancel(BOB, [mine.id], now=after(seconds=2)) == [None]
    orders.cancel(ADA, [mine.id], now=after(seconds=2))
    assert orders.cancel(ADA, [mine.id], now=after(seconds=3)) == [None]


def test_a_market_without_a_live_price_is_closed():
    quote = tw.world.quote("ETH", "2000")
    quote.is_tripped = True
    quote.save()
    assert rejected(place(ADA, "B", "1", "2000")) == "MARKET_CLOSED"


def test_unknown_accounts_markets_and_too_many_orders_are_refused():
    with pytest.raises(errors.AccountNotFound):
        place("0xdead", "B", "1", "2000")
    with pytest.raises(errors.ValidationError):
        place(ADA, "B", "1", "2000", coin="DOGE")
    with pytest.raises(errors.ValidationError):
        orders.place(ADA, [tw.request("B", "1", "2000")] * 21, now=after(seconds=1))
