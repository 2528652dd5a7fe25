"""Auctions of what the backstop seized, and their bids; rows only, written by services alone.

1. Of one asset that one backstop holds, at most one auction is open.
2. Nothing that is public names a buyer.
"""

from typing import ClassVar

from django.conf import settings
from django.db import models

from dualis.accounts.money import ASSET_LENGTH, Appended
from dualis.exact import ZERO
from dualis.fields import ExactDecimalField
from dualis.identifiers import public_id
from dualis.lending.liquidation_models import OPEN, Stage


def _resale_id() -> str:
    return public_id("rsl")


def _bid_id() -> str:
    return public_id("bid")


class Resale(models.Model):
    """One lot: what the backstop of the pool's asset held of `symbol` at the opening.

    `lot` and `sold` are in `symbol`, `proceeds` in the pool's asset. `ticked_at` is when the clock
    was last looked at, whether it moved or not.
    """

    id = models.CharField(primary_key=True, max_length=32, default=_resale_id, editable=False)
    pool = models.ForeignKey("lending.Pool", on_delete=models.PROTECT, related_name="+")
    pool_id: str
    symbol = models.CharField(max_length=ASSET_LENGTH)
    status = models.CharField(max_length=8, default=OPEN)
    lot = ExactDecimalField()
    sold = ExactDecimalField(default=ZERO)
    proceeds = ExactDecimalField(default=ZERO)
    max_discount = ExactDecimalField()
    opened_at = models.DateTimeField()
    ticked_at = models.DateTimeField()
    live_seconds = ExactDecimalField(default=ZERO)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "symbol"],
                condition=models.Q(status="open"),
                name="one_open_resale_per_asset",
            )
        ]
        indexes = [models.Index(fields=["status", "-opened_at"], name="resale_by_status")]

    def __str__(self) -> str:
        return f"{self.id} of {self.symbol}"

    @property
    def is_open(self) -> bool:
        return self.status == OPEN


class ResaleStage(Stage):
    """A stage of a resale; it has no trigger."""

    CHANNEL: ClassVar[str] = "liquidations"

    resale = models.ForeignKey(Resale, on_delete=models.PROTECT, related_name="stages")

    class Meta(Stage.Meta):
        pass

    def is_open(self) -> bool:
        return self.resale.is_open


class ResaleBid(Appended):
    """What one buyer paid and got, and the discount he got it at."""

    id = models.CharField(primary_key=True, max_length=32, default=_bid_id, editable=False)
    resale = models.ForeignKey(Resale, on_delete=models.PROTECT, related_name="bids")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    paid = ExactDecimalField()
    bought = ExactDecimalField()
    discount = ExactDecimalField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.id} on {self.resale_id}"
