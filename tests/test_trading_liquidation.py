"""Liquidations: against the book, by the backstop, by traders; and who pays what is left."""

from decimal import Decimal as D

import pytest

from dualis.trading import books, liquidation, money, quoting, withdrawals
from dualis.trading.bankruptcy import takeover_price
from dualis.trading.desk import open_desk
from dualis.trading.margin import Held
from dualis.trading.models import Fill, LedgerTransaction, MarginOrder, Withdrawal
from dualis.trading.positions import Position
from dualis.trading.state import BACKSTOP, INSURANCE, VENUE
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, EVE, after, check, frozen, fund, place, position

pytestmark = pytest.mark.django_db


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


def test_a_frozen_price_liquidates_nobody_whom_ten_percent_would_save():
    long_of_ada()
    frozen("ETH", "1700")  # 1870 in her favour
    assert run() == 0 and position(ADA) == 40


def test_a_frozen_price_ten_percent_better_saves_no_more_and_its_book_is_left_alone():
    fund(BACKSTOP, "100000")
    long_of_ada()
    resting = place(BOB, "B", "40", "1910").order
    frozen("ETH", "1650")  # 1815: 10000 - 40 - 7400 = 2560 against 3630
    assert run() == 1
    resting.refresh_from_db()
    assert resting.status == "open" and position(BACKSTOP) == 40 and forced() == {"backstop"}


def test_a_short_counts_ten_percent_lower_while_frozen():
    place(ADA, "A", "40", "2000")
    place(BOB, "B", "40", "2000")
    frozen("ETH", "2300")
    assert run() == 0
    tw.marked(ETH="2300")
    quote = tw.world.quote("ETH", "2300")
    quote.is_tripped = False
    quote.save()
    assert run() == 1


def test_dust_of_a_frozen_market_shields_nobody():
    place(BOB, "A", "100", "0.2", coin="CC")
    place(ADA, "B", "100", "0.2", coin="CC")
    long_of_ada()
    place(BOB, "B", "40", "1900.1")
    tw.marked(ETH="1840")
    frozen("CC")
    assert run() == 1
    assert position(ADA) == 0 and position(ADA, "CC") == 100


def test_what_waits_to_be_withdrawn_pays_before_anybody_else_does():
    fund(INSURANCE, "5000")
    long_of_ada("30")  # 7,000 of 10,000 are free
    pending = withdrawals.request(ADA, "USDC", "1000", ADA, now=after(seconds=2))
    tw.marked(ETH="1700")
    place(BOB, "B", "30", "1650")  # 10000 - 30 - 10500 < 0
    assert run() == 1
    pending.refresh_from_db()
    assert pending.status == "failed" and not tw.row(ADA).hold
    paid = LedgerTransaction.objects.get(type="Settlement", user=ADA)
    fees = D("30") + D("24.75")
    assert D(paid.data["amount"]) == 30 * 350 + fees - 10_000
    assert withdrawals.run(after(days=1)) == 0


def test_a_withdrawal_that_is_let_go_may_be_all_that_was_missing():
    long_of_ada("20")
    withdrawals.request(ADA, "USDC", "5000", ADA, now=after(seconds=2))
    tw.marked(ETH="1820")  # 10000 - 5000 - 20 - 3600 = 1380 against 1820
    assert run() == 1 and position(ADA) == 20
    assert Withdrawal.objects.get().status == "failed" and run() == 0


def test_a_debt_that_nobody_can_pay_is_no_news_at_every_tick():
    desk = open_desk([ADA, BOB], after(seconds=2))
    desk.post("Settlement", BOB, {"from": ADA, "amount": "14000"})
    desk.save()
    before = LedgerTransaction.objects.count()
    assert run() == 0 and LedgerTransaction.objects.count() == before
    fund(INSURANCE, "5000")
    assert run() == 1 and tw.row(ADA).usdc == 0


def test_orders_of_other_markets_are_cancelled_too():
    other = place(ADA, "B", "0.01", "59000", coin="BTC").order
    long_of_ada()
    tw.marked(ETH="1840")
    place(BOB, "B", "40", "1830")
    assert run() == 1
    other.refresh_from_db()
    assert other.status == "canceled"


def test_a_book_longer_than_what_is_read_is_sold_into_tick_by_tick(monkeypatch):
    fund(BACKSTOP, "100000")
    monkeypatch.setattr(books, "REACH", 2)
    long_of_ada()
    tw.marked(ETH="1820")  # 10000 - 40 - 7200 = 2760 against 3640
    for _ in range(3):
        place(BOB, "B", "2", "1815")
    assert run() == 1 and position(ADA) == 36 and not forced()
    assert run() == 1 and position(ADA) == 0 and position(BACKSTOP) == 34


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
