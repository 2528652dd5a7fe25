"""What fills make of a position: entry price, realised profit, turning round; money conserved."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.trading.orderbook import Side
from dualis.trading.positions import Direction, Position, fill, floor_usdc, unrealized_pnl

BUY, SELL = Side.BUY, Side.SELL
FLAT = Position()


def after(*fills):
    position, pnl = FLAT, D(0)
    for side, size, price in fills:
        done = fill(position, side, D(size), D(price))
        position, pnl = done.position, pnl + done.closed_pnl
    return position, pnl


def test_enlarging_averages_the_entry_price():
    position, pnl = after((BUY, "1", "100"), (BUY, "3", "120"))
    assert (position.size, position.entry_price, pnl) == (4, 115, 0)


def test_reducing_realises_the_difference_and_keeps_the_entry_price():
    position, pnl = after((BUY, "4", "115"), (SELL, "1", "125"))
    assert (position.size, position.entry_price, pnl) == (3, 115, 10)


def test_a_short_gains_when_the_price_falls():
    position, pnl = after((SELL, "2", "100"), (BUY, "0.5", "90"))
    assert (position.size, position.entry_price, pnl) == (D("-1.5"), 100, 5)


def test_closing_all_leaves_nothing():
    position, pnl = after((SELL, "2", "100"), (BUY, "2", "103"))
    assert position == FLAT and pnl == -6


def test_a_fill_that_turns_round_closes_and_opens_at_its_price():
    done = fill(Position(D(2), D(200)), SELL, D(5), D(110))
    assert done.closed_pnl == 20 and done.direction is Direction.CLOSE_LONG
    assert (done.position.size, done.position.entry_price) == (-3, 110)


@pytest.mark.parametrize(
    ("position", "side", "direction"),
    [
        (FLAT, BUY, Direction.OPEN_LONG),
        (FLAT, SELL, Direction.OPEN_SHORT),
        (Position(D(1), D(1)), BUY, Direction.OPEN_LONG),
        (Position(D(1), D(1)), SELL, Direction.CLOSE_LONG),
        (Position(D(-1), D(-1)), SELL, Direction.OPEN_SHORT),
        (Position(D(-1), D(-1)), BUY, Direction.CLOSE_SHORT),
    ],
)
def test_the_direction_says_what_the_fill_did(position, side, direction):
    assert fill(position, side, D("0.5"), D(1)).direction is direction


def test_profit_is_rounded_down_to_a_unit_of_usdc_and_loss_away():
    gain = fill(Position(D(3), D(10)), SELL, D(1), D("3.3333337"))
    assert gain.closed_pnl == D("0")  # 0.00000036...
    loss = fill(Position(D(3), D(10)), SELL, D(1), D("3.333333"))
    assert loss.closed_pnl == D("-0.000001")
    assert floor_usdc(D("-0.0000001")) == D("-0.000001")


FILLS = st.lists(
    st.tuples(
        st.sampled_from([BUY, SELL]),
        st.integers(1, 10**6).map(lambda n: D(n) / 10**4),
        st.integers(1, 10**7).map(lambda n: D(n) / 100),
    ),
    min_size=1,
    max_size=20,
)


@given(FILLS, st.integers(1, 10**7).map(lambda n: D(n) / 100))
def test_money_is_conserved_within_a_unit_a_fill_never_in_the_owners_favour(fills, mark):
    position, pnl = after(*fills)
    paid = sum((s * p if side is BUY else -s * p for side, s, p in fills), D(0))
    size = sum((s if side is BUY else -s for side, s, _ in fills), D(0))
    assert position.size == size
    exact = size * mark - paid
    found = pnl + unrealized_pnl(position, mark)
    assert 0 <= exact - found < D("0.000001") * len(fills) + D("1e-12")


@given(FILLS)
def test_a_position_without_size_has_no_cost_and_cost_has_its_sign(fills):
    position, _ = after(*fills)
    assert bool(position.size) == bool(position.cost)
    assert position.size * position.cost >= 0
