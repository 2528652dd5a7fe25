"""What may leave a margin account while prices are frozen, and while something is lent on it."""

from decimal import Decimal as D

import pytest

from dualis import errors
from dualis.trading import money, withdrawals
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, after, check, frozen, place

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB)
    money.deposit(ADA, "BTC", D(1), now=after(seconds=1))
    yield
    check()


def ask(asset="USDC", amount="100"):
    return withdrawals.request(ADA, asset, amount, ADA, now=after(seconds=2))


def refused(asset, amount="100"):
    with pytest.raises(errors.InsufficientMargin):
        ask(asset, amount)


@pytest.mark.parametrize("feed", ["BTC", "ETH"])
def test_frozen_collateral_or_a_frozen_position_lets_nothing_leave(feed):
    place(BOB, "A", "1", "2000")
    place(ADA, "B", "1", "2000")
    frozen(feed)
    assert tw.row(ADA).to_dict()["withdrawable"] == 0
    refused("USDC")
    refused("BTC", "0.1")
    tw.marked()


def test_an_open_order_in_a_frozen_market_lets_nothing_leave():
    order = place(ADA, "B", "1", "1990").order
    frozen("ETH")
    refused("USDC")
    from dualis.trading import orders

    orders.cancel(ADA, [order.id], now=after(seconds=2))
    assert ask().amount == 100


def test_who_risks_and_owes_nothing_leaves_without_a_price():
    frozen("BTC")
    assert tw.row(ADA).to_dict()["withdrawable"] == 10000
    assert ask("BTC", "max").amount == 1 and ask("USDC", "max").amount == 10000


def test_only_what_margin_does_not_need_leaves():
    place(BOB, "A", "20", "2000")
    place(ADA, "B", "20", "2000")  # 4,000 of margin; 10,000 - 20 + 51,000 are there
    assert ask("BTC", "max").amount == 1
    assert ask("USDC", "max").amount == 5980
    refused("USDC", "1")
