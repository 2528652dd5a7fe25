"""The top of the hour: funding between longs and shorts, interest on borrowed USDC; once each."""

from decimal import Decimal as D

import pytest

from dualis.trading import hourly
from dualis.trading.desk import open_desk
from dualis.trading.models import LedgerTransaction
from dualis.trading.state import DEPOSIT, TREASURY
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, after, check

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ledger():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB)
    tw.place(BOB, "A", "4", "2000")
    tw.place(ADA, "B", "4", "2000")
    hourly.run(after(minutes=10))  # the first hour is not whole
    yield
    check()


def of(type):
    rows = LedgerTransaction.objects.filter(type=type).order_by("id")
    return [(row.user, D(row.data.get("payment") or row.data["amount"])) for row in rows]


def test_a_long_pays_a_short_once_an_hour():
    assert not of("FundingPayment")
    assert hourly.run(after(hours=1)) == 2
    assert of("FundingPayment") == [(ADA, D("-0.1")), (BOB, D("0.1"))]  # 8,000 x 0.00125 %
    assert hourly.run(after(hours=1, minutes=30)) == 0
    assert hourly.run(after(hours=4)) == 2, "hours that nobody settled are skipped"
    assert tw.row(ADA).value.funding["ETH"].all_time == D("-0.2")


def test_a_frozen_market_settles_when_its_price_is_back():
    quote = tw.world.quote("ETH", "2000")
    quote.is_tripped = True
    quote.save()
    assert hourly.run(after(hours=1)) == 0
    quote.is_tripped = False
    quote.save()
    assert hourly.run(after(hours=1, minutes=5)) == 2


def test_borrowed_usdc_is_charged_and_the_treasury_earns_it():
    desk = open_desk([TREASURY], after(seconds=1))
    desk.post(DEPOSIT, TREASURY, {"asset": "USDC", "amount": "100000"})
    desk.save()
    tw.money.deposit(ADA, "BTC", D(1), now=after(seconds=1))
    tw.marked(ETH="1100", BTC="60000")
    tw.place(BOB, "B", "4", "1100")
    tw.place(ADA, "A", "4", "1100")  # loses 3,600 of 10,000
    tw.money.deposit(BOB, "USDC", D(1), now=after(seconds=1))
    borrowed = tw.row(ADA).usdc
    assert borrowed > 0
    desk = open_desk([ADA, TREASURY], after(seconds=2))
    desk.post("Settlement", TREASURY, {"from": ADA, "amount": str(borrowed + 8760)})
    desk.save()
    hourly.run(after(hours=1))
    ((who, charge),) = of("InterestPayment")
    assert who == ADA and D("0.04") < charge < D("0.1")  # 8,760 at 4 to 9 % a year
    assert tw.row(ADA).usdc == -8760 - charge and tw.row(ADA).interest_paid == charge
    assert hourly.run(after(hours=1, minutes=1)) == 0
