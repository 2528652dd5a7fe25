"""Margin of an account: the worked numbers of the spec, stages of liquidation, prices of it."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.trading.margin import (
    Balance,
    Held,
    Margin,
    OpenOrder,
    Stage,
    liquidation_price,
    margin_of,
)
from dualis.trading.orderbook import Side
from dualis.trading.positions import Position


def usdc(amount):
    return Balance("USDC", D(amount), D(1), D(1))


def eth(size="2", entry="2500", mark="2500", leverage="5"):
    position = Position(D(size), D(size) * D(entry))
    return Held("ETH", position, D(mark), D(leverage), D(10))


def shown(ratio="0.5"):
    return Margin(D(0), D(0), D(1000), D(0), D(1000) * D(ratio))


def test_notional_4_11_worked_account_summary():
    found = margin_of([usdc("1500")], [eth()])
    assert (found.account_value, found.initial, found.available) == (1500, 1000, 500)
    assert found.maintenance == 250
    assert round(liquidation_price(eth(), found), 2) == D("1842.11")


def test_collateral_counts_by_its_ltv_and_a_debt_of_usdc_whole_ruling_32():
    btc = Balance("BTC", D("0.1"), D("60000"), D("0.85"))
    found = margin_of([usdc("-1000"), btc], [])
    assert (found.account_balance, found.total_margin) == (5000, 4100)


def test_profit_counts_as_margin_and_as_value():
    found = margin_of([usdc("1500")], [eth(mark="2600")])
    assert (found.unrealized_pnl, found.account_value, found.total_margin) == (200, 1700, 1700)


@pytest.mark.parametrize(
    ("ratio", "stage"),
    [
        ("0.899999", Stage.HEALTHY),
        ("0.90", Stage.WARNING),
        ("0.999999", Stage.WARNING),
        ("1", Stage.PARTIAL),
        ("1.499999", Stage.PARTIAL),
        ("1.5", Stage.FULL),
    ],
)
def test_notional_10_stages_begin_exactly_at_their_ratio(ratio, stage):
    assert shown(ratio).stage is stage


def test_no_margin_with_a_position_is_full_and_has_no_ratio_ruling_32():
    found = margin_of([usdc("-1")], [eth()])
    assert found.stage is Stage.FULL and found.ratio_up is None and found.available == 0


def test_no_margin_without_a_position_is_nothing_to_liquidate():
    found = margin_of([usdc("-1")], [])
    assert found.stage is Stage.HEALTHY and found.ratio_up == 0


def test_open_orders_count_where_they_enlarge_the_worse_side():
    orders = [
        OpenOrder("ETH", Side.BUY, D(1), D(2500)),
        OpenOrder("ETH", Side.SELL, D(3), D(2500)),  # closes 2 and opens 1
        OpenOrder("ETH", Side.SELL, D(9), D(2500), is_reduce_only=True),
    ]
    found = margin_of([usdc("1500")], [eth()], orders)
    assert found.initial == 1500
    more = margin_of([usdc("1500")], [eth()], [OpenOrder("ETH", Side.SELL, D("5.5"), D(2500))])
    assert more.initial == 1000 + D("1.5") * 500


@pytest.mark.parametrize(
    ("side", "price", "loss"),
    [("B", "2510", 30), ("B", "2490", 0), ("A", "2490", 30), ("A", "2510", 0), ("A", "2500", 0)],
)
def test_an_order_uses_what_it_would_lose_at_its_price_reduce_only_or_not(side, price, loss):
    for is_reduce_only in (False, True):
        order = OpenOrder("ETH", Side(side), D(3), D(price), is_reduce_only)
        found = margin_of([usdc("1500")], [eth(size="0")], [order])
        assert found.order_loss == loss and found.after_orders == 1500 - loss
        assert found.initial == (0 if is_reduce_only else 1500) + loss
        assert found.total_margin == 1500


def test_the_liquidation_price_of_a_short_lies_above():
    short = eth(size="-2")
    found = margin_of([usdc("1500")], [short])
    price = liquidation_price(short, found)
    assert price == D("3095.23809524")  # (1500 + 5000) / 2.1


def test_a_position_that_nothing_endangers_has_no_liquidation_price():
    found = margin_of([usdc("100000")], [eth()])
    assert liquidation_price(eth(), found) is None
    assert liquidation_price(eth(size="0"), found) is None


@given(
    st.integers(1, 400).map(D),
    st.sampled_from([D(1), D(-1)]),
    st.integers(100, 5000).map(D),
    st.integers(0, 20).map(lambda n: D(n) / 10),
)
def test_at_its_liquidation_price_the_ratio_is_one(size, sign, cash, coins):
    size = sign * size / 100

    def account(mark):
        held = eth(size=size, mark=mark)
        coin = Balance("ETH", coins, D(mark), D("0.85"))
        return held, margin_of([usdc(cash), coin], [held])

    held, found = account("2500")
    price = liquidation_price(held, found, collateral=coins, ltv=D("0.85"))
    if price is not None:
        _, then = account(price)
        assert abs(then.maintenance - then.total_margin) < D("0.0001")
