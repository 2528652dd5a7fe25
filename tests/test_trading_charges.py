"""Fees, funding and interest: worked numbers, caps, rounding against the account."""

from decimal import Decimal as D

import pytest

from dualis.trading.charges import borrow_apr, fee_up, funding_down, funding_rate, interest_up
from dualis.trading.positions import Position


def test_notional_4_11_worked_fee():
    assert fee_up(D("2500"), D(2), is_taker=True) == D("2.5")


def test_a_fee_is_rounded_up_and_a_maker_pays_less():
    assert fee_up(D("0.001"), D("0.001"), is_taker=True) == D("0.000001")
    assert fee_up(D("2500"), D(2), is_taker=False) == 1


@pytest.mark.parametrize(
    ("size", "rate", "brings"),
    [
        ("2", "0.0000125", "-0.0625"),
        ("-2", "0.0000125", "0.0625"),
        ("2", "-0.0000125", "0.0625"),
        ("0.000001", "0.0000001", "-0.000001"),
        ("-0.000001", "0.0000001", "0"),
    ],
)
def test_a_long_pays_a_positive_rate_to_the_short(size, rate, brings):
    held = Position(D(size), D(size) * 2500)
    assert funding_down(held, D(2500), D(rate)) == D(brings)


@pytest.mark.parametrize(
    ("utilization", "apr"),
    [("0", "0.04"), ("0.325", "0.06"), ("0.65", "0.08"), ("0.75", "0.4267"), ("0.80", "0.6")],
)
def test_notional_10_borrow_apr(utilization, apr):
    assert borrow_apr(D(utilization)) == D(apr)


def test_an_hour_of_interest_is_rounded_up():
    assert interest_up(D(87600), D("0.1")) == 1
    assert interest_up(D("0.01"), D("0.04")) == D("0.000001")
    assert interest_up(D(0), D("0.04")) == 0


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        ("0", "0.0000125"),  # 0.01 % in 8 hours
        ("0.0004", "0.0000125"),
        ("0.001", "0.0000625"),
        ("-0.001", "-0.0000625"),
        ("1", "0.04"),
        ("-1", "-0.04"),
    ],
)
def test_an_hours_funding_rate_follows_the_premium_within_its_clamp_and_cap(premium, rate):
    assert funding_rate(D(premium)) == D(rate)
