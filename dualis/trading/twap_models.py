"""TWAP orders; rows only, written by services alone."""

from datetime import timedelta
from typing import Any, ClassVar

from django.db import models

from dualis.exact import EXACT, ZERO, plain_trimmed, round_even
from dualis.fields import ExactDecimalField
from dualis.published import Published
from dualis.trading import models as ledger
from dualis.trading.order_models import SIDES
from dualis.trading.orderbook import Side
from dualis.trading.positions import PRICE_PLACES
from dualis.trading.twap_fold import Twap as Folded
from dualis.trading.twap_schedule import CANCELED, LIVE, PENDING


class Twap(Published):
    """An order that is worked off in slices; `slice_index` is the last one that ran.

    It starts with its first slice: until then `started_at` is when it was placed. `next_at` is
    when the next slice is due, null for an order that has ended.
    """

    CHANNEL: ClassVar[str] = "twapUpdates"

    id = models.CharField(primary_key=True, max_length=ledger.ORDER_ID_LENGTH)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="twaps"
    )
    account_id: str
    coin = models.CharField(max_length=ledger.COIN_LENGTH)
    side = models.CharField(max_length=1, choices=SIDES)
    size = ExactDecimalField(max_digits=28, decimal_places=8)
    filled = ExactDecimalField(max_digits=28, decimal_places=8, default=ZERO)
    value = ExactDecimalField(default=ZERO)  # price x size of all fills
    is_reduce_only = models.BooleanField(default=False)
    is_randomized = models.BooleanField(default=False)
    duration_ms = models.PositiveBigIntegerField()
    slices = models.PositiveIntegerField()
    slice_index = models.IntegerField(default=-1)
    slices_filled = models.PositiveIntegerField(default=0)
    slices_partial = models.PositiveIntegerField(default=0)
    slices_rejected = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=20, default=PENDING)
    reason = models.CharField(max_length=200, blank=True)
    placed_at = models.DateTimeField()
    started_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [
            models.Index(fields=["next_at"], name="twap_due"),
            models.Index(fields=["account", "-updated_at"], name="twap_of_account"),
        ]

    def __str__(self) -> str:
        return f"TWAP {self.side} {plain_trimmed(self.size)} {self.coin} of {self.account_id}"

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    @property
    def folded(self) -> Folded:
        """Return the order as the fold sees it."""
        return Folded(
            self.account_id,
            self.size,
            self.slices,
            self.slice_index,
            self.filled,
            self.value,
            self.slices_filled,
            self.slices_partial,
            self.slices_rejected,
        )

    def take(self, folded: Folded) -> None:
        """Take over what the fold made of the order; the caller saves."""
        self.slice_index, self.filled, self.value = folded.last, folded.filled, folded.value
        self.slices_filled, self.slices_partial = folded.whole, folded.partly
        self.slices_rejected = folded.refused

    def is_open(self) -> bool:
        return self.is_live

    def stream_owner(self) -> str:
        return self.account_id

    def to_dict(self) -> dict[str, Any]:
        average = EXACT.divide(self.value, self.filled) if self.filled else ZERO
        ended = None if self.ended_at is None else ledger.milliseconds(self.ended_at)
        is_canceled = self.status == CANCELED
        span = timedelta(milliseconds=self.duration_ms)
        return {
            "twapId": self.id,
            "status": self.status,
            "asset": self.coin,
            "side": Side(self.side).name.lower(),
            "totalSz": plain_trimmed(self.size),
            "filledSz": plain_trimmed(self.filled),
            "remainingSz": plain_trimmed(EXACT.subtract(self.size, self.filled)),
            "reduceOnly": self.is_reduce_only,
            "slicesFilled": self.slices_filled,
            "slicesPartial": self.slices_partial,
            "slicesRejected": self.slices_rejected,
            "totalNotional": plain_trimmed(self.value),
            "avgFillPx": plain_trimmed(round_even(average, PRICE_PLACES)),
            "durationMs": self.duration_ms,
            "sliceIntervalMs": self.duration_ms // (self.slices - 1),
            "createdAt": ledger.milliseconds(self.placed_at),
            "startedAt": ledger.milliseconds(self.started_at),
            "expectedEndAt": ledger.milliseconds(self.started_at + span),
            "currentSliceIndex": max(self.slice_index, 0),
            "totalExpectedSlices": self.slices,
            "randomize": self.is_randomized,
            "updatedAt": ledger.milliseconds(self.updated_at),
            "completedAt": None if is_canceled else ended,
            "canceledAt": ended if is_canceled else None,
            "reason": self.reason or None,
        }
