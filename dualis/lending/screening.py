"""All positions with debt as arrays: one pass a tick says where to look. Pure.

1. Floats choose, decimals decide: a position is a suspect if its health factor, give or take far
   more than floats can err, lies in another zone than the stored one, or below the line of
   liquidation where an auction may open.
2. What cannot be read here (an unknown asset, kind or zone) makes a suspect: the exact look says
   what is wrong with it.

Knows amounts, weights, zones and which assets are frozen. Knows nothing of rows, users or time.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualis.lending.auction import GRACE_DOWN_TO
from dualis.lending.risk import LIQUIDATABLE_BELOW, ZONES, Zone

ID_LENGTH = 32
SLACK = 1e-9  # relative; a sum of a few float products errs by about 1e-15
_LINES = np.array([float(lowest) for lowest, _ in ZONES])
_ORDER = {zone.value: n for n, zone in enumerate([*(z for _, z in ZONES), Zone.LIQUIDATABLE])}
_SAFE, _UNREADABLE = 0, -1
_GONE = -1  # the kind of a removed position that still has its slot
_ROOM = 1_024  # slots for new positions; with many positions a share of them
_ROOM_SHARE = 32
_BLOCK = 16_384  # positions of a pass whose figures stay in the cache together

Floats = NDArray[np.float64]
Slots = NDArray[np.intp]
Kind = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Tracked:
    """What the screen keeps of a position; amounts are decimals or their exact texts.

    `kind` are the debt's asset and credit tier.
    """

    id: str
    held: Mapping[str, Decimal | str]
    scaled: Decimal
    kind: Kind
    zone: str


@dataclass(frozen=True, slots=True)
class Suspects:
    """The ids to look at exactly, in the order of their debts' kinds.

    `crossed` may lie in another zone; `below` may be in need of an auction. Many are in both.
    """

    crossed: Sequence[str] = ()
    below: Sequence[str] = ()


class Screen:
    """Positions by id; `assets` are the columns of collateral.

    Slots up to `_sorted` are in the order of their ids and found by bisection; those after it are
    new and found in a dict. When new and removed ones have grown many, all are sorted again.
    """

    def __init__(self, assets: Sequence[str], kinds: Sequence[Kind]) -> None:
        self.assets = {asset: column for column, asset in enumerate(assets)}
        self.kinds = {kind: number for number, kind in enumerate(kinds)}
        self._new: dict[str, int] = {}
        self._sorted = self._used = self._gone = 0
        self._ids: NDArray[np.bytes_] = np.zeros(_ROOM, f"S{ID_LENGTH}")
        self._held: Floats = np.zeros((_ROOM, len(assets)))
        self._scaled: Floats = np.zeros(_ROOM)
        self._kind: NDArray[np.int16] = np.zeros(_ROOM, np.int16)
        self._zone: NDArray[np.int8] = np.zeros(_ROOM, np.int8)

    def __len__(self) -> int:
        return self._used - self._gone

    def load(self, positions: Iterable[Tracked]) -> None:
        """Add positions of which none is known yet, with one sort at the end."""
        for position in positions:
            if self._used == len(self._ids):
                self._resize(2 * self._used)
            self._write(self._append(position.id), position)
        self._sort()

    def put(self, position: Tracked) -> None:
        """Add a position, or take over what has changed of it."""
        slot = self._find(position.id)
        if slot is None:
            if self._used == len(self._ids):
                self._sort()
            slot = self._new[position.id] = self._append(position.id)
        elif self._kind[slot] == _GONE:
            self._gone -= 1
        self._write(slot, position)

    def remove(self, position_id: str) -> None:
        """Forget a position; its slot is used again after the next sort."""
        slot = self._find(position_id)
        if slot is None or self._kind[slot] == _GONE:
            return
        self._held[slot] = self._scaled[slot] = 0.0
        self._kind[slot], self._zone[slot] = _GONE, _SAFE
        self._gone += 1
        if self._gone > _room(self._used):
            self._sort()

    def suspects(
        self,
        weights: Mapping[str, Decimal],
        owed: Mapping[Kind, Decimal],
        *,
        frozen: Collection[str] = (),
        graced: Collection[str] = (),
    ) -> Suspects:
        """Return which positions to look at exactly.

        `weights` are USD a unit of collateral counts for (price x threshold x haircut), `owed` USD
        a unit of scaled debt stands for (index x price). What has no weight counts for nothing.
        `frozen` assets cannot be sold or repaid now; `graced` ones came back a short while ago.
        """
        unit, per_kind = self._units(weights, owed)
        if not self._used:
            return Suspects()
        blocks = [self._block(start, unit, per_kind) for start in range(0, self._used, _BLOCK)]
        slots, health, has_crossed, is_below = map(np.concatenate, zip(*blocks, strict=True))
        may_open = is_below & self._may_open(slots, health, frozen, graced)
        return Suspects(self._names(slots[has_crossed]), self._names(slots[may_open]))

    def healths(
        self,
        ids: Sequence[str],
        weights: Mapping[str, Decimal],
        owed: Mapping[Kind, Decimal],
    ) -> Floats:
        """Return the health of each of these positions, give or take SLACK; as for `suspects`.

        Infinite without debt, 0 for what cannot be read, NaN for a position that is not here.
        """
        unit, per_kind = self._units(weights, owed)
        slots = self._find_all(ids)
        is_here = (slots >= 0) & (self._kind[slots] != _GONE)
        with np.errstate(divide="ignore", invalid="ignore"):
            debt = self._scaled[slots] * per_kind[self._kind[slots]]
            health = np.where(debt > 0, (self._held[slots] @ unit) / debt, np.inf)
        health[self._zone[slots] == _UNREADABLE] = 0.0
        health[~is_here] = np.nan
        return health

    def _units(
        self, weights: Mapping[str, Decimal], owed: Mapping[Kind, Decimal]
    ) -> tuple[Floats, Floats]:
        """Return USD a unit of each asset counts for, and a unit of scaled debt of each kind."""
        unit = np.array([float(weights.get(asset, 0)) for asset in self.assets])
        # an unknown kind owes without end, a position that is gone nothing
        return unit, np.array([*(float(owed.get(kind, 0)) for kind in self.kinds), np.inf, 0])

    def _block(
        self, start: int, unit: Floats, per_kind: Floats
    ) -> tuple[Slots, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return slots of one block, their health, and whether they crossed or are below 0.95."""
        block = slice(start, min(start + _BLOCK, self._used))
        weighted = self._held[block] @ unit
        with np.errstate(divide="ignore", invalid="ignore"):
            debt = self._scaled[block] * per_kind[self._kind[block]]
            health = np.where(debt > 0, weighted / debt, np.inf)
        stored = self._zone[block]
        has_crossed = (_zones(health * (1 - SLACK)) != stored) | (
            _zones(health * (1 + SLACK)) != stored
        )
        is_below = health < float(LIQUIDATABLE_BELOW) * (1 + SLACK)
        found = np.flatnonzero(has_crossed | is_below)
        return start + found, health[found], has_crossed[found], is_below[found]

    def _may_open(
        self, slots: Slots, health: Floats, frozen: Collection[str], graced: Collection[str]
    ) -> NDArray[np.bool_]:
        """Tell for which of these an auction is possible; `auction.tier_to_open` decides.

        It is not if the debt or all collateral is frozen, nor in the grace after an outage.
        """
        is_live = self._any_held(slots, self.assets.keys() - set(frozen))
        is_live &= ~self._has_debt_in(slots, frozen)
        is_graced = self._any_held(slots, graced) | self._has_debt_in(slots, graced)
        is_graced &= health > float(GRACE_DOWN_TO) * (1 + SLACK)
        return is_live & ~is_graced

    def _any_held(self, slots: Slots, assets: Iterable[str]) -> NDArray[np.bool_]:
        columns = np.array([self.assets[a] for a in assets if a in self.assets], np.intp)
        return np.asarray(self._held[np.ix_(slots, columns)].any(axis=1))

    def _has_debt_in(self, slots: Slots, assets: Collection[str]) -> NDArray[np.bool_]:
        kinds = [number for (asset, _), number in self.kinds.items() if asset in assets]
        return np.isin(self._kind[slots], kinds)

    def _names(self, slots: Slots) -> list[str]:
        """Return the ids by kind of debt: who locks them in this order locks few pools at once."""
        slots = slots[np.argsort(self._kind[slots], kind="stable")]
        names: list[str] = self._ids[slots].astype(f"U{ID_LENGTH}").tolist()
        return names

    def _find(self, position_id: str) -> int | None:
        """Return the slot of a position, of a removed one too."""
        slot = self._new.get(position_id)
        if slot is not None or len(position_id) > ID_LENGTH:
            return slot
        name = np.array(position_id.encode(), self._ids.dtype)
        place = int(np.searchsorted(self._ids[: self._sorted], name))
        return place if place < self._sorted and self._ids[place] == name else None

    def _find_all(self, ids: Sequence[str]) -> Slots:
        """Return the slot of each of these, -1 for one that is not here."""
        names = np.array([position_id.encode() for position_id in ids], self._ids.dtype)
        places = np.searchsorted(self._ids[: self._sorted], names)
        is_found = places < self._sorted
        is_found[is_found] = self._ids[places[is_found]] == names[is_found]
        slots = np.where(is_found, places, -1)
        for place in np.flatnonzero(~is_found).tolist():
            slots[place] = self._new.get(ids[place], -1)
        return slots

    def _append(self, position_id: str) -> int:
        name = position_id.encode()
        assert len(name) <= ID_LENGTH, f"{position_id} does not fit the column of ids"
        self._ids[self._used] = name
        self._used += 1
        return self._used - 1

    def _write(self, slot: int, position: Tracked) -> None:
        zone = _ORDER.get(position.zone, _UNREADABLE)
        self._held[slot] = 0.0
        for asset, amount in position.held.items():
            column = self.assets.get(asset)
            if column is None:
                zone = _UNREADABLE
            else:
                self._held[slot, column] = float(amount)
        self._scaled[slot] = float(position.scaled)
        self._kind[slot] = self.kinds.get(position.kind, len(self.kinds))
        self._zone[slot] = zone

    def _sort(self) -> None:
        """Put all slots in the order of their ids, without those that are gone; leave some room."""
        kept = np.flatnonzero(self._kind[: self._used] != _GONE)
        # a long sorted run and a short rest: nearly linear for a stable sort
        kept = kept[np.argsort(self._ids[kept], kind="stable")]
        count = len(kept)
        for column in self._columns():
            column[:count] = column[kept]
        self._used = self._sorted = count
        self._gone = 0
        self._new.clear()
        room = _room(count)
        if not count + room <= len(self._ids) <= count + 8 * room:
            self._resize(count + 4 * room)

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self._ids, self._held, self._scaled, self._kind, self._zone

    def _resize(self, room: int) -> None:
        def resized(column: NDArray[Any]) -> NDArray[Any]:
            fresh = np.zeros((room, *column.shape[1:]), column.dtype)
            fresh[: self._used] = column[: self._used]
            return fresh

        self._ids, self._held = resized(self._ids), resized(self._held)
        self._scaled, self._kind = resized(self._scaled), resized(self._kind)
        self._zone = resized(self._zone)


def _room(count: int) -> int:
    return max(_ROOM, count // _ROOM_SHARE)


def _zones(health: Floats) -> NDArray[np.intp]:
    """Return the place of each zone, from safe (0) to liquidatable."""
    return len(_LINES) - np.searchsorted(_LINES[::-1], health, side="right")
