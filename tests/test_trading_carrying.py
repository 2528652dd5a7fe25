"""Whether an account carries a fill of its resting order: worked numbers at a mark of 2000."""

from decimal import Decimal as D

import pytest

from dualis.trading import carrying
from dualis.trading.orderbook import Side
from dualis.trading.positions import Position
from dualis.trading.state import Account

MARKS = {"ETH": D(2000), "BTC": D(60000), "CC": D("0.2")}
NONE: frozenset[str] = frozenset()


def account(usdc="10000", size="0", entry="2000", **assets):
    held = {"ETH": Position(D(size), D(size) * D(entry))} if D(size) else {}
    return Account(usdc=D(usdc), assets={k: D(v) for k, v in assets.items()}, positions=held)


def fills(before, side, size, price, frozen=NONE):
    after = carrying.after_fill(before, "ETH", Side(side), D(size), D(price), is_taker=False)
    return carrying.may_fill(before, after, "ETH", MARKS, frozen)


def test_a_fill_moves_position_and_money_of_a_copy():
    before = account(size="2", entry="1900")
    after = carrying.after_fill(before, "ETH", Side.SELL, D(1), D(2000), is_taker=True)
    assert (after.positions["ETH"].size, after.usdc) == (1, D("10099"))
    assert before == account(size="2", entry="1900")


@pytest.mark.parametrize(
    ("side", "size", "price", "may"),
    [
        ("B", "50", "2000", True),  # 5,000 of maintenance, 9,980 left
        ("B", "94", "2000", True),
        ("B", "100", "2000", False),  # 10,000 against 9,960
        ("B", "40", "2149", True),  # 5,960 are lost: 4,000 against 4,022
        ("B", "40", "2150", False),
        ("A", "40", "1851", True),
        ("A", "40", "1850", False),
        ("B", "200", "1950", False),  # 20,000 against 10,000 + 10,000 - 78
    ],
)
def test_an_order_that_opens_is_carried_above_maintenance(side, size, price, may):
    assert fills(account(), side, size, price) is may


@pytest.mark.parametrize(
    ("usdc", "price", "may"),
    [("1000", "1950", True), ("1000", "1890", False), ("-400", "2000", False)],
)
def test_an_order_that_only_reduces_is_carried_while_it_leaves_no_more_debt(usdc, price, may):
    assert fills(account(usdc, "10"), "A", "10", price) is may


def test_to_turn_round_is_to_open():
    assert fills(account(size="10"), "A", "20", "2000")
    assert not fills(account(size="10"), "A", "120", "2000")


def test_a_frozen_price_that_the_account_leans_on_carries_nothing_but_a_reduction():
    owner = account(size="10", BTC="1")
    frozen = frozenset({"BTC"})
    assert not fills(owner, "B", "1", "2000", frozen) and fills(owner, "A", "1", "2000", frozen)
    assert fills(account(), "B", "1", "2000", frozen)
