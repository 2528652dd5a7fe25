"""Staked DUAL, what of it cools down, and whose fees were shared; rows only.

1. `Staking.total` is the sum of all stakes. Amounts by asset are exact texts in JSON.
2. A settled liquidation's fees are shared at most once: its FeeShare says so, even of nothing.
"""

from typing import Any

from django.conf import settings
from django.db import models

from dualis.accounts.money import Appended
from dualis.exact import ZERO, plain_trimmed
from dualis.fields import ExactDecimalField
from dualis.lending.liquidation_models import exact
from dualis.timestamps import iso
from governance import rewards


class Staking(models.Model):
    """All stakes together: one row. `shared` is what stakers were given since the beginning.

    `told_to` is the last staker who was told that there is something to claim; null: all were.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    total = ExactDecimalField(default=ZERO)
    indices = models.JSONField(default=dict)
    shared = models.JSONField(default=dict)
    told_to = models.CharField(max_length=32, null=True)

    def __str__(self) -> str:
        return "staking"


class Stake(models.Model):
    """What one user has staked, and what it had earned when it was last settled at `indices`."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True, related_name="stake"
    )
    user_id: str
    staked = ExactDecimalField(default=ZERO)
    earned = models.JSONField(default=dict)
    indices = models.JSONField(default=dict)

    class Meta:
        ordering = ["user"]

    def __str__(self) -> str:
        return f"stake of {self.user_id}"

    def earned_at(self, staking: Staking) -> rewards.Amounts:
        """Return what the stake has earned by asset and not claimed."""
        return rewards.earned_down(
            self.staked, exact(self.earned), exact(self.indices), exact(staking.indices)
        )


class Cooldown(models.Model):
    """An amount that was unstaked: it weighs and earns nothing, and can be withdrawn at its end."""

    stake = models.ForeignKey(
        Stake, on_delete=models.PROTECT, related_name="cooldowns", db_index=False
    )
    amount = ExactDecimalField()
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["stake", "ends_at"],
                condition=models.Q(withdrawn_at=None),
                name="cooldown_open",
            )
        ]

    def __str__(self) -> str:
        return f"{plain_trimmed(self.amount)} DUAL of {self.stake_id} until {self.ends_at}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "amount": plain_trimmed(self.amount),
            "startedAt": iso(self.started_at),
            "endsAt": iso(self.ends_at),
        }


class FeeShare(Appended):
    """What the stakers got of the fees of one settled liquidation; the rest stays in `fees`."""

    liquidation = models.OneToOneField(
        "lending.Liquidation",
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="fee_share",
    )
    at = models.DateTimeField()
    amounts = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"share of the fees of {self.liquidation_id}"
