"""The oracle's tick: sources -> one price per asset -> breaker -> averages -> published quotes.

1. The database is the truth and the memory a cache of it: a tick finds in the locked rows whether
   the memory is that of the last committed tick, and loads it anew if not. So a rollback, a restart
   and another engine's ticks leave no trace in it.
2. One transaction a tick, all assets together. Locks: the asset rows by symbol, before anything is
   written.
3. A quote that is stale or tripped stands still: it is announced when it changes, not every tick.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from dualis import errors
from dualis.bulk import save_all
from dualis.oracle import alerts, memory
from dualis.oracle.aggregate import Aggregate, SourceQuote, aggregate
from dualis.oracle.breaker import Decision
from dualis.oracle.models import Asset, FeedKind, PriceTick, Quote
from dualis.oracle.sources import Manual, Replay, Simulated, Source, open_replay
from dualis.oracle.track import Sample, Track
from dualis.oracle.windows import DAY


@dataclass(slots=True)
class _Memory:
    """What is known after the tick that wrote the quotes at `mark`."""

    mark: datetime | None
    listed: list[tuple[str, str, bool]]
    sources: list[Source]
    manual: Manual
    last_entry: int = 0  # id of the newest manual price taken
    tracks: dict[str, Track] = field(default_factory=dict)
    clocks: dict[str, Source] = field(default_factory=dict)


class Oracle:
    """Prices of all assets; one object per engine process.

    `sources` replaces the configured market sources (manual prices are always read). Raises
    ImproperlyConfigured if PRICE_SOURCE cannot be played.
    """

    def __init__(self, sources: Sequence[Source] | None = None) -> None:
        self._given = sources
        self._replay: Replay | None = None
        self._memory: _Memory | None = None
        if sources is None:
            market = _symbols(Asset.objects.all(), FeedKind.MARKET)
            self._replay = open_replay(settings.PRICE_SOURCE, market)

    def tick(self, now: datetime) -> None:
        """Publish the prices at `now` (wall clock, later than at the tick before)."""
        try:
            with transaction.atomic():
                self._tick(now)
        except BaseException:
            self._memory = None
            raise

    def _tick(self, now: datetime) -> None:
        assets = list(
            Asset.objects.select_for_update(no_key=True, of=("self",))
            .select_related("quote")
            .order_by("symbol")
        )
        known = self._recalled(assets, now)
        entered, known.last_entry = memory.entered_since(known.last_entry)
        known.manual.last |= entered
        quotes: dict[str, list[SourceQuote]] = {asset.symbol: [] for asset in assets}
        for source in known.sources:
            for quote in source.quotes(now):
                if quote.asset in quotes:
                    quotes[quote.asset].append(quote)
        tick = _Tick(known, now)
        for asset in assets:
            tick.take(asset, quotes[asset.symbol])
        known.mark = now if tick.write() else None

    def _recalled(self, assets: list[Asset], now: datetime) -> _Memory:
        """Return the memory if it is that of the last committed tick, else one loaded anew."""
        listed = [(asset.symbol, asset.feed_kind, asset.is_active) for asset in assets]
        written = [quote.updated_at for asset in assets if (quote := _quote(asset)) is not None]
        mark = max(written, default=None)
        known = self._memory
        if known is None or known.mark != mark or known.listed != listed:
            known = self._memory = self._loaded(assets, listed, mark, now)
        return known

    def _loaded(
        self,
        assets: list[Asset],
        listed: list[tuple[str, str, bool]],
        mark: datetime | None,
        now: datetime,
    ) -> _Memory:
        manual = Manual(frozenset(_symbols(assets, FeedKind.MANUAL)))
        sources: list[Source] = [
            manual,
            *self._market_sources(_symbols(assets, FeedKind.MARKET), now),
        ]
        known = _Memory(mark, listed, sources, manual)
        for asset in assets:
            own = tuple(s for s in sources if asset.is_active and asset.symbol in s.assets)
            if own:
                track = memory.load_track(asset.symbol, _quote(asset), own, now)
                known.tracks[asset.symbol] = track
                known.clocks[asset.symbol] = own[0]
        return known

    def _market_sources(self, symbols: list[str], now: datetime) -> list[Source]:
        if self._given is not None:
            return list(self._given)
        if self._replay is None:
            return [Simulated(memory.last_known(symbols, now))]
        memory.begin_replay(self._replay, now)
        rest = [symbol for symbol in symbols if symbol not in self._replay.assets]
        return [self._replay, Simulated(memory.last_known(rest, now))]


class _Tick:
    """One tick's results, asset by asset, and how they are written."""

    def __init__(self, known: _Memory, now: datetime) -> None:
        self._known = known
        self._now = now
        self._ticks: list[PriceTick] = []
        self._announced: list[Quote] = []
        self._silent: list[Quote] = []
        self._news: list[_News] = []

    def take(self, asset: Asset, quotes: list[SourceQuote]) -> None:
        """Work out the quote of one asset."""
        quote = _quote(asset)
        track = self._known.tracks.get(asset.symbol)
        if track is None:
            if quote is not None:
                self._stand_still(quote, [], is_stale=True)
            return
        source = self._known.clocks[asset.symbol]
        clock = source.clock(self._now)
        found = aggregate(quotes, clock)
        is_reset = quote is not None and quote.reset_requested_at is not None
        decision, sample = track.observe(found, clock, is_reset=is_reset)
        if found is not None and sample is not None:
            self._ticks.append(_recorded(asset, track, sample, found))
        names = [] if found is None else list(found.sources)
        if found is not None and decision in (Decision.ACCEPT, Decision.RELEASE):
            self._publish(asset, quote, track, found, clock, decision)
        elif quote is not None and quote.feed == track.feed:
            is_stale = clock - quote.source_at > track.max_age
            quote.spread = None if found is None else found.spread
            self._stand_still(quote, names, is_stale=is_stale, track=track, decision=decision)
        elif quote is not None:  # of another feed, and this one has no price yet
            self._stand_still(quote, names, is_stale=True)

    def write(self) -> bool:
        """Write ticks, quotes and what staff is told of them; tell whether there was any quote."""
        PriceTick.objects.bulk_create(self._ticks)
        quotes = [*self._announced, *self._silent]
        for quote in quotes:
            quote.updated_at = self._now
        # Notices first: nobody may lock a count of unread ones under the journal's lock.
        for news in self._news:
            news.tell(self._now)
        save_all(self._announced, silent=self._silent)
        return bool(quotes)

    def _publish(
        self,
        asset: Asset,
        quote: Quote | None,
        track: Track,
        found: Aggregate,
        clock: datetime,
        decision: Decision,
    ) -> None:
        """Give the quote the price that the breaker let pass."""
        is_new = quote is None or quote.feed != track.feed
        if quote is None:
            quote = Quote(asset=asset)
        source = self._known.clocks[asset.symbol]
        figures = track.figures(found.price, clock, source.recorded(asset.symbol, clock - DAY))
        names = list(found.sources)
        before = names if is_new else quote.sources
        quote.feed, quote.source_at = track.feed, found.at
        quote.price, quote.confidence = found.price, found.confidence
        quote.sources, quote.spread = names, found.spread
        quote.is_simulated = found.is_simulated
        quote.twap_5m, quote.twap_15m = figures.twap_5m, figures.twap_15m
        quote.twap_1h, quote.change_24h = figures.twap_1h, figures.change_24h
        quote.is_stale = False
        _store_breaker(quote, track)
        self._announced.append(quote)
        self._news.append(_News(quote, before, decision))

    def _stand_still(
        self,
        quote: Quote,
        names: list[str],
        *,
        is_stale: bool,
        track: Track | None = None,
        decision: Decision = Decision.HOLD,
    ) -> None:
        """Keep the last price of the quote; announce it if what is said of it changes."""
        row, before, was_stale = quote.to_dict(), quote.sources, quote.is_stale
        quote.sources, quote.is_stale = names, is_stale
        if track is not None:
            _store_breaker(quote, track)
        is_changed = row != quote.to_dict()
        (self._announced if is_changed else self._silent).append(quote)
        self._news.append(_News(quote, before, decision, became_stale=is_stale and not was_stale))


@dataclass(slots=True)
class _News:
    """What staff may have to be told of a quote; `before` are the sources of the tick before."""

    quote: Quote
    before: list[str]
    decision: Decision
    became_stale: bool = False

    def tell(self, now: datetime) -> None:
        alerts.sources_changed(self.quote, self.before, now=now)
        if self.decision is Decision.TRIP:
            alerts.breaker_tripped(self.quote, now=now)
        if self.decision is Decision.RELEASE:
            alerts.breaker_released(self.quote, now=now)
        if self.became_stale:
            alerts.price_stale(self.quote, now=now)


def current_quotes(assets: Collection[str] = ()) -> list[Quote]:
    """Return the quotes of the named assets, or of all, by symbol.

    An asset that was never priced has none. Raise NotFound for an unknown one.
    """
    if not assets:
        return list(Quote.objects.all())
    known = set(Asset.objects.filter(pk__in=assets).values_list("pk", flat=True))
    for symbol in assets:
        if symbol not in known:
            raise errors.NotFound(what="asset", id=symbol)
    return list(Quote.objects.filter(pk__in=assets))


def _symbols(assets: Iterable[Asset], kind: FeedKind) -> list[str]:
    return [asset.symbol for asset in assets if asset.is_active and asset.feed_kind == kind]


def _quote(asset: Asset) -> Quote | None:
    return getattr(asset, "quote", None)


def _recorded(asset: Asset, track: Track, sample: Sample, found: Aggregate) -> PriceTick:
    return PriceTick(
        asset=asset,
        feed=track.feed,
        at=sample.at,
        price=sample.price,
        is_valid=sample.is_valid,
        is_simulated=found.is_simulated,
    )


def _store_breaker(quote: Quote, track: Track) -> None:
    """Write the breaker into the quote, which is where a restart finds it; a reset is used up."""
    state = track.state
    quote.is_tripped = state.reason is not None
    quote.trip_reason = state.reason.value if state.reason else ""
    quote.tripped_at, quote.released_at = state.tripped_at, state.released_at
    run = state.run
    quote.run_since = run.since if run else None
    quote.run_low = run.low if run else None
    quote.run_high = run.high if run else None
    quote.candidate, quote.candidate_at = track.candidate, track.candidate_at
    quote.reset_requested_at, quote.reset_requested_by = None, ""
