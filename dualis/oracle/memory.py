"""The oracle's memory, rebuilt from the database: what makes a restart go on where it stopped.

Reads quotes, ticks and bars; the first day of a replay is the one thing it writes.
"""

from collections.abc import Iterable
from datetime import datetime

from dualis.oracle import sources as feeds
from dualis.oracle.assets import START_PRICES
from dualis.oracle.breaker import Reason, Run, State
from dualis.oracle.history import BATCH, MINUTE, flat_bar, history_tick
from dualis.oracle.models import Interval, ManualPrice, PriceBar, PriceTick, Quote
from dualis.oracle.sources import Known, Replay, Source
from dualis.oracle.track import Track, day_limit
from dualis.oracle.windows import DAY, HOUR


def load_track(
    symbol: str, quote: Quote | None, sources: tuple[Source, ...], now: datetime
) -> Track:
    """Return the memory of an asset as the last tick left it, on the feed it has now."""
    track = Track(
        feed=feeds.feed_of(sources),
        configured=len(sources),
        max_age=max(source.max_age for source in sources),
    )
    if quote is not None and quote.feed == track.feed:
        track.state = _state(quote)
        track.candidate, track.candidate_at = quote.candidate, quote.candidate_at
    clock = sources[0].clock(now)
    day_from = clock - DAY - day_limit(track.max_age)
    bars = list(
        PriceBar.objects.filter(
            asset=symbol, feed=track.feed, interval=Interval.MINUTE, start__gte=day_from
        )
        .order_by("start")
        .values_list("start", "close_at", "close")
    )
    for _, close_at, close in bars:
        track.day.add(close_at, close)
    ticks_from = min(bars[-1][0] if bars else day_from, clock - HOUR - track.max_age)
    ticks = (
        PriceTick.objects.filter(asset=symbol, feed=track.feed, at__gte=ticks_from)
        .order_by("at")
        .values_list("at", "price", "is_valid")
    )
    barred_until = bars[-1][1] if bars else None
    for at, price, is_valid in ticks:
        track.sampled_at = at
        if is_valid:
            track.remember(at, price, is_in_day=barred_until is None or at > barred_until)
    return track


def last_known(symbols: Iterable[str], now: datetime) -> dict[str, Known]:
    """Return where the simulation of each asset stands: its last price, or the first one at `now`.

    An asset that has neither is left out.
    """
    found: dict[str, Known] = {}
    for symbol in symbols:
        own = {"asset": symbol, "feed": feeds.SIMULATED}
        tick = PriceTick.objects.filter(**own).order_by("-at").first()
        bar = PriceBar.objects.filter(**own).order_by("-close_at").first() if tick is None else None
        if tick is not None:
            found[symbol] = Known(tick.price, tick.at)
        elif bar is not None:
            found[symbol] = Known(bar.close, bar.close_at)
        elif symbol in START_PRICES:
            found[symbol] = Known(START_PRICES[symbol], now)
    return found


def entered_since(last_id: int) -> tuple[dict[str, Known], int]:
    """Return the newest manual price of each asset entered after `last_id`, and the last id."""
    found: dict[str, Known] = {}
    for entry in ManualPrice.objects.filter(id__gt=last_id).order_by("id"):
        found[entry.asset_id] = Known(entry.price, entry.entered_at, entry.is_simulated)
        last_id = entry.id
    return found, last_id


def begin_replay(replay: Replay, now: datetime) -> None:
    """Put the clock of a replay at its start and its first day into the record, minute by minute.

    Does nothing for a replay whose record is there; after a rollback it is not. The rows of an
    earlier replay go: their clock and this one's would mix.
    """
    recorded = PriceBar.objects.filter(feed=replay.name)
    if replay.begun_at is None:
        PriceTick.objects.filter(feed=replay.name).delete()
        recorded.delete()
        replay.begin(now)
    elif recorded.exists():
        return
    history = replay.history
    bars: list[PriceBar] = []
    ticks: list[PriceTick] = []
    for symbol in history.tracks:
        at = history.first
        while at < history.start:
            price = history.price_at(symbol, at)
            if price is not None:
                bars.append(flat_bar(symbol, replay.name, at, price))
                if at >= history.start - HOUR:
                    ticks.append(history_tick(symbol, replay.name, at, price))
            at += MINUTE
    PriceBar.objects.bulk_create(bars, batch_size=BATCH)
    PriceTick.objects.bulk_create(ticks, batch_size=BATCH)


def _state(quote: Quote) -> State:
    run = None
    if quote.run_since is not None and quote.run_low is not None and quote.run_high is not None:
        run = Run(quote.run_since, quote.run_low, quote.run_high)
    return State(
        price=quote.price,
        reason=Reason(quote.trip_reason) if quote.is_tripped else None,
        tripped_at=quote.tripped_at,
        released_at=quote.released_at,
        run=run,
    )
