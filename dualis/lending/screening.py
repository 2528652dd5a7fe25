"""All positions with debt as arrays: one pass a tick says where to look. Pure.

Floats choose, decimals decide: a position is a suspect if its health factor, give or take far more
than floats can err, lies in another zone than the stored one, or below the line of liquidation.

Knows amounts, weights and zones. Knows nothing of rows, pools, users or time.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from dualis.lending.risk import LIQUIDATABLE_BELOW, ZONES, Zone

SLACK = 1e-9  # relative; a sum of a few float products errs by about 1e-15
_LINES = np.array([float(lowest) for lowest, _ in ZONES])
_ORDER = {zone: place for place, zone in enumerate([z for _, z in ZONES] + [Zone.LIQUIDATABLE])}
_FIRST_ROOM = 1_024

Floats = NDArray[np.float64]


class Screen:
    """Positions by id; `assets` are the columns of collateral, `kinds` the debts' pool and tier."""

    def __init__(self, assets: Sequence[str], kinds: Sequence[tuple[str, str]]) -> None:
        self.assets = {asset: column for column, asset in enumerate(assets)}
        self.kinds = {kind: number for number, kind in enumerate(kinds)}
        self._slots: dict[str, int] = {}
        self._ids: list[str] = []
        self._held: Floats = np.zeros((_FIRST_ROOM, len(assets)))
        self._scaled: Floats = np.zeros(_FIRST_ROOM)
        self._kind: NDArray[np.int16] = np.zeros(_FIRST_ROOM, np.int16)
        self._zone: NDArray[np.int8] = np.zeros(_FIRST_ROOM, np.int8)

    def __len__(self) -> int:
        return len(self._ids)

    def put(
        self,
        position_id: str,
        held: Mapping[str, Decimal],
        scaled: Decimal,
        kind: tuple[str, str],
        zone: str,
    ) -> None:
        """Add a position, or take over what has changed of it."""
        slot = self._slots.get(position_id)
        if slot is None:
            slot = self._slots[position_id] = len(self._ids)
            self._ids.append(position_id)
            self._make_room(slot)
        self._held[slot] = 0.0
        for asset, amount in held.items():
            self._held[slot, self.assets[asset]] = float(amount)
        self._scaled[slot] = float(scaled)
        self._kind[slot] = self.kinds[kind]
        self._zone[slot] = _ORDER[Zone(zone)]

    def remove(self, position_id: str) -> None:
        """Forget a position; the last one takes its slot."""
        slot = self._slots.pop(position_id, None)
        if slot is None:
            return
        last = len(self._ids) - 1
        if slot != last:
            moved = self._ids[last]
            self._ids[slot] = moved
            self._slots[moved] = slot
            for column in (self._held, self._scaled, self._kind, self._zone):
                column[slot] = column[last]
        self._ids.pop()

    def suspects(
        self, weights: Mapping[str, Decimal], owed: Mapping[tuple[str, str], Decimal]
    ) -> list[str]:
        """Return the ids to look at exactly.

        `weights` are USD a unit of collateral counts for (price x threshold x haircut), `owed` USD
        a unit of scaled debt stands for (index x price). What has no weight counts for nothing.
        """
        count = len(self._ids)
        if not count:
            return []
        unit = np.array([float(weights.get(asset, 0)) for asset in self.assets])
        per_kind = np.array([float(owed.get(kind, 0)) for kind in self.kinds])
        weighted = self._held[:count] @ unit
        debt = self._scaled[:count] * per_kind[self._kind[:count]]
        with np.errstate(divide="ignore", invalid="ignore"):
            health = np.where(debt > 0, weighted / debt, np.inf)
        stored = self._zone[:count]
        is_suspect = (
            (_zones(health * (1 - SLACK)) != stored)
            | (_zones(health * (1 + SLACK)) != stored)
            | (health < float(LIQUIDATABLE_BELOW) * (1 + SLACK))
        )
        return [self._ids[slot] for slot in np.flatnonzero(is_suspect)]

    def _make_room(self, slot: int) -> None:
        if slot < len(self._scaled):
            return
        room = 2 * len(self._scaled)
        self._held = np.resize(self._held, (room, len(self.assets)))
        self._scaled = np.resize(self._scaled, room)
        self._kind = np.resize(self._kind, room)
        self._zone = np.resize(self._zone, room)


def _zones(health: Floats) -> NDArray[np.intp]:
    """Return the place of each zone, from safe (0) to liquidatable."""
    return len(_LINES) - np.searchsorted(_LINES[::-1], health, side="right")
