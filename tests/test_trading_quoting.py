"""Simulated makers: their ladder, orders that meet it, orders that it meets as the mark moves."""

from decimal import Decimal as D

import pytest

from dualis.trading import ladder, quoting
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import BookState, Fill
from dualis.trading.orderbook import Side
from tests import trading_world as tw
from tests.trading_world import ADA, after, check, place, position

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("coin", "mark"), [("BTC", "67710"), ("ETH", "2041.3"), ("CC", "0.1756")])
def test_a_ladder_stands_around_the_mark_with_valid_prices(coin, mark):
    market = MARKETS[coin]
    made = ladder.quotes(market, D(mark))
    bids = [q.price for q in made if q.side is Side.BUY]
    asks = [q.price for q in made if q.side is Side.SELL]
    assert len(bids) == len(asks) == ladder.LEVELS
    assert bids == sorted(bids, reverse=True) and asks == sorted(asks)
    assert bids[0] < D(mark) < asks[0] and asks[0] - bids[0] < D(mark) / 1000
    assert all(market.is_price(q.price) and market.is_size(q.size) for q in made)


@pytest.fixture
def market():
    tw.marked()
    tw.account(ADA)
    for maker in quoting.MAKERS:
        tw.account(maker, "10000000")
    quoting.run(after(seconds=1))
    yield
    check()


def test_a_market_order_trades_with_the_quotes_and_uses_them_up(market):
    before = D(BookState.objects.get(coin="ETH").quotes[ladder.LEVELS][3])
    taken = place(ADA, "B", "2")
    assert taken.filled == 2 and taken.order.status == "filled"
    assert position(ADA) == 2 and sum(position(m) for m in quoting.MAKERS) == -2
    assert D(BookState.objects.get(coin="ETH").quotes[ladder.LEVELS][3]) == before - 2
    assert {fill.account.name for fill in Fill.objects.all()} == {ADA, quoting.MAKERS[0]}


def test_the_next_tick_renews_what_was_used_up(market):
    place(ADA, "B", "2")
    quoting.run(after(seconds=2))
    made = ladder.quotes(MARKETS["ETH"], D(2000))
    assert [q[3] for q in BookState.objects.get(coin="ETH").quotes] == [str(q.size) for q in made]


def test_a_resting_order_fills_at_its_price_when_the_mark_falls_to_it(market):
    resting = place(ADA, "B", "2", "1950").order
    assert resting.status == "open"
    tw.marked(ETH="1949")
    assert quoting.run(after(seconds=2)) == 1
    resting.refresh_from_db()
    assert resting.status == "filled" and position(ADA) == 2
    assert (
        Fill.objects.get(account=ADA).price == 1950 and not Fill.objects.get(account=ADA).is_taker
    )


def test_a_big_order_is_filled_by_several_quotes_and_the_rest_goes_on_resting(market):
    tw.money.deposit(ADA, "USDC", D(1000000), now=after(seconds=1))
    resting = place(ADA, "B", "400", "1951").order
    tw.marked(ETH="1949")
    assert quoting.run(after(seconds=2)) == 3  # the asks at 1949.4, 1950.2 and 1951
    resting.refresh_from_db()
    assert resting.status == "partial" and 0 < resting.size < 400


def test_a_market_without_a_live_price_has_no_quotes(market):
    quote = tw.world.quote("ETH", "2000")
    quote.is_tripped = True
    quote.save()
    quoting.renew("ETH", Marks.read(), after(seconds=3))
    assert BookState.objects.get(coin="ETH").quotes == []
