"""The protocol's health score (spec 9): six figures, the points each is worth, one number. Pure.

1. A figure that nobody measured has no points, and its weight is left out: the score is the share
   of the points that the measured ones could have, of 100.
2. A moment speaks for the oracle until the next one, for ten minutes at most: what nobody looked
   at for longer was down.

Knows numbers. Knows no rows, and nothing of how a figure is measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from dualis.exact import EXACT, ZERO, round_even

RATIO_PLACES = 6
UPTIME_PLACES = 4  # a step that comes a second late is no outage
SPEAKS = timedelta(minutes=10)  # two of the engine's intervals
# Health factors, from above; a bucket has its upper bound and not its lower one.
BUCKETS = (">2.0", "1.5-2.0", "1.2-1.5", "1.0-1.2", "<=1.0")
_BOUNDS = (2.0, 1.5, 1.2, 1.0)
_RATINGS = ((90, "excellent"), (70, "good"), (50, "fair"), (0, "poor"))
_WHOLE = Decimal(100)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Part:
    """One figure of the score; `value` and `points` are None if nobody measured it."""

    value: Decimal | None
    points: Decimal | None
    weight: int


@dataclass(frozen=True, slots=True)
class Score:
    """`value` of 0 to 100 and its rating rest on `weight` of 100; None if nothing was measured."""

    value: int | None
    rating: str | None
    weight: int
    parts: dict[str, Part]


def _of_bad_debt(ratio: Decimal) -> Decimal:
    return max(ZERO, EXACT.subtract(Decimal(20), EXACT.multiply(Decimal(2000), ratio)))


def _of_reserves(coverage: Decimal) -> Decimal:
    return min(Decimal(20), EXACT.multiply(Decimal(400), coverage))


def _of_health(average: Decimal) -> Decimal:
    steps = (("2", 20), ("1.5", 15), ("1.2", 10))
    return Decimal(next((points for above, points in steps if average > Decimal(above)), 5))


def _of_share(share: Decimal) -> Decimal:
    return EXACT.multiply(Decimal(15), share)


def _of_concentration(share: Decimal) -> Decimal:
    return max(ZERO, EXACT.subtract(Decimal(10), EXACT.multiply(Decimal(20), share)))


# figure -> its weight, and its points
FIGURES: dict[str, tuple[int, Callable[[Decimal], Decimal]]] = {
    "badDebtRatio": (20, _of_bad_debt),
    "reserveCoverage": (20, _of_reserves),
    "averageHealthFactor": (20, _of_health),
    "liquidationEfficiency": (15, _of_share),
    "oracleUptime": (15, _of_share),
    "concentration": (10, _of_concentration),
}


def score(figures: Mapping[str, Decimal | None]) -> Score:
    """Return the score of these figures; every name of FIGURES is there, None if not measured."""
    parts = {}
    points, weight = ZERO, 0
    for name, (most, worth) in FIGURES.items():
        value = figures[name]
        part = Part(value, None if value is None else worth(value), most)
        parts[name] = part
        if part.points is not None:
            points, weight = EXACT.add(points, part.points), weight + most
    if not weight:
        return Score(None, None, 0, parts)
    share = EXACT.divide(EXACT.multiply(points, _WHOLE), Decimal(weight))
    found = int(round_even(share, 0))
    rating = next(name for least, name in _RATINGS if found >= least)
    return Score(found, rating, weight, parts)


def bucket(health: float) -> int:
    """Return the index in BUCKETS of a health factor."""
    return next((i for i, above in enumerate(_BOUNDS) if health > above), len(_BOUNDS))


def uptime(
    moments: Sequence[tuple[datetime, Decimal]], since: datetime, now: datetime
) -> Decimal | None:
    """Return how much of the time from `since` to `now` prices were live; None of no time.

    `moments` are (when, the share that was live then), in order of time; they may begin earlier.
    """
    if since >= now:
        return None
    live = ZERO
    for (at, share), (following, _) in pairwise([*moments, (now, ZERO)]):
        begin, end = max(at, since), min(following, at + SPEAKS)
        if end > begin:
            live = EXACT.fma(share, Decimal((end - begin) // _MICROSECOND), live)
    whole = Decimal((now - since) // _MICROSECOND)
    return round_even(EXACT.divide(live, whole), UPTIME_PLACES)


def ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return part / whole at 6 places, half to even; None of nothing."""
    return round_even(EXACT.divide(part, whole), RATIO_PLACES) if whole else None
