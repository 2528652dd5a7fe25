"""Liquidations: against the book, by the backstop, by traders; and who pays what is left."""

from decimal import Decimal as D

import pytest

from dualis.trading import liquidation, money, quoting
from dualis.trading.bankruptcy import takeover_price
from dualis.trading.desk import open_desk
from dualis.trading.margin import Held
from dualis.trading.models import Fill, LedgerTransaction, MarginOrder
from dualis.trading.positions import Position
from dualis.trading.state import BACKSTOP, DEPOSIT, INSURANCE, VENUE
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, EVE, after, check, place, position

pytestmark = pytest.mark.django_db


def fund(name, amount):
    desk = open_desk([name], after(seconds=0))
    desk.post(DEPOSIT, name, {"asset": "USDC", "amount": amount})
    desk.save()


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "200000")
    yield
    check()


def long_of_ada(size="40"):
    """Let Ada be long at 2000 against Bob: 10,000 of margin, 5 % of the value is maintenance."""
    place(BOB, "A", size, "2000")
    place(ADA, "B", size, "2000")


def run(seconds=10):
    return liquidation.run(after(seconds=seconds))


def forced():
    return set(Fill.objects.exclude(forced="").values_list("forced", flat=True))


def test_a_healthy_account_is_left_alone():
    long_of_ada()
    place(ADA, "B", "1", "1990")
    tw.marked(ETH="1880")  # 10000 - 40 - 4800 against 3760
    assert run() == 0 and position(ADA) == 40
    assert MarginOrder.objects.get(account=ADA, status="open")


def test_a_partial_liquidation_cancels_orders_and_sells_into_the_book():
    long_of_ada()
    resting = place(ADA, "B", "1", "1950").order
    tw.marked(ETH="1840")  # 10000 - 40 - 6400 = 3560 against 3680
    place(BOB, "B", "40", "1830")
    assert run() == 1
    resting.refresh_from_db()
    assert resting.status == "canceled" and position(ADA) == 0 and not forced()
    assert LedgerTransaction.objects.filter(type="Liquidation", user=ADA).count() == 1


def test_a_partial_liquidation_stops_once_the_account_is_healthy():
    place(BOB, "A", "20", "2000")
    place(ADA, "B", "20", "2000")
    place(BOB, "A", "0.6", "60000", coin="BTC")
    place(ADA, "B", "0.6", "60000", coin="BTC")
    tw.marked(ETH="1810", BTC="56000")
    # 10000 - 38 - 3800 - 2400 = 3762 against 1810 + 840: healthy
    assert run() == 0
    tw.marked(ETH="1740", BTC="56000")
    place(BOB, "B", "20", "1730")
    place(BOB, "B", "0.6", "55000", coin="BTC")
    # 3762 - 1400 = 2362 against 1740 + 840: partial; ETH is the larger and goes first
    assert run() == 1
    assert position(ADA) == 0 and position(ADA, "BTC") == D("0.6")


def test_the_backstop_takes_over_what_the_book_does_not_at_the_bankruptcy_price():
    fund(BACKSTOP, "50000")
    long_of_ada()
    tw.marked(ETH="1790")  # 10000 - 40 - 8400 = 1560 against 3580: full
    assert run() == 1
    fill = Fill.objects.get(account=ADA, forced="backstop")
    assert fill.price == 1751  # 1790 - 1560 / 40
    assert position(ADA) == 0 and position(BACKSTOP) == 40 and tw.row(ADA).usdc == 0


def test_traders_on_the_other_side_are_closed_where_the_backstop_cannot():
    fund(BACKSTOP, "3580")  # 10 ETH at 5x
    tw.account(EVE, "50000")
    place(EVE, "A", "10", "2000")
    place(ADA, "B", "10", "2000")
    long_of_ada("30")
    tw.marked(ETH="1790")
    assert run() == 1
    assert forced() == {"backstop", "adl"} and position(BACKSTOP) == 10
    assert position(BOB) + position(EVE) == -10 and position(ADA) == 0


def test_insurance_pays_what_a_bankrupt_account_owes():
    fund(INSURANCE, "5000")
    long_of_ada()
    tw.marked(ETH="1740")
    place(BOB, "B", "40", "1660")  # within the band; Ada's value is negative there
    assert run() == 1
    assert position(ADA) == 0 and tw.row(ADA).usdc == 0
    paid = LedgerTransaction.objects.get(type="Settlement", user=ADA)
    assert paid.data["from"] == INSURANCE
    assert tw.row(INSURANCE).usdc == 5000 - D(paid.data["amount"])


def test_collateral_is_sold_for_what_is_owed_and_the_rest_stays():
    fund(BACKSTOP, "100000")
    money.deposit(ADA, "BTC", D("0.1"), now=after(seconds=1))
    long_of_ada("60")
    tw.marked(ETH="1780", BTC="60000")  # 10000 - 60 + 5100 - 13200 = 1840 against 5340
    place(BOB, "B", "60", "1770")
    assert run() == 1
    row = tw.row(ADA)
    assert position(ADA) == 0 and row.usdc >= 0
    assert 0 < D(row.assets["BTC"]) < D("0.1") and "BTC" in tw.row(BACKSTOP).assets


def test_a_debt_without_a_position_is_called_when_its_collateral_no_longer_covers_it():
    fund(BACKSTOP, "100000")
    money.deposit(ADA, "BTC", D("0.1"), now=after(seconds=1))
    desk = open_desk([ADA, BACKSTOP], after(seconds=2))
    desk.post("Settlement", BACKSTOP, {"from": ADA, "amount": "14000"})
    desk.save()
    assert run() == 0  # 5,100 against 4,000
    tw.marked(BTC="40000")
    assert run() == 1  # 3,400 against 4,000
    row = tw.row(ADA)
    assert row.usdc == 0 and not row.assets and "BTC" in tw.row(BACKSTOP).assets


def test_no_margin_at_all_is_a_full_liquidation_ruling_32():
    fund(BACKSTOP, "100000")
    long_of_ada()
    tw.marked(ETH="1700")  # 10000 - 40 - 12000 < 0
    assert run() == 1
    assert position(ADA) == 0 and tw.row(ADA).usdc == 0
    made = LedgerTransaction.objects.get(type="Liquidation", user=ADA)
    assert made.data == {"stage": "full", "ratio": None}


def test_a_frozen_price_liquidates_nobody():
    long_of_ada()
    quote = tw.world.quote("ETH", "1700")
    quote.is_tripped = True
    quote.save()
    assert run() == 0 and position(ADA) == 40


def test_makers_buy_what_is_liquidated():
    for maker in quoting.MAKERS:
        tw.account(maker, "10000000")
    long_of_ada("30")
    tw.marked(ETH="1750")  # 10000 - 30 - 7500 = 2470 against 2625
    quoting.run(after(seconds=5))
    assert run() == 1
    assert position(ADA) == 0 and sum(position(m) for m in quoting.MAKERS) == 30
    assert tw.row(VENUE).value.positions["ETH"].size == 0


@pytest.mark.parametrize(
    ("size", "value", "price"),
    [
        ("40", "1560", "1751"),
        ("-40", "1560", "1829"),
        ("40", "-400", "1800"),
        ("1", "9999", "0.00000001"),
    ],
)
def test_a_takeover_price_leaves_nothing(size, value, price):
    held = Held("ETH", Position(D(size), D(0)), D(1790), D(10), D(10))
    assert takeover_price(held, D(value), abs(D(size)) * 1790) == D(price)
