"""Telling borrowers of falls of their health and of liquidations: queued in a tick, told after it.

1. A row is queued in the transaction that changed the zone, or settled the liquidation, and
   deleted in the one that tells it: each is told once, whoever dies when.
2. The tick only appends; what preferences, counts and the journal cost is the telling's.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import transaction

from dualis.apart import Apart
from dualis.exact import plain_trimmed
from dualis.lending import health_levels
from dualis.lending.crossings import Crossing
from dualis.lending.health_levels import DEFAULT_LINES, TYPES, lines_of
from dualis.lending.liquidation_models import Liquidation, exact
from dualis.lending.models import HealthAlert
from dualis.lending.risk import Zone
from dualis.notifications import notices, preferences
from dualis.notifications.choices import Choices
from dualis.notifications.notices import Notice

BATCH = 500  # told in one transaction
LINK = "/borrow"


def queue(crossings: Sequence[Crossing], now: datetime) -> None:
    """Append the falls among these crossings; a `crossings.Told`."""
    HealthAlert.objects.bulk_create(
        HealthAlert(
            user_id=crossing.user_id,
            position_id=crossing.position_id,
            pool_id=crossing.pool_id,
            before=crossing.before.value,
            after=crossing.after.value,
            health=crossing.health,
            at=now,
        )
        for crossing in crossings
        if health_levels.is_worse(crossing.before, crossing.after)
    )


def step(now: datetime, time_left: Callable[[], float]) -> None:
    """Tell what waits, the oldest first, until there is no time left; at least one batch."""
    with Apart("the alerts") as apart:
        last = 0
        while True:
            waiting = HealthAlert.objects.filter(id__gt=last).order_by("id")
            ids = list(waiting.values_list("id", flat=True)[:BATCH])
            if not ids:
                return
            apart.act(lambda some: tell(some, now), [str(row_id) for row_id in ids])
            last = ids[-1]
            if time_left() <= 0:
                return


@transaction.atomic
def tell(ids: Sequence[str], now: datetime) -> None:
    """Tell these rows and delete them; those that another holds are his.

    Locks the rows, then the counts of the users.
    """
    locked = HealthAlert.objects.select_for_update(skip_locked=True).filter(id__in=ids)
    rows = list(locked.order_by("id"))
    chosen = preferences.of({row.user_id for row in rows})
    ended = Liquidation.objects.select_related("pool").in_bulk(
        {row.liquidation_id for row in rows if row.liquidation_id}
    )
    told = []
    for row in rows:
        if row.liquidation_id:
            told.append(_liquidated(row, ended[row.liquidation_id]))
        elif _is_for(row, chosen[row.user_id]):
            told.append(_fallen(row))
    HealthAlert.objects.filter(id__in=[row.id for row in rows]).delete()
    notices.notify_each(told, now=now)


def _is_for(row: HealthAlert, choices: Choices) -> bool:
    """Tell whether the row was judged by the lines this user has now; else another row is."""
    return row.is_own == (lines_of(choices) != DEFAULT_LINES)


def _fallen(row: HealthAlert) -> Notice:
    zone = Zone(row.after)
    title, message = health_levels.text(zone, row.position_id, row.health)
    return Notice(
        row.user_id,
        TYPES[zone],
        title,
        message,
        data={
            "positionId": row.position_id,
            "poolId": row.pool_id,
            "healthFactor": None if row.health is None else float(row.health),
            "level": zone.value,
        },
        link=LINK,
        dedup_key=f"{TYPES[zone]}:{row.position_id}",
    )


def _liquidated(row: HealthAlert, liquidation: Liquidation) -> Notice:
    repaid, asset = plain_trimmed(liquidation.filled), liquidation.pool.asset_id
    seized = {name: plain_trimmed(sold) for name, sold in exact(liquidation.seized).items()}
    took = ", ".join(f"{amount} {name}" for name, amount in seized.items())
    return Notice(
        row.user_id,
        "LIQUIDATION_EXECUTED",
        "Position liquidated",
        f"{repaid} {asset} of {row.position_id} was repaid; {took} of its collateral was sold.",
        data={
            "positionId": row.position_id,
            "poolId": row.pool_id,
            "liquidationId": liquidation.id,
            "debtRepaid": repaid,
            "seized": [{"symbol": name, "amount": amount} for name, amount in seized.items()],
            "healthFactor": None if row.health is None else float(row.health),
        },
        link=LINK,
        dedup_key=f"LIQUIDATION_EXECUTED:{liquidation.id}",
    )
