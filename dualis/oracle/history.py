"""What was recorded: ticks become minute bars, minutes become days, the old is dropped.

1. The newest minute is made again from its ticks, the newest day extended by its minutes: running
   twice, or again after a crash, gives the same bars.
2. A feed's time is that of its newest tick, so that a replay keeps and drops by its own clock.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Max

from dualis import errors
from dualis.oracle.models import Interval, PriceBar, PriceTick, Quote
from dualis.oracle.windows import DAY

MINUTE = timedelta(minutes=1)
BATCH = 1000
TICKS_KEPT = timedelta(hours=24)  # rulings, 35
MINUTES_KEPT = timedelta(days=30)
POINTS = 101  # spec 3: a history has 101 points
PERIODS = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "1y": timedelta(days=365),
}
_FIGURES = ["open", "high", "low", "close", "close_at", "is_simulated"]
_KEY = ["asset", "feed", "interval", "start"]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a history; no price before anything was recorded."""

    at: datetime
    price: Decimal | None


def minute_of(at: datetime) -> datetime:
    """Return the start of the minute."""
    return at.replace(second=0, microsecond=0)


def day_of(at: datetime) -> datetime:
    """Return the start of the UTC day."""
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def flat_bar(
    symbol: str, feed: str, at: datetime, price: Decimal, *, previous: Decimal | None = None
) -> PriceBar:
    """Return an unsaved simulated minute bar with one price, opened at the previous one."""
    opened = price if previous is None else previous
    return PriceBar(
        asset_id=symbol,
        feed=feed,
        interval=Interval.MINUTE,
        start=minute_of(at),
        open=opened,
        high=max(opened, price),
        low=min(opened, price),
        close=price,
        close_at=at,
        is_simulated=True,
    )


def history_tick(symbol: str, feed: str, at: datetime, price: Decimal) -> PriceTick:
    """Return an unsaved simulated tick of a moment before the first real one."""
    return PriceTick(
        asset_id=symbol, feed=feed, at=at, price=price, is_valid=True, is_simulated=True
    )


@transaction.atomic
def roll_up() -> None:
    """Make the minute bars of all ticks since the newest bar, and the day bars of those minutes.

    Of each asset's present feed: another feed's rows wait until it is the present one again.
    """
    for symbol, feed in Quote.objects.values_list("asset", "feed"):
        _roll_up_minutes(symbol, feed)
        _roll_up_days(symbol, feed)


@transaction.atomic
def prune(now: datetime) -> None:
    """Drop ticks older than 24 h and minute bars older than 30 days, after rolling them up.

    Counted back from the asset's newest tick, or from `now` if a clock ran ahead of it.
    """
    roll_up()
    for symbol, feed in Quote.objects.values_list("asset", "feed"):
        ticks = PriceTick.objects.filter(asset=symbol, feed=feed)
        newest = ticks.aggregate(at=Max("at"))["at"]
        if newest is None:
            continue
        feed_now = min(now, newest)
        ticks.filter(at__lt=feed_now - TICKS_KEPT).delete()
        PriceBar.objects.filter(
            asset=symbol,
            feed=feed,
            interval=Interval.MINUTE,
            start__lt=feed_now - MINUTES_KEPT,
        ).delete()


def price_history(asset: str, period: str) -> list[Point]:
    """Return 101 evenly spaced prices up to the quote's own moment, the last being the quote's.

    Each is the recorded price in force then. Raise NotFound, or ValidationError for the period.
    """
    if period not in PERIODS:
        raise errors.ValidationError({"period": [f"must be one of {', '.join(PERIODS)}."]})
    quote = Quote.objects.filter(asset=asset).first()
    if quote is None:
        raise errors.NotFound(what="price of", id=asset)
    step = PERIODS[period] / (POINTS - 1)
    moments = [quote.source_at - step * i for i in range(POINTS - 1, -1, -1)]
    recorded = _recorded(quote, since=moments[0], with_ticks=period == "1h")
    starts = [at for at, _ in recorded]
    points = []
    for moment in moments[:-1]:
        index = bisect_right(starts, moment) - 1
        points.append(Point(moment, recorded[index][1] if index >= 0 else None))
    return [*points, Point(quote.source_at, quote.price)]


def _recorded(quote: Quote, *, since: datetime, with_ticks: bool) -> list[tuple[datetime, Decimal]]:
    """Return the valid prices of the quote's feed in order, from the one in force at `since`."""
    own = {"asset": quote.asset_id, "feed": quote.feed}
    bars = PriceBar.objects.filter(**own)
    minutes = bars.filter(interval=Interval.MINUTE)
    earlier = list(minutes.filter(start__lt=minute_of(since)).order_by("-start")[:1])
    later = minutes.filter(start__gte=minute_of(since)).order_by("start")
    if not earlier:  # before the minutes that are kept, the closes of days
        days = bars.filter(interval=Interval.DAY)
        before = days.filter(start__lte=since - DAY).order_by("-start")[:1]
        first = later.first()
        between = days.filter(start__gt=since - DAY)
        if first is not None:
            between = between.filter(close_at__lt=first.close_at)
        earlier = [*before, *between]
    rows = [(bar.close_at, bar.close) for bar in earlier]
    rows += later.values_list("close_at", "close")
    # bars are exact to the minute; what is in no bar yet is still in the ticks
    ticks_from = since if with_ticks or not rows else rows[-1][0]
    ticks = PriceTick.objects.filter(**own, is_valid=True, at__gte=ticks_from)
    return sorted([*rows, *ticks.values_list("at", "price")])


def _roll_up_minutes(symbol: str, feed: str) -> None:
    ticks = PriceTick.objects.filter(asset=symbol, feed=feed, is_valid=True)
    bars_so_far = PriceBar.objects.filter(asset=symbol, feed=feed, interval=Interval.MINUTE)
    newest = bars_so_far.aggregate(at=Max("start"))["at"]
    if newest is not None:
        ticks = ticks.filter(at__gte=newest)
    rows = ticks.order_by("at").values_list("at", "price", "is_simulated")
    bars: dict[datetime, PriceBar] = {}
    for at, price, is_simulated in rows:
        point = flat_bar(symbol, feed, at, price)
        point.is_simulated = is_simulated
        _take(bars, point, Interval.MINUTE)
    _write(bars.values())


def _roll_up_days(symbol: str, feed: str) -> None:
    """Extend the newest day by the minutes from its last one on; taking one twice is harmless."""
    own = PriceBar.objects.filter(asset=symbol, feed=feed)
    minutes = own.filter(interval=Interval.MINUTE).order_by("start")
    newest = own.filter(interval=Interval.DAY).order_by("-start").first()
    if newest is None:
        _write(days_of(minutes.iterator(BATCH)))
    else:
        later = minutes.filter(start__gte=minute_of(newest.close_at))
        _write(days_of([newest, *later]))


def days_of(parts: Iterable[PriceBar]) -> list[PriceBar]:
    """Return the unsaved day bars of an asset's bars, which are in order."""
    days: dict[datetime, PriceBar] = {}
    for part in parts:
        _take(days, part, Interval.DAY)
    return list(days.values())


def _take(bars: dict[datetime, PriceBar], part: PriceBar, interval: Interval) -> None:
    """Extend the bar that a later part falls into; the first part opens it."""
    start = part.start if interval == Interval.MINUTE else day_of(part.start)
    bar = bars.get(start)
    if bar is None:
        bars[start] = PriceBar(
            asset_id=part.asset_id,
            feed=part.feed,
            interval=interval,
            start=start,
            **{name: getattr(part, name) for name in _FIGURES},
        )
        return
    bar.high = max(bar.high, part.high)
    bar.low = min(bar.low, part.low)
    bar.close, bar.close_at = part.close, part.close_at
    bar.is_simulated = bar.is_simulated or part.is_simulated


def _write(bars: Iterable[PriceBar]) -> None:
    PriceBar.objects.bulk_create(
        list(bars),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=_KEY,
        update_fields=_FIGURES,
    )
