"""When slices are due and how large they are, and what the fold makes of them."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.trading import state, twap_schedule
from dualis.trading.markets import MARKETS
from dualis.trading.orderbook import Side
from dualis.trading.state import BrokenChain
from dualis.trading.twap_fold import PLACED, SLICE
from dualis.trading.twap_schedule import Asked, due_ms, slice_size, slot

ETH = MARKETS["ETH"]


@given(st.integers(1, 1_440), st.integers(2, 2_881), st.integers(0, 10**12))
def test_every_slice_is_the_one_that_is_due_from_its_moment_on(minutes, count, start):
    duration = minutes * 60_000
    for index in {0, 1, count // 2, count - 1}:
        due = due_ms(start, duration, count, index)
        assert slot(start, duration, count, due) == index
        assert index == 0 or slot(start, duration, count, due - 1) == index - 1
    assert due_ms(start, duration, count, 0) == start
    assert due_ms(start, duration, count, count - 1) == start + duration


def test_before_its_start_the_first_slice_is_the_one():
    assert slot(1_000, 60_000, 3, 0) == 0


@pytest.mark.parametrize(
    ("filled", "index", "draw", "size"),
    [
        ("0", 0, None, "1"),
        ("1", 1, None, "1"),
        ("0", 1, None, "2"),  # the first did not trade
        ("0", 4, None, "3"),  # nor did three more: no faster than 3 even slices
        ("7", 9, None, "3"),
        ("9.5", 9, None, "0.5"),
        ("0", 9, None, "3"),
        ("0", 0, 20, "1.2"),
        ("0", 0, -20, "0.8"),
        ("1.2", 1, None, "0.8"),
        ("9.2", 9, -20, "0.8"),  # the last one takes the rest, whatever is drawn
        ("2", 0, None, "0"),
        ("9.9", 8, 20, "0"),
    ],
)
def test_a_slice_asks_for_what_is_lacking_up_to_three_even_ones(filled, index, draw, size):
    assert slice_size(D(10), D(filled), 10, index, 4, draw=draw) == D(size)


@given(
    st.integers(2, 40),
    st.integers(1, 4_000),
    st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 100)), min_size=40, max_size=40),
)
def test_slices_never_fill_more_than_the_order_and_all_of_it_where_all_trade(count, extra, draws):
    size = D(count + extra).scaleb(-4)
    filled = all_filled = D(0)
    for index in range(count):
        draw, share = draws[index]
        some = slice_size(size, filled, count, index, 4, draw=draw)
        filled += (some * share / 100).quantize(D("0.0001"), rounding="ROUND_DOWN")
        all_filled += slice_size(size, all_filled, count, index, 4, draw=draw)
        assert 0 <= filled <= size
    assert all_filled == size


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"minutes": 0}, "INVALID_SIZE"),
        ({"minutes": 1_441}, "INVALID_SIZE"),
        ({"slices": 1}, "INVALID_SIZE"),
        ({"minutes": 1, "slices": 8}, "INVALID_SIZE"),  # 8.6 s apart
        ({"minutes": 30, "slices": 3}, "INVALID_SIZE"),  # 15 minutes apart
        ({"size": D("0.00001")}, "INVALID_SIZE"),
        ({"size": D("0.0010")}, "INVALID_SIZE"),  # 11 slices of 0.0001
        ({"is_reduce_only": True}, "REDUCE_ONLY_VIOLATION"),
    ],
)
def test_what_no_slice_could_be_made_of_is_rejected(change, code):
    asked = Asked(**{"coin": "ETH", "side": Side.BUY, "size": D(1), "minutes": 5, **change})
    with pytest.raises(twap_schedule.Rejected) as refused:
        twap_schedule.check(asked, ETH, D(0), 0)
    assert refused.value.code == code


@pytest.mark.parametrize("change", [{}, {"minutes": 1, "slices": 7}, {"minutes": 20, "slices": 3}])
def test_an_order_at_the_bounds_is_taken(change):
    asked = Asked(**{"coin": "ETH", "side": Side.BUY, "size": D("0.0011"), "minutes": 5, **change})
    twap_schedule.check(asked, ETH, D(0), 19)
    with pytest.raises(twap_schedule.Rejected, match="At most 20"):
        twap_schedule.check(asked, ETH, D(0), 20)


@pytest.mark.parametrize(("is_randomized", "size"), [(False, "0.055"), (True, "0.11")])
def test_each_slice_is_worth_an_order_at_the_mark(is_randomized, size):
    asked = Asked("ETH", Side.BUY, D(size), 5, is_randomized=is_randomized)  # 11 slices
    twap_schedule.check(asked, ETH, D(0), 0, D(2000))
    with pytest.raises(twap_schedule.Rejected, match="worth at least"):
        twap_schedule.check(asked, ETH, D(0), 0, D("1999.9"))


def test_without_a_count_there_is_a_slice_every_30_seconds():
    assert Asked("ETH", Side.BUY, D(1), 5).slice_count == 11


def test_a_slice_trades_to_a_price_3_percent_from_the_mark():
    assert twap_schedule.limit_of(Side.BUY, ETH, D(2000)) == 2060
    assert twap_schedule.limit_of(Side.SELL, ETH, D(2000)) == 1940


def test_what_contradicts_an_order_is_a_broken_chain():
    ledger = state.State()

    def told(type, twap_id="0x1", user="a", **data):
        state.apply(ledger, state.Transaction(type, user, data, twap_id))

    told(PLACED, size="2", slices=3)
    told(SLICE, index=1, outcome="partial", filled="1", value="5")
    for index, filled in ((1, "0"), (0, "0"), (3, "0"), (2, "1.5"), (2, "-1")):
        with pytest.raises(BrokenChain):
            told(SLICE, index=index, outcome="filled", filled=filled, value="0")
        ledger.twaps["0x1"].last, ledger.twaps["0x1"].filled = 1, D(1)
    for wrong in ({"user": "b"}, {"twap_id": "0x2"}):
        with pytest.raises(BrokenChain):
            told("TwapEnded", **wrong)
    with pytest.raises(BrokenChain):
        told(PLACED, size="2", slices=3)
    told("TwapEnded")
    assert not ledger.twaps
