"""Positions whose zone has changed (rulings, 14), written in bulk.

1. Decided exactly, under the locks of pools and positions, at the published indices.
2. The account's row is not written with it: no figure of it depends on a zone. What prices do to
   it is computed anew whenever it is read, and told to connected users after every tick.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis.bulk import save_all
from dualis.lending import figures, risk
from dualis.lending.models import BorrowPosition, Pool
from dualis.lending.view import View


@dataclass(frozen=True, slots=True)
class Crossing:
    """A change of zone that is about to be written; `health` as it is shown, None without debt."""

    position_id: str
    user_id: str
    pool_id: str
    before: risk.Zone
    after: risk.Zone
    health: Decimal | None


# Called in the transaction that writes the crossings, under its locks and before its first save:
# it may lock rows that come after positions (accounts, wallets, what stands above), then write. It
# is called again with the same crossings if the transaction is rolled back and tried again, so it
# changes nothing but the database.
Told = Callable[[Sequence[Crossing], datetime], object]


def nobody(crossings: Sequence[Crossing], now: datetime) -> None:
    """Be told of crossings and do nothing."""


def crossing_of(position: BorrowPosition, found: risk.Position) -> Crossing | None:
    """Return the change from the stored zone to the one the position is in; None if it is none."""
    health = risk.health(found)
    after = risk.zone_of(health)
    if after.value == position.zone:
        return None
    return Crossing(
        position.id,
        position.user_id,
        position.pool_id,
        risk.Zone(position.zone),
        after,
        risk.health_factor_down(health),
    )


@transaction.atomic
def cross(position_ids: Sequence[str], now: datetime, told: Told = nobody) -> list[Crossing]:
    """Write the zones that these open positions are in now; return what changed.

    Locks their pools by id, then the positions by id. A position that is locked by others is left
    out: they are about to judge it anew, and if not it is a suspect again at the next tick.
    """
    rows = BorrowPosition.objects.filter(id__in=position_ids, closed_at=None)
    pool_ids = list(rows.order_by().values_list("pool_id", flat=True).distinct())
    pools = Pool.objects.select_for_update(no_key=True, of=("self",)).filter(id__in=pool_ids)
    locked_pools = list(pools.order_by("id"))
    locked = rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
    positions = list(locked.order_by("id"))
    view = View.read(now).with_pools(locked_pools).still()
    crossings, changed = [], []
    for position in positions:
        crossing = crossing_of(position, figures.risk_position(position, view))
        if crossing is not None:
            position.view, position.zone = view, crossing.after.value
            crossings.append(crossing)
            changed.append(position)
    if crossings:
        told(crossings, now)
        save_all(changed, field="zone")
    return crossings
