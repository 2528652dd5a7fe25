"""The positions of users with alert thresholds of their own: the engine's memory, and the look.

1. Such thresholds notify and do nothing else (rulings, 14): a fall below one need not change the
   zone. So each of these positions has a standing, its zone by its user's lines.
2. Floats choose, decimals decide: as in the screen, and under the lock of the standing's row, so
   that two engines queue a fall once.
3. A position that is seen for the first time, or whose user moved his lines, counts as fallen from
   safety if it is not safe: who asks to be told below 2.0 and stands at 1.8 is told.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from dualis.apart import Apart
from dualis.lending import figures, health_levels, risk
from dualis.lending.alert_models import HealthAlert, OwnStanding, Told
from dualis.lending.health_levels import DEFAULT_LINES, ORDER, Lines, lines_of
from dualis.lending.models import BorrowPosition
from dualis.lending.risk import Zone
from dualis.lending.screening import SLACK
from dualis.lending.view import View
from dualis.lending.watch import Watch
from dualis.notifications import preferences

CHUNK = 500  # positions judged, or read, in one transaction
OVERLAP = timedelta(minutes=1)  # a choice may be committed this long after the moment it carries


class OwnLines:
    """Which positions to look at exactly. One object per engine process, beside its watch."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._lines: dict[str, Lines] = {}  # by user
        self._owner: dict[str, str] = {}  # of each open position of these users
        self._standing: dict[str, int] = {}  # by position: place in ORDER; 0 if it is not in here
        self._changed: set[str] = set()
        self._read_at: datetime | None = None
        self._columns: tuple[list[str], NDArray[np.float64]] | None = None

    def __len__(self) -> int:
        return len(self._owner)

    def take(self, changed: Collection[str] | None) -> None:
        """Note positions to be read again; None: all of them."""
        if changed is None:
            self._read_at = None
        else:
            self._changed.update(changed)

    def look(self, now: datetime, time_left: Callable[[], float]) -> None:
        """Queue the falls below lines of users' own since the last look; at least one chunk.

        When the time is over the rest waits for the next look.
        """
        self._read(now)
        ids, lines = self._arrays()
        found = self._watch.healths(ids, now)[:, None]
        stored = np.array([self._standing.get(position_id, 0) for position_id in ids], np.intp)
        moved = ((found * (1 - SLACK) < lines).sum(1) != stored) | (
            (found * (1 + SLACK) < lines).sum(1) != stored
        )
        moved &= ~np.isnan(found[:, 0])
        wanted = [ids[place] for place in np.flatnonzero(moved)]

        def act(some: Sequence[str]) -> None:
            judge({name: self._lines[self._owner[name]] for name in some}, now)

        with Apart("the look at users' own thresholds") as apart:
            for chunk in _chunks(wanted):
                apart.act(act, chunk)
                self._standing |= _standings(chunk)
                if time_left() <= 0:
                    return

    def _read(self, now: datetime) -> None:
        """Take over what users chose and what became of positions since the last look."""
        is_all = self._read_at is None
        if is_all:
            self._lines, self._owner, self._columns = {}, {}, None
            self._changed.clear()
        since = None if self._read_at is None else self._read_at - OVERLAP
        for user_id, choices in preferences.since(since).items():
            self._take_lines(user_id, lines_of(choices))
        if is_all:
            self._standing = _standings()
            self._forget(sorted(self._standing.keys() - self._owner.keys()))
        if self._lines:
            for chunk in _chunks(sorted(self._changed)):
                self._take_positions(chunk)
        self._changed.clear()
        self._read_at = now

    def _take_lines(self, user_id: str, lines: Lines) -> None:
        before = self._lines.get(user_id, DEFAULT_LINES)
        if lines == before:
            return
        self._columns = None
        if lines == DEFAULT_LINES:
            del self._lines[user_id]
            self._forget([found for found, owner in self._owner.items() if owner == user_id])
            return
        self._lines[user_id] = lines
        if before == DEFAULT_LINES:
            rows = BorrowPosition.objects.filter(user_id=user_id, closed_at=None)
            self._owner |= dict.fromkeys(rows.values_list("id", flat=True), user_id)

    def _take_positions(self, changed: Sequence[str]) -> None:
        rows = BorrowPosition.objects.filter(id__in=changed)
        for position_id, user_id, closed_at in rows.values_list("id", "user_id", "closed_at"):
            if user_id not in self._lines:
                continue
            self._columns = None
            if closed_at is None:
                self._owner[position_id] = user_id
            else:
                self._forget([position_id])

    def _forget(self, ids: Sequence[str]) -> None:
        for position_id in ids:
            self._owner.pop(position_id, None)
            self._standing.pop(position_id, None)
        OwnStanding.objects.filter(position_id__in=ids).delete()

    def _arrays(self) -> tuple[list[str], NDArray[np.float64]]:
        """Return the ids of all positions and the lines of each."""
        if self._columns is None:
            ids = sorted(self._owner)
            lines = [[float(line) for line in self._lines[self._owner[name]]] for name in ids]
            self._columns = ids, np.array(lines).reshape(len(ids), len(DEFAULT_LINES))
        return self._columns


@transaction.atomic
def judge(lines: Mapping[str, Lines], now: datetime) -> None:
    """Write the standings of these open positions by these lines, and queue what fell.

    Locks the standings in the order of the positions' ids.
    """
    rows = _lock(lines)
    view = View.read(now).still()
    fallen, moved = [], []
    for position in BorrowPosition.objects.filter(id__in=rows, closed_at=None):
        row = rows[position.id]
        health = risk.health(figures.risk_position(position, view))
        after = health_levels.standing_of(health, lines[position.id])
        if after.value == row.zone:
            continue
        if health_levels.is_worse(Zone(row.zone), after):
            fallen.append(
                Told(
                    position.user_id,
                    position.id,
                    position.pool_id,
                    risk.health_factor_down(health),
                    after.value,
                )
            )
        row.zone = after.value
        moved.append(row)
    OwnStanding.objects.bulk_update(moved, ["zone"])
    HealthAlert.queue(fallen, now, is_own=True)


def _standings(ids: Sequence[str] | None = None) -> dict[str, int]:
    """Return the places in ORDER that are written of these positions; None: of all."""
    rows = OwnStanding.objects.all()
    if ids is not None:
        rows = rows.filter(position_id__in=ids)
    return {
        position_id: ORDER.index(Zone(zone))
        for position_id, zone in rows.values_list("position_id", "zone")
    }


def _lock(ids: Iterable[str]) -> dict[str, OwnStanding]:
    """Lock the standings of these positions; make those that are missing, as safe."""
    wanted = sorted(ids)
    OwnStanding.objects.bulk_create(
        [OwnStanding(position_id=position_id, zone=Zone.SAFE.value) for position_id in wanted],
        ignore_conflicts=True,
    )
    rows = OwnStanding.objects.select_for_update(no_key=True).filter(position_id__in=wanted)
    return {row.position_id: row for row in rows.order_by("position_id")}


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
