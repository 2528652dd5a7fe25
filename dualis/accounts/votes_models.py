"""Voting power of DUAL: what counts for whom now, and checkpoints of what counted; rows only.

1. A user's own power is his liquid DUAL and 1.5 times what he staked; what cools down is neither.
2. It counts for one user: himself, or the one he delegates to; what he received stays with him.
3. Checkpoints are appended; of several at one instant the last counts.
"""

from decimal import Decimal

from django.conf import settings
from django.db import models

from dualis.accounts.money import Appended
from dualis.exact import EXACT, ZERO, mul_down
from dualis.fields import ExactDecimalField

STAKE_WEIGHT = Decimal("1.5")  # Dualis 7
POWER_PLACES = 18


class VotingPower(models.Model):
    """Where the votes of one user stand. Written by `votes` alone, under its lock.

    `liquid` repeats the DUAL wallet and `staked` the stake, so that one lock guards the sum;
    `received` is the sum of the own power of those who delegate to the user. `changed_at` is never
    before the user's last checkpoint.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="voting_power",
    )
    user_id: str
    liquid = ExactDecimalField(default=ZERO)
    staked = ExactDecimalField(default=ZERO)
    received = ExactDecimalField(default=ZERO)
    delegate = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="delegators",
        db_index=False,
    )
    delegate_id: str | None
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["user"]
        verbose_name_plural = "voting power"
        indexes = [models.Index(fields=["delegate"], name="power_by_delegate")]

    def __str__(self) -> str:
        return f"voting power of {self.user_id}"

    @property
    def own(self) -> Decimal:
        """What the user's DUAL weighs, for whomever it counts; the stake's weight rounded down."""
        return EXACT.add(self.liquid, mul_down(self.staked, STAKE_WEIGHT, POWER_PLACES))

    @property
    def effective(self) -> Decimal:
        """What the user votes with: the own power unless delegated, and all that he received."""
        return self.received if self.delegate_id else EXACT.add(self.own, self.received)


class VoteCheckpoint(Appended):
    """From `at` on, until the user's next checkpoint, he voted with `power`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="vote_checkpoints",
        db_index=False,
    )
    user_id: str
    at = models.DateTimeField()
    power = ExactDecimalField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["user", "-at", "-id"], name="checkpoint_by_user")]

    def __str__(self) -> str:
        return f"voting power of {self.user_id} at {self.at}"
