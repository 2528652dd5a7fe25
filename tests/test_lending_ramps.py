"""Ratios that are lowered fall on a straight line, to the last place."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dualis.lending import parameters, pools, ramps
from dualis.lending.models import Pool
from tests import lending_market as lm
from tests.lending_market import T0, after, check

START, TARGET = Decimal("0.82"), Decimal("0.72")


def pool():
    return Pool.objects.get(id="eth-main")


@pytest.mark.parametrize(
    ("hours", "value"),
    [(-1, "0.82"), (0, "0.82"), (6, "0.795"), (12, "0.77"), (24, "0.72"), (25, "0.72")],
)
def test_value_lies_on_the_line(hours, value):
    now = after(hours=hours)
    assert ramps.value_up(START, TARGET, T0, T0 + ramps.RAMP, now) == Decimal(value)


def test_value_is_rounded_up_for_the_borrower():
    now = T0 + ramps.RAMP - timedelta(microseconds=1)
    value = ramps.value_up(START, TARGET, T0, T0 + ramps.RAMP, now)
    assert value == TARGET + Decimal("1E-10")


@pytest.fixture
def market(db):
    lm.opened()
    yield
    check()


def test_lowered_ratios_ramp_with_the_blocks_and_end_exactly(market):
    parameters.change("eth-main", {"ltv": "0.65", "threshold": "0.72"}, now=T0)
    assert (pool().ltv, pool().threshold) == (Decimal("0.75"), Decimal("0.82"))
    pools.run_block(after(hours=12))
    assert (pool().ltv, pool().threshold) == (Decimal("0.70"), Decimal("0.77"))
    pools.run_block(after(hours=30))
    assert (pool().ltv, pool().threshold) == (Decimal("0.65"), Decimal("0.72"))
    assert (pool().ramp_from_at, pool().ltv_to, pool().threshold_from) == (None, None, None)


def test_raised_ratio_counts_at_once_while_the_other_ramps(market):
    parameters.change("eth-main", {"ltv": "0.76", "threshold": "0.80"}, now=T0)
    assert (pool().ltv, pool().threshold) == (Decimal("0.76"), Decimal("0.82"))
    assert pool().ltv_to is None and pool().threshold_to == Decimal("0.80")


def test_change_within_a_ramp_starts_from_where_it_is(market):
    parameters.change("eth-main", {"threshold": "0.78"}, now=T0)
    parameters.change("eth-main", {"threshold": "0.76"}, now=after(hours=12))
    assert (pool().threshold_from, pool().threshold_to) == (Decimal("0.80"), Decimal("0.76"))
    pools.run_block(after(hours=24))
    assert pool().threshold == Decimal("0.78")
    parameters.change("eth-main", {"threshold": "0.82"}, now=after(hours=24))
    assert pool().threshold == Decimal("0.82") and pool().ramp_to_at is None


def test_another_parameter_leaves_a_ramp_alone(market):
    parameters.change("eth-main", {"threshold": "0.78"}, now=T0)
    parameters.change("eth-main", {"penalty": "0.04"}, now=after(hours=6))
    assert pool().ramp_from_at == T0 and pool().threshold == Decimal("0.81")
