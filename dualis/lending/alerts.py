"""Telling borrowers of falls of their health and of liquidations: queued in a tick, told after it.

1. What is to be told is queued in the transaction that changed the zone, or settled the
   liquidation, and leaves in the one that tells it: each is told once, whoever dies when.
2. The tick only appends; what preferences, counts and the journal cost is the telling's.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from dualis.apart import Apart
from dualis.exact import plain_trimmed
from dualis.lending import health_levels
from dualis.lending.alert_models import HealthAlert, Told
from dualis.lending.crossings import Crossing
from dualis.lending.health_levels import DEFAULT_LINES, TYPES, lines_of
from dualis.lending.liquidation_models import Liquidation, exact
from dualis.lending.risk import Zone
from dualis.notifications import notices, preferences
from dualis.notifications.choices import Choices
from dualis.notifications.notices import Notice

LINK = "/borrow"
PART = 250  # told in one transaction


def queue(crossings: Sequence[Crossing], now: datetime) -> None:
    """Append the falls among these crossings; a `crossings.Told`."""
    falls = [
        Told(
            crossing.user_id,
            crossing.position_id,
            crossing.pool_id,
            crossing.health,
            crossing.after.value,
        )
        for crossing in crossings
        if health_levels.is_worse(crossing.before, crossing.after)
    ]
    HealthAlert.queue(falls, now)


def step(now: datetime, time_left: Callable[[], float]) -> None:
    """Tell what waits, the oldest first, until there is no time left; at least one part of it."""
    with Apart("the alerts") as apart:
        last = 0
        while True:
            row = HealthAlert.objects.filter(id__gt=last).order_by("id").first()
            if row is None:
                return
            last, numbers = row.id, list(row.waiting)
            for start in range(0, len(numbers), PART):
                apart.act(partial(_tell, last, now), numbers[start : start + PART])
                if time_left() <= 0:
                    return


def _tell(row_id: int, now: datetime, numbers: Sequence[str]) -> None:
    """Tell what waits under these numbers of a row; a row that another holds is his.

    Locks the row, then the counts of the users.
    """
    rows = HealthAlert.objects.select_for_update(skip_locked=True).filter(id=row_id)
    row = rows.first()
    if row is None:
        return
    waiting = [told for number in numbers if (told := row.told(number)) is not None]
    chosen = preferences.of({told.user_id for told in waiting})
    ended = Liquidation.objects.select_related("pool").in_bulk(
        {told.liquidation_id for told in waiting if told.liquidation_id}
    )
    said = []
    for told in waiting:
        if told.liquidation_id:
            said.append(_liquidated(told, ended[told.liquidation_id]))
        elif row.is_own == _has_own_lines(chosen[told.user_id]):
            said.append(_fallen(told))
    for number in numbers:
        row.waiting.pop(number, None)
    if row.waiting:
        row.save()
    else:
        row.delete()
    notices.notify_each(said, now=now)


def _has_own_lines(choices: Choices) -> bool:
    """Tell whether falls are judged by lines of the user's own; those by the others say nothing."""
    return lines_of(choices) != DEFAULT_LINES


def _fallen(told: Told) -> Notice:
    zone = Zone(told.zone)
    title, message = health_levels.text(zone, told.position_id, told.health)
    return Notice(
        told.user_id,
        TYPES[zone],
        title,
        message,
        data={
            "positionId": told.position_id,
            "poolId": told.pool_id,
            "healthFactor": None if told.health is None else float(told.health),
            "level": zone.value,
        },
        link=LINK,
        dedup_key=f"{TYPES[zone]}:{told.position_id}",
    )


def _liquidated(told: Told, liquidation: Liquidation) -> Notice:
    repaid, asset = plain_trimmed(liquidation.filled), liquidation.pool.asset_id
    seized = {name: plain_trimmed(sold) for name, sold in exact(liquidation.seized).items()}
    took = ", ".join(f"{amount} {name}" for name, amount in seized.items())
    return Notice(
        told.user_id,
        "LIQUIDATION_EXECUTED",
        "Position liquidated",
        f"{repaid} {asset} of {told.position_id} was repaid; {took} of its collateral was sold.",
        data={
            "positionId": told.position_id,
            "poolId": told.pool_id,
            "liquidationId": liquidation.id,
            "debtRepaid": repaid,
            "seized": [{"symbol": name, "amount": amount} for name, amount in seized.items()],
            "healthFactor": None if told.health is None else float(told.health),
        },
        link=LINK,
        dedup_key=f"LIQUIDATION_EXECUTED:{liquidation.id}",
    )
