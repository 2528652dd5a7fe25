"""The order book: priority, time in force, self-trade, reduce-only; and its sentences at random."""

from decimal import Decimal as D

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dualis.trading.orderbook import Order, OrderBook, Side, Tif

BUY, SELL = Side.BUY, Side.SELL


def order(id, owner, side, price, size, tif=Tif.GTC, reduce=False):
    return Order(id, owner, side, D(price), D(size), tif, reduce)


def book(*orders, positions=None):
    found = OrderBook()
    for one in orders:
        found.submit(one, positions if positions is not None else {})
    return found


def trades(outcome):
    return [(t.maker_id, str(t.price), str(t.size)) for t in outcome.trades]


def test_better_prices_trade_first_and_of_one_price_the_older_order():
    asks = book(
        order("a", "m1", SELL, "101", "1"),
        order("b", "m2", SELL, "100", "1"),
        order("c", "m3", SELL, "100", "2"),
    )
    outcome = asks.submit(order("t", "taker", BUY, "101", "3.5"), {})
    assert trades(outcome) == [("b", "100", "1"), ("c", "100", "2"), ("a", "101", "0.5")]
    assert asks.levels(SELL, 5) == [(D("101"), D("0.5"), 1)]
    assert not outcome.rested and not outcome.dropped


def test_what_does_not_trade_rests_at_its_own_price():
    found = book(order("a", "m", SELL, "101", "1"))
    outcome = found.submit(order("t", "taker", BUY, "100", "2"), {})
    assert outcome.rested == 2 and found.best(BUY) == 100 and found.best(SELL) == 101


def test_ioc_drops_what_does_not_trade_at_once():
    found = book(order("a", "m", SELL, "100", "1"))
    outcome = found.submit(order("t", "taker", BUY, "100", "3", Tif.IOC), {})
    assert trades(outcome) == [("a", "100", "1")] and outcome.dropped == 2
    assert len(found) == 0


def test_who_does_not_carry_a_trade_is_cancelled_and_the_next_in_line_is_asked():
    asked = []

    def carries(maker, size):
        asked.append((maker.id, str(size)))
        return maker.id != "a"

    found = book(order("a", "m", SELL, "100", "1"), order("b", "n", SELL, "100", "2"))
    outcome = found.submit(order("t", "taker", BUY, "100", "1.5"), {}, carries)
    assert trades(outcome) == [("b", "100", "1.5")] and asked == [("a", "1"), ("b", "1.5")]
    assert [gone.id for gone in outcome.cancelled] == ["a"] and "a" not in found


def test_alo_is_refused_where_it_would_trade_and_rests_where_not():
    found = book(order("a", "m", SELL, "100", "1"))
    refused = found.submit(order("t", "taker", BUY, "100", "1", Tif.ALO), {})
    assert refused.would_trade and refused.dropped == 1 and "t" not in found
    assert found.submit(order("u", "taker", BUY, "99", "1", Tif.ALO), {}).rested == 1


def test_nobody_trades_with_himself_his_resting_order_goes():
    found = book(order("own", "x", SELL, "100", "1"), order("b", "m", SELL, "100", "1"))
    outcome = found.submit(order("t", "x", BUY, "100", "1"), {})
    assert trades(outcome) == [("b", "100", "1")]
    assert [gone.id for gone in outcome.cancelled] == ["own"] and len(found) == 0


def test_reduce_only_takes_no_more_than_the_position():
    positions = {"x": D("-1.5")}
    found = book(order("a", "m", SELL, "100", "5"))
    outcome = found.submit(order("t", "x", BUY, "100", "4", reduce=True), positions)
    assert trades(outcome) == [("a", "100", "1.5")] and outcome.dropped == D("2.5")
    assert positions["x"] == 0 and "t" not in found


def test_reduce_only_without_a_position_to_reduce_does_nothing():
    found = book(order("a", "m", SELL, "100", "5"))
    outcome = found.submit(order("t", "x", BUY, "100", "4", reduce=True), {"x": D(2)})
    assert not outcome.trades and outcome.dropped == 4 and len(found) == 1


def test_a_resting_reduce_only_order_is_cut_to_the_position_of_the_moment():
    positions = {"m": D("3")}
    found = book(order("r", "m", SELL, "100", "3", reduce=True), positions=positions)
    positions["m"] = D("1")  # he sold elsewhere since
    outcome = found.submit(order("t", "x", BUY, "100", "2"), positions)
    assert trades(outcome) == [("r", "100", "1")] and positions["m"] == 0
    assert [gone.id for gone in outcome.cancelled] == ["r"] and outcome.rested == 1


def test_cancel_takes_the_order_and_its_level_out():
    found = book(order("a", "m", SELL, "100", "1"))
    gone = found.cancel("a")
    assert gone is not None and gone.size == 1
    assert found.cancel("a") is None and found.best(SELL) is None


class Books(RuleBasedStateMachine):
    """Anybody submits and cancels anything; a plain list of orders says what must be."""

    def __init__(self):
        super().__init__()
        self.book, self.positions, self.number = OrderBook(), {}, 0
        self.submitted, self.traded, self.ended = D(0), D(0), D(0)

    @rule(
        owner=st.sampled_from("xyz"),
        side=st.sampled_from([BUY, SELL]),
        price=st.integers(95, 105),
        size=st.integers(1, 50),
        tif=st.sampled_from(list(Tif)),
        reduce=st.booleans(),
    )
    def submit(self, owner, side, price, size, tif, reduce):
        self.number += 1
        one = order(str(self.number), owner, side, price, D(size) / 10, tif, reduce)
        before = dict(self.positions)
        better = self.book.levels(side.other, 50)
        outcome = self.book.submit(one, self.positions)
        self.submitted += D(size) / 10
        done = sum((t.size for t in outcome.trades), D(0))
        assert done + outcome.rested + outcome.dropped == D(size) / 10
        self.traded += done
        self.ended += outcome.dropped + sum((c.size for c in outcome.cancelled), D(0))
        prices = [t.price for t in outcome.trades]
        assert prices == sorted(prices, reverse=side is SELL)
        assert all(p in [level[0] for level in better] for p in prices)
        assert all(p <= price if side is BUY else p >= price for p in prices)
        assert all(t.maker != t.taker for t in outcome.trades)
        if reduce:
            was, now = before.get(owner, D(0)), self.positions.get(owner, D(0))
            assert abs(now) <= abs(was) and was * now >= 0, "reduce-only flipped a position"

    @rule(number=st.integers(1, 60))
    def cancel(self, number):
        gone = self.book.cancel(str(number))
        if gone is not None:
            self.ended += gone.size

    @invariant()
    def never_crossed(self):
        bid, ask = self.book.best(BUY), self.book.best(SELL)
        assert bid is None or ask is None or bid < ask

    @invariant()
    def positions_sum_to_zero(self):
        assert sum(self.positions.values(), D(0)) == 0

    @invariant()
    def quantity_is_conserved(self):
        resting = sum((size for side in Side for _, size, _ in self.book.levels(side, 1000)), D(0))
        assert self.submitted == 2 * self.traded + resting + self.ended


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
