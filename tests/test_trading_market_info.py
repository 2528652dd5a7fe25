"""A market's book and candles by `POST /info`."""

from datetime import timedelta
from decimal import Decimal

import pytest
from rest_framework.test import APIClient

from dualis.oracle import history
from dualis.oracle.models import Quote
from dualis.trading import market_info, orders, quoting
from dualis.trading.marks import Marks
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, T0, after

pytestmark = pytest.mark.django_db(transaction=True)


def told(**query):
    return APIClient().post("/info", query, format="json")


@pytest.fixture(autouse=True)
def ledger():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB)


def test_a_book_adds_up_what_rests_at_a_price_best_first():
    tw.place(ADA, "B", "1", "1999")
    tw.place(BOB, "B", "2", "1999")
    tw.place(BOB, "B", "1", "1998")
    tw.place(ADA, "A", "1.5", "2002")
    body = told(type="l2Book", coin="eth").json()
    assert body["coin"] == "ETH"
    assert body["levels"] == [
        [{"px": "1999", "sz": "3", "n": 2}, {"px": "1998", "sz": "1", "n": 1}],
        [{"px": "2002", "sz": "1.5", "n": 1}],
    ]


def test_a_book_holds_the_makers_quotes_and_at_most_twenty_levels():
    quoting.renew("ETH", Marks.read(T0), T0)
    bids, asks = told(type="l2Book", coin="ETH").json()["levels"]
    assert 0 < len(bids) <= market_info.LEVELS and 0 < len(asks) <= market_info.LEVELS
    assert Decimal(bids[0]["px"]) < Decimal(asks[0]["px"])
    assert [Decimal(x["px"]) for x in bids] == sorted(
        (Decimal(x["px"]) for x in bids), reverse=True
    )


def test_an_order_that_is_gone_is_not_in_the_book():
    placed = tw.place(ADA, "B", "1", "1999")
    orders.cancel(ADA, [placed.order.id], now=after(seconds=1))
    assert told(type="l2Book", coin="ETH").json()["levels"] == [[], []]


@pytest.mark.parametrize(
    "query",
    [
        {"type": "l2Book"},
        {"type": "l2Book", "coin": "DOGE"},
        {"type": "l2Book", "coin": 7},
        {"type": "candleSnapshot", "req": {"coin": "ETH", "interval": "3m"}},
        {"type": "candleSnapshot", "req": {"coin": "ETH"}},
        {"type": "candleSnapshot", "req": []},
    ],
)
def test_what_there_is_not_is_refused_in_words(query):
    answer = told(**query)
    assert answer.status_code == 400
    assert answer.json()["code"] == "INVALID_REQUEST"


def bar(minute, *prices):
    """Save a minute bar of ETH that went through these prices."""
    feed = Quote.objects.get(asset="ETH").feed
    at = T0 + timedelta(minutes=minute)
    row = history.flat_bar("ETH", feed, at, Decimal(prices[-1]), previous=Decimal(prices[0]))
    row.high, row.low = (Decimal(f(prices, key=Decimal)) for f in (max, min))
    row.save()


def test_candles_are_folded_from_minutes_and_go_on_with_the_ticks():
    base = int(T0.timestamp()) // 300 * 300 - int(T0.timestamp())
    first = base // 60
    bar(first, "100", "104", "99", "101")
    bar(first + 4, "101", "102", "95", "98")
    bar(first + 5, "98", "98.5")
    feed = Quote.objects.get(asset="ETH").feed
    late = T0 + timedelta(minutes=first + 6, seconds=5)
    history.history_tick("ETH", feed, late, Decimal("103")).save()
    query = {"req": {"coin": "ETH", "interval": "5m"}}
    found = market_info.candles(query, late + timedelta(seconds=1))
    shown = [(one["o"], one["h"], one["l"], one["c"]) for one in found]
    assert shown == [("100", "104", "95", "98"), ("98", "103", "98", "103")]
    assert found[1]["t"] - found[0]["t"] == 300_000 and found[0]["T"] == found[1]["t"] - 1
    since = {"req": {**query["req"], "startTime": found[1]["t"]}}
    assert market_info.candles(since, late) == found[1:]


def test_candles_of_a_day_come_from_days():
    for minute in (-3000, -1500, 0):
        bar(minute, "100", str(100 + minute // 100))
    history.roll_up()
    found = market_info.candles({"coin": "ETH", "interval": "1d"}, after(minutes=1))
    assert len(found) >= 3 and found[0]["o"] == "100"
