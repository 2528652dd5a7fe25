"""What `POST /info` tells of a market: its order book and its candles, as Hyperliquid shapes them.

Candles are those of the mark, which is the oracle's price; they carry no volume. Knows markets and
recorded bars. Knows nothing of accounts or HTTP.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, ZERO, plain_trimmed
from dualis.oracle.models import Interval, PriceBar, PriceTick, Quote
from dualis.trading.markets import MARKETS, Market
from dualis.trading.models import BookState, MarginOrder, milliseconds
from dualis.trading.orderbook import Side
from dualis.trading.statuses import IN_BOOK

LEVELS = 20  # a side
REACH = 500  # resting orders a side that are looked at
MOST_CANDLES = 500
INTERVALS = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
DAY = INTERVALS["1d"]

_Bar = tuple[datetime, Decimal, Decimal, Decimal, Decimal]  # start, open, high, low, close


class Unknown(ValueError):
    """A market or an interval that there is not; the text says which."""


def book(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return what rests in a market's book, best first: bids, then asks."""
    market = _market(query.get("coin"))
    state = BookState.objects.filter(coin=market.coin).first()
    levels = [_levels(market, side, state) for side in (Side.BUY, Side.SELL)]
    return {"coin": market.coin, "time": milliseconds(now), "levels": levels}


def candles(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Return the newest candles of a market that start at `startTime` or later, oldest first."""
    asked = query.get("req", query)
    if not isinstance(asked, dict):
        raise Unknown("req is an object with coin and interval")
    market, name = _market(asked.get("coin")), asked.get("interval")
    length = INTERVALS.get(name) if isinstance(name, str) else None
    if length is None:
        raise Unknown(f"interval is one of {', '.join(INTERVALS)}")
    since = _start(now, length) - length * (MOST_CANDLES - 1)
    begin = asked.get("startTime")
    if isinstance(begin, int) and not isinstance(begin, bool) and begin > milliseconds(since):
        since = datetime.fromtimestamp(min(begin, milliseconds(now)) / 1000, UTC)
    found = folded(_bars(market.feed, length, since), length)
    return [
        {
            "t": milliseconds(start),
            "T": milliseconds(start + length) - 1,
            "s": market.coin,
            "i": name,
            "o": plain_trimmed(opened),
            "h": plain_trimmed(high),
            "l": plain_trimmed(low),
            "c": plain_trimmed(close),
        }
        for start, opened, high, low, close in found
        if start >= since
    ]


def folded(bars: Iterable[_Bar], length: timedelta) -> list[_Bar]:
    """Return bars, which are in order, as bars of this length."""
    found: list[_Bar] = []
    for start, opened, high, low, close in bars:
        begin = _start(start, length)
        if found and found[-1][0] == begin:
            _, first, highest, lowest, _ = found[-1]
            found[-1] = (begin, first, max(highest, high), min(lowest, low), close)
        else:
            found.append((begin, opened, high, low, close))
    return found


def _bars(feed_of: str, length: timedelta, since: datetime) -> list[_Bar]:
    """Return the recorded bars of an asset, and what its ticks tell since the last one."""
    quote = Quote.objects.filter(asset=feed_of).first()
    if quote is None:
        return []
    own = {"asset": feed_of, "feed": quote.feed}
    interval = Interval.DAY if length == DAY else Interval.MINUTE
    rows = PriceBar.objects.filter(**own, interval=interval, start__gte=since).order_by("start")
    bars: list[_Bar] = list(rows.values_list("start", "open", "high", "low", "close"))
    newest = PriceBar.objects.filter(**own).order_by("-close_at").first()
    if newest is None:
        return bars
    ticks = PriceTick.objects.filter(**own, is_valid=True, at__gt=newest.close_at, at__gte=since)
    told = ticks.order_by("at").values_list("at", "price")
    return [*bars, *((at, price, price, price, price) for at, price in told)]


def _levels(market: Market, side: Side, state: BookState | None) -> list[dict[str, Any]]:
    sizes: dict[Decimal, tuple[Decimal, int]] = {}

    def put(price: Decimal, size: Decimal) -> None:
        total, count = sizes.get(price, (ZERO, 0))
        sizes[price] = (EXACT.add(total, size), count + 1)

    rows = MarginOrder.objects.filter(coin=market.coin, status__in=IN_BOOK, side=side.value)
    best = rows.order_by("-ticks" if side is Side.BUY else "ticks")[:REACH]
    for price, size in best.values_list("price", "size"):
        put(price, size)
    for _, quoted, price, size in state.quotes if state else ():
        if quoted == side.value and Decimal(size):
            put(Decimal(price), Decimal(size))
    ordered = sorted(sizes.items(), reverse=side is Side.BUY)[:LEVELS]
    return [
        {"px": plain_trimmed(price), "sz": plain_trimmed(size), "n": count}
        for price, (size, count) in ordered
    ]


def _market(coin: Any) -> Market:
    market = MARKETS.get(coin.upper()) if isinstance(coin, str) else None
    if market is None:
        raise Unknown(f"coin is one of {', '.join(MARKETS)}")
    return market


def _start(at: datetime, length: timedelta) -> datetime:
    seconds = int(length.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, UTC)
