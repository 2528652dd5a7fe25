"""What waits to be told of positions and pools, and what was last seen; rows only, not published.

What waits is removed in the transaction that tells it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import models

from dualis.fields import ExactDecimalField


@dataclass(frozen=True, slots=True)
class Told:
    """What a borrower is to be told of a position: the zone it fell into, or its liquidation."""

    user_id: str
    position_id: str
    pool_id: str
    health: Decimal | None  # as it is shown
    zone: str = ""
    liquidation_id: str = ""


class HealthAlert(models.Model):
    """What one transaction found to be told of positions, and was not told yet.

    One row for all of it: appending ten thousand rows would cost a tick more than the crossings
    themselves. `waiting` is number -> the fields of a `Told`; the zones are those of the users' own
    lines if `is_own`.
    """

    id = models.BigAutoField(primary_key=True)
    waiting = models.JSONField()
    is_own = models.BooleanField(default=False)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.waiting)} of {self.at}"

    @classmethod
    def queue(cls, found: Sequence[Told], now: datetime, *, is_own: bool = False) -> None:
        """Append what was found, if it is anything."""
        if found:
            waiting = {
                str(number): [
                    told.user_id,
                    told.position_id,
                    told.pool_id,
                    None if told.health is None else format(told.health, "f"),
                    told.zone,
                    told.liquidation_id,
                ]
                for number, told in enumerate(found)
            }
            cls.objects.create(waiting=waiting, is_own=is_own, at=now)

    def told(self, number: str) -> Told | None:
        """Return what waits under a number; None if it was told."""
        kept = self.waiting.get(number)
        if kept is None:
            return None
        user_id, position_id, pool_id, health, zone, liquidation_id = kept
        exact = None if health is None else Decimal(health)
        return Told(user_id, position_id, pool_id, exact, zone, liquidation_id)


class OwnStanding(models.Model):
    """The zone of a position by its user's own lines; without a row it is safe."""

    position = models.OneToOneField(
        "lending.BorrowPosition", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    position_id: str
    zone = models.CharField(max_length=16)

    def __str__(self) -> str:
        return f"{self.position_id} {self.zone}"


class PoolWatch(models.Model):
    """What was last seen of a pool: its sampled yields, and whether it came near its caps."""

    pool = models.OneToOneField(
        "lending.Pool", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    pool_id: str
    sampled_at = models.DateTimeField()
    supply_apy = ExactDecimalField(max_digits=20, decimal_places=6)
    borrow_apy = ExactDecimalField(max_digits=20, decimal_places=6)
    is_near_supply_cap = models.BooleanField(default=False)
    is_near_borrow_cap = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.pool_id} at {self.sampled_at}"


class PoolAlert(models.Model):
    """Something that those who supply to a pool, or borrow from it, have still to be told.

    `cursor` is the last user who was told. Deleted when everybody was.
    """

    id = models.BigAutoField(primary_key=True)
    pool = models.ForeignKey("lending.Pool", on_delete=models.CASCADE, related_name="+")
    pool_id: str
    type = models.CharField(max_length=40)
    is_supply = models.BooleanField()
    title = models.CharField(max_length=160)
    message = models.TextField()
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    cursor = models.CharField(max_length=32, blank=True)

    def __str__(self) -> str:
        return f"{self.type} of {self.pool_id}"
