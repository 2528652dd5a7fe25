"""A price over time, on the clock of its source: averages and extremes of the last minutes.

Knows samples and moments. Knows nothing of rows, breakers or the wall clock.

1. A sample is in force from its moment until the next sample, at most for `hold`: a price older
   than the staleness limit weighs nothing, so an hour of history per second is judged as an hour.
2. Samples are added in order of time; all sums are integers, so nothing drifts.
"""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from dualis.oracle.aggregate import PRICE_PLACES

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000
_SLACK = 1024  # samples out of reach that are kept before they are dropped together


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _units(price: Decimal) -> int:
    return int(price.scaleb(PRICE_PLACES))


class Series:
    """The samples of the last `keep` with prefix sums; an average costs two binary searches."""

    def __init__(self, hold: timedelta, keep: timedelta = HOUR) -> None:
        self._hold = hold // _MICROSECOND
        self._keep = keep // _MICROSECOND
        self._at: list[int] = []
        self._price: list[int] = []
        self._weight: list[int] = []  # microseconds in force before this sample
        self._area: list[int] = []  # sum of price x microseconds before this sample

    def __len__(self) -> int:
        return len(self._at)

    def is_newer(self, at: datetime) -> bool:
        """Tell whether a sample at this moment would come after all others."""
        return not self._at or _micros(at) > self._at[-1]

    def add(self, at: datetime, price: Decimal) -> None:
        """Append a sample; raise ValueError unless it is later than the last."""
        moment = _micros(at)
        if self._at and moment <= self._at[-1]:
            raise ValueError(f"sample at {at} does not come after the last one")
        weight, area = self._sums(moment)
        self._at.append(moment)
        self._price.append(_units(price))
        self._weight.append(weight)
        self._area.append(area)
        self._trim(moment)

    def twap(
        self, now: datetime, window: timedelta, since: datetime | None = None
    ) -> Decimal | None:
        """Return the time-weighted average price of the window before `now`.

        Half to even at 8 places. `since` cuts the window; `window` is at most `keep`. A sample that
        has just arrived has no weight yet: alone it is the average. None if nothing was in force.
        """
        end = _micros(now)
        start = end - window // _MICROSECOND
        if since is not None:
            start = max(start, _micros(since))
        weight_end, area_end = self._sums(end)
        weight_start, area_start = self._sums(start)
        weight = weight_end - weight_start
        if weight > 0:
            units = round(Fraction(area_end - area_start, weight))  # half to even
        elif self._at and self._at[-1] == end:
            units = self._price[-1]
        else:
            return None
        return Decimal(units).scaleb(-PRICE_PLACES)

    def _sums(self, moment: int) -> tuple[int, int]:
        """Return the weight and the area of everything in force before the moment."""
        index = bisect_right(self._at, moment) - 1
        if index < 0:
            return 0, 0
        held = min(moment - self._at[index], self._hold)
        return self._weight[index] + held, self._area[index] + self._price[index] * held

    def _trim(self, now: int) -> None:
        """Drop what no window reaches, but for the sample in force where the longest one starts."""
        if len(self._at) <= _SLACK or self._at[_SLACK] > now - self._keep:
            return
        first = bisect_right(self._at, now - self._keep) - 1
        for column in (self._at, self._price, self._weight, self._area):
            del column[:first]


@dataclass(slots=True)
class _Held:
    price: Decimal
    until: int  # end of its time in force


class Extremes:
    """Lowest and highest price in force at some moment of the last `window`; amortised O(1)."""

    def __init__(self, window: timedelta, hold: timedelta) -> None:
        self._window = window // _MICROSECOND
        self._hold = hold // _MICROSECOND
        self._low: deque[_Held] = deque()
        self._high: deque[_Held] = deque()

    def clear(self) -> None:
        """Forget everything: the next sample is the first."""
        self._low.clear()
        self._high.clear()

    def add(self, at: datetime, price: Decimal) -> None:
        """Append a sample that is later than the last."""
        moment = _micros(at)
        for held in (self._low, self._high):
            if held:  # the last entry is the last sample: its time ends here
                held[-1].until = min(held[-1].until, moment)
            self._drop(held, moment)
        while self._low and self._low[-1].price >= price:
            self._low.pop()
        while self._high and self._high[-1].price <= price:
            self._high.pop()
        self._low.append(_Held(price, moment + self._hold))
        self._high.append(_Held(price, moment + self._hold))

    def range(self, now: datetime) -> tuple[Decimal, Decimal] | None:
        """Return (lowest, highest) of the window before `now`, None if nothing was in force.

        `now` does not go back between calls.
        """
        moment = _micros(now)
        self._drop(self._low, moment)
        self._drop(self._high, moment)
        return (self._low[0].price, self._high[0].price) if self._low else None

    def _drop(self, held: deque[_Held], now: int) -> None:
        while held and held[0].until <= now - self._window:
            held.popleft()


class DayRecord:
    """One price a minute over a day, to know what was in force 24 h ago.

    Of each minute the last sample counts, with its own moment; one older than `limit` at that
    time was not in force.
    """

    def __init__(self, limit: timedelta) -> None:
        self._limit = limit // _MICROSECOND
        self._samples: deque[tuple[int, Decimal]] = deque()

    def add(self, at: datetime, price: Decimal) -> None:
        """Append a sample; it takes the place of an earlier one of the same minute."""
        moment = _micros(at)
        if self._samples and self._samples[-1][0] // _MINUTE == moment // _MINUTE:
            self._samples.pop()
        self._samples.append((moment, price))

    def day_before(self, now: datetime) -> Decimal | None:
        """Return the price in force 24 h before `now`, which does not go back between calls."""
        target = _micros(now - DAY)
        while len(self._samples) > 1 and self._samples[1][0] <= target:
            self._samples.popleft()
        if not self._samples:
            return None
        moment, price = self._samples[0]
        return price if target - self._limit <= moment <= target else None
