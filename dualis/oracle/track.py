"""What the oracle remembers of one asset, and what a tick makes of it. Pure.

A track is a cache of recorded ticks: it can be rebuilt from them at any time.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from dualis.exact import EXACT, round_even
from dualis.oracle import breaker
from dualis.oracle.aggregate import Aggregate
from dualis.oracle.breaker import Decision, References, State
from dualis.oracle.windows import HOUR, DayRecord, Extremes, Series

CHANGE_PLACES = 4
_MINUTES_5 = timedelta(minutes=5)
_MINUTES_15 = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Sample:
    """A candidate worth recording; `at` is on the source's clock."""

    at: datetime
    price: Decimal
    is_valid: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What goes with a published price."""

    twap_5m: Decimal | None
    twap_15m: Decimal | None
    twap_1h: Decimal | None
    change_24h: Decimal | None


@dataclass(slots=True)
class Track:
    """The memory of one asset. `configured` is the number of its sources."""

    feed: str
    configured: int
    max_age: timedelta
    state: State = State()
    candidate: Decimal | None = None
    candidate_at: datetime | None = None
    sampled_at: datetime | None = None  # of the last recorded candidate
    series: Series = field(init=False)
    extremes: Extremes = field(init=False)
    day: DayRecord = field(init=False)

    def __post_init__(self) -> None:
        self.series = Series(self.max_age)
        self.extremes = Extremes(breaker.WINDOW, self.max_age)
        self.day = DayRecord(day_limit(self.max_age))

    def remember(self, at: datetime, price: Decimal, *, is_in_day: bool = True) -> None:
        """Take a valid price into all windows; `at` is later than any before.

        `is_in_day` is false for a price that the day's record already has.
        """
        self.series.add(at, price)
        if is_in_day:
            self.day.add(at, price)
        if self.state.released_at is None or at >= self.state.released_at:
            self.extremes.add(at, price)

    def observe(
        self, found: Aggregate | None, clock: datetime, *, is_reset: bool
    ) -> tuple[Decision, Sample | None]:
        """Decide on what the sources say at `clock`; return the sample to record, if it is news."""
        before = self.candidate, self.candidate_at
        self.candidate = None if found is None else found.price
        self.candidate_at = None if found is None else found.at
        sources = breaker.Sources(self.configured, () if found is None else found.prices)
        self.state, decision = breaker.step(
            self.state, self.candidate, sources, self._references(clock), clock, is_reset=is_reset
        )
        is_news = before != (self.candidate, self.candidate_at) or decision is Decision.RELEASE
        is_later = self.sampled_at is None or clock > self.sampled_at
        if decision is Decision.RELEASE:
            self.extremes.clear()
        if self.candidate is None or not is_news or not is_later:
            return decision, None
        sample = Sample(clock, self.candidate, decision in (Decision.ACCEPT, Decision.RELEASE))
        self.sampled_at = clock
        if sample.is_valid:
            self.remember(clock, self.candidate)
        return decision, sample

    def figures(self, price: Decimal, clock: datetime, recorded: Decimal | None) -> Figures:
        """Return the averages and the change of a price published at `clock`.

        `recorded` is the source's own price of 24 h before; without it the track's counts.
        """
        before = recorded if recorded is not None else self.day.day_before(clock)
        return Figures(
            twap_5m=self.series.twap(clock, _MINUTES_5),
            twap_15m=self.series.twap(clock, _MINUTES_15),
            twap_1h=self.series.twap(clock, HOUR),
            change_24h=None if before is None else change(price, before),
        )

    def _references(self, clock: datetime) -> References:
        seen = self.extremes.range(clock)
        low, high = seen if seen is not None else (None, None)
        twap = self.series.twap(clock, breaker.TWAP_WINDOW, since=self.state.released_at)
        return References(low, high, twap)


def day_limit(max_age: timedelta) -> timedelta:
    """Return how old a price may have been 24 h ago to count as the price then."""
    return max(max_age, HOUR)


def change(price: Decimal, before: Decimal) -> Decimal:
    """Return price / before - 1 as a fraction, half to even at 4 places (spec 1.3)."""
    return round_even(EXACT.divide(price, before) - 1, CHANGE_PLACES)
