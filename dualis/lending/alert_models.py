"""What waits to be told of positions and pools, and what was last seen; rows only, not published.

A row that waits is deleted in the transaction that tells it.
"""

from django.db import models

from dualis.fields import ExactDecimalField


class HealthAlert(models.Model):
    """A position's fall into a worse zone, or its settled liquidation, that waits to be told.

    The zones are those of the user's own lines if `is_own`. Appended by the ten thousand under the
    locks of a tick: no foreign key is checked.
    """

    id = models.BigAutoField(primary_key=True)
    user_id = models.CharField(max_length=32)
    position_id = models.CharField(max_length=32)
    pool_id = models.CharField(max_length=32)
    before = models.CharField(max_length=16, blank=True)
    after = models.CharField(max_length=16, blank=True)
    health = ExactDecimalField(decimal_places=4, null=True)
    is_own = models.BooleanField(default=False)
    liquidation_id = models.CharField(max_length=32, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.position_id} {self.liquidation_id or self.after}"


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
