"""Where prices come from: the interface, its three implementations, and the setting that chooses.

A source answers with the newest quote it has of each asset, however old: dropping what is too old
is the aggregation's decision.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from dualis.oracle import replay, walk
from dualis.oracle.aggregate import MAX_AGE, SourceQuote
from dualis.oracle.models import MANUAL_VALID

log = logging.getLogger(__name__)

SIMULATED, MANUAL, REPLAY = "simulated", "manual", "replay"
# spec 3: an internal source 0.90, a venue's recorded prices 0.95, an entered net asset value 0.99
CONFIDENCE = {SIMULATED: Decimal("0.90"), REPLAY: Decimal("0.95"), MANUAL: Decimal("0.99")}
SEED = 20_260_228
_PAST_END = timedelta(days=2)  # the clock of a replay stops so long after its last row


class Source(Protocol):
    """A provider of prices with a clock of its own."""

    name: str
    is_simulated: bool
    confidence: Decimal
    max_age: timedelta

    @property
    def assets(self) -> Collection[str]:
        """The symbols this source prices."""

    def clock(self, now: datetime) -> datetime:
        """Return the source's time at `now`; it never goes back."""

    def quotes(self, now: datetime) -> list[SourceQuote]:
        """Return the newest quote of each asset that has one."""

    def recorded(self, asset: str, at: datetime) -> Decimal | None:
        """Return the price at an earlier source time, if the source itself keeps a record."""


@dataclass(slots=True)
class Known:
    """A price and the moment it is of."""

    price: Decimal
    at: datetime
    is_simulated: bool = False


@dataclass(slots=True)
class Simulated:
    """The seeded walk, going on from the last known price of each asset."""

    last: dict[str, Known]
    seed: int = SEED
    name: str = SIMULATED
    is_simulated: bool = True
    confidence: Decimal = CONFIDENCE[SIMULATED]
    max_age: timedelta = MAX_AGE

    @property
    def assets(self) -> Collection[str]:
        return self.last.keys()

    def clock(self, now: datetime) -> datetime:
        return now

    def quotes(self, now: datetime) -> list[SourceQuote]:
        for symbol, known in self.last.items():
            since, until = int(known.at.timestamp()), int(now.timestamp())
            price = walk.forward(symbol, known.price, since, until, self.seed)
            self.last[symbol] = Known(price, now)
        return _quotes(self, self.last)

    def recorded(self, asset: str, at: datetime) -> Decimal | None:
        return None


@dataclass(slots=True)
class Manual:
    """Net asset values by staff. The engine hands in what was entered since the last tick."""

    symbols: frozenset[str]
    last: dict[str, Known] = field(default_factory=dict)
    name: str = MANUAL
    is_simulated: bool = False
    confidence: Decimal = CONFIDENCE[MANUAL]
    max_age: timedelta = MANUAL_VALID

    @property
    def assets(self) -> Collection[str]:
        return self.symbols

    def clock(self, now: datetime) -> datetime:
        return now

    def quotes(self, now: datetime) -> list[SourceQuote]:
        # An entry of an asset that has gone back to the market counts no more.
        return _quotes(self, {s: known for s, known in self.last.items() if s in self.symbols})

    def recorded(self, asset: str, at: datetime) -> Decimal | None:
        return None


@dataclass(slots=True)
class Replay:
    """A recorded history, played from its first day's end at the moment `begin` is called."""

    history: replay.History
    speed: float
    begun_at: datetime | None = None
    name: str = REPLAY
    is_simulated: bool = True
    confidence: Decimal = CONFIDENCE[REPLAY]
    max_age: timedelta = MAX_AGE

    @property
    def assets(self) -> Collection[str]:
        return self.history.tracks.keys()

    def begin(self, now: datetime) -> None:
        """Start to play; the clock is at the history's start at `now`."""
        self.begun_at = now

    def clock(self, now: datetime) -> datetime:
        assert self.begun_at is not None, "the engine begins a replay before it asks it anything"
        end = self.history.last + _PAST_END
        passed = (now - self.begun_at).total_seconds() * self.speed
        if passed >= (end - self.history.start).total_seconds():
            return end
        return self.history.start + timedelta(seconds=max(0.0, passed))

    def quotes(self, now: datetime) -> list[SourceQuote]:
        clock = self.clock(now)
        found: dict[str, Known] = {}
        for asset in self.history.tracks:
            at = min(clock, self.history.end_of(asset))
            price = self.history.price_at(asset, at)
            if price is not None:
                found[asset] = Known(price, at)
        return _quotes(self, found)

    def recorded(self, asset: str, at: datetime) -> Decimal | None:
        return self.history.price_at(asset, at)


def _quotes(source: Source, known: Mapping[str, Known]) -> list[SourceQuote]:
    return [
        SourceQuote(
            asset=asset,
            price=one.price,
            at=one.at,
            source=source.name,
            confidence=source.confidence,
            is_simulated=source.is_simulated or one.is_simulated,
            max_age=source.max_age,
        )
        for asset, one in known.items()
    ]


def feed_of(sources: Iterable[Source]) -> str:
    """Return the name of a set of sources: its history and its clock are filed under it."""
    return "+".join(sorted(source.name for source in sources))


def replay_spec(price_source: str) -> replay.Spec | None:
    """Read the setting PRICE_SOURCE: None for simulated; raise ImproperlyConfigured."""
    kind, _, rest = price_source.partition(":")
    if price_source == SIMULATED:
        return None
    if kind != REPLAY:
        raise ImproperlyConfigured(
            f"PRICE_SOURCE is {price_source!r}; "
            "it is simulated or replay:FILE[?speed=N&column=NAME]"
        )
    try:
        spec = replay.parse_spec(rest)
    except replay.ReplayError as error:
        raise _misconfigured(price_source, error) from error
    if not _file(spec).is_file():
        raise _misconfigured(price_source, f"there is no file {_file(spec)}")
    return spec


def open_replay(price_source: str, known: Collection[str]) -> Replay | None:
    """Read the recorded prices of the known assets; None when the setting is simulated."""
    spec = replay_spec(price_source)
    if spec is None:
        return None
    try:
        with _file(spec).open(encoding="utf-8-sig", newline="") as lines:
            history = replay.parse(lines, column=spec.column, known=known)
    except (replay.ReplayError, OSError, UnicodeDecodeError) as error:
        raise _misconfigured(price_source, error) from error
    if history.ignored:
        log.info("replay of %s: unknown assets ignored: %s", spec.path, ", ".join(history.ignored))
    return Replay(history, spec.speed)


def _file(spec: replay.Spec) -> Path:
    """Return the file of a replay; a relative path starts at the project's folder."""
    return Path(settings.BASE_DIR) / spec.path


def _misconfigured(price_source: str, why: object) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"PRICE_SOURCE is {price_source!r}: {why}")
