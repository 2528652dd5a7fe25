"""The circuit breaker of one asset: which candidate price may be published. Pure.

Rulings, 3. All moments are on the clock of the asset's sources.

1. While tripped the last valid price stands; no candidate is published before the release.
2. A release takes the candidate as the new base: what the candidate is compared with starts anew.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum, StrEnum

WINDOW = timedelta(seconds=60)
TWAP_WINDOW = timedelta(minutes=5)
STABLE = timedelta(seconds=60)  # how long a single source must stay on a new level
_JUMP = Decimal("0.10")
_DRIFT = Decimal("0.20")
_AGREE = Decimal("0.02")
_LEVEL = Decimal("0.10")
_TRUSTED_COUNT = 3  # so many sources outvote a wrong one: no limit to the spread


class Reason(StrEnum):
    """Why a breaker is tripped."""

    JUMP = "jump"  # more than 10 % from an extreme of the last 60 s
    DRIFT = "drift"  # more than 20 % from the 5-minute TWAP
    SPREAD = "spread"  # two sources more than 2 % apart
    NO_SOURCE = "no_source"


class Decision(Enum):
    """What happens to the candidate: ACCEPT and RELEASE publish it, HOLD and TRIP do not."""

    ACCEPT = 1
    RELEASE = 2
    TRIP = 3
    HOLD = 4


@dataclass(frozen=True, slots=True)
class Run:
    """Candidates within 10 % of each other, one after the other, while tripped."""

    since: datetime
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class State:
    """`price` is the last valid one (None before the first); tripped while `reason` is set."""

    price: Decimal | None = None
    reason: Reason | None = None
    tripped_at: datetime | None = None
    released_at: datetime | None = None
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """How many sources the asset has, and the sorted prices of those that answer."""

    configured: int
    prices: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class References:
    """Published prices since the last release: extremes of 60 s, TWAP of 5 minutes."""

    low: Decimal | None = None
    high: Decimal | None = None
    twap: Decimal | None = None


def step(
    state: State,
    candidate: Decimal | None,
    sources: Sources,
    references: References,
    now: datetime,
    *,
    is_reset: bool = False,
) -> tuple[State, Decision]:
    """Return the next state and what becomes of the candidate.

    `is_reset` is the staff's word that the candidate is right; without a candidate it does nothing.
    """
    if state.reason is not None:
        return _while_tripped(state, candidate, sources, now, is_reset)
    if candidate is None and state.price is None:
        return state, Decision.HOLD  # never priced: nothing to protect
    reason = _why_trip(candidate, sources, references)
    if reason is None:
        return replace(state, price=candidate), Decision.ACCEPT
    run = None if candidate is None else Run(now, candidate, candidate)
    return replace(state, reason=reason, tripped_at=now, run=run), Decision.TRIP


def _while_tripped(
    state: State, candidate: Decimal | None, sources: Sources, now: datetime, is_reset: bool
) -> tuple[State, Decision]:
    if candidate is None:
        return replace(state, run=None), Decision.HOLD
    run = _extended(state.run, candidate, now)
    is_stable = sources.configured == 1 and now - run.since >= STABLE
    if is_reset or is_stable or _two_agree(candidate, sources.prices):
        return State(price=candidate, released_at=now), Decision.RELEASE
    return replace(state, run=run), Decision.HOLD


def _why_trip(candidate: Decimal | None, sources: Sources, references: References) -> Reason | None:
    if candidate is None:
        return Reason.NO_SOURCE
    prices = sources.prices
    if 2 <= len(prices) < _TRUSTED_COUNT and prices[-1] > prices[0] * (1 + _AGREE):
        return Reason.SPREAD
    if references.low is not None and candidate > references.low * (1 + _JUMP):
        return Reason.JUMP
    if references.high is not None and candidate < references.high * (1 - _JUMP):
        return Reason.JUMP
    twap = references.twap
    if twap is not None and abs(candidate - twap) > twap * _DRIFT:
        return Reason.DRIFT
    return None


def _extended(run: Run | None, candidate: Decimal, now: datetime) -> Run:
    """Return the run with one candidate more, or a new run if it left the level."""
    if run is not None:
        low, high = min(run.low, candidate), max(run.high, candidate)
        if high <= low * (1 + _LEVEL):
            return Run(run.since, low, high)
    return Run(now, candidate, candidate)


def _two_agree(candidate: Decimal, prices: tuple[Decimal, ...]) -> bool:
    """Tell whether two sources are within 2 % of each other and the candidate is with them."""
    return any(
        high <= low * (1 + _AGREE) and low * (1 - _AGREE) <= candidate <= high * (1 + _AGREE)
        for low, high in zip(prices, prices[1:], strict=False)
    )
