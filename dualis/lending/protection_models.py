"""What a borrower lets the engine do for a position, once; rows of the channel `positions`.

A rule that has ended is `closed` on the wire (rulings, 15), and its outcome says how. Its field
for the position is not called `positionId`: by that, clients tell the rows of positions apart.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from dualis.accounts.money import ASSET_LENGTH
from dualis.exact import plain_trimmed
from dualis.fields import ExactDecimalField
from dualis.identifiers import public_id
from dualis.published import Published
from dualis.timestamps import iso, iso_or_none

TRIGGER_PLACES = 4


class Action(StrEnum):
    REPAY = "repay"
    ADD_COLLATERAL = "add_collateral"


class Outcome(StrEnum):
    """How a rule ended; `ENDED` with its position."""

    EXECUTED = "executed"
    FAILED = "failed"
    REVOKED = "revoked"
    ENDED = "ended"


def _rule_id() -> str:
    return public_id("prt")


class ProtectionRule(Published):
    """At health `trigger` the engine repays or adds collateral, up to `limit` (None: all there is).

    `amount` is what it moved; `reason` is a code of the catalogue of refusals.
    """

    CHANNEL: ClassVar[str] = "positions"

    id = models.CharField(primary_key=True, max_length=32, default=_rule_id, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    user_id: str
    position = models.ForeignKey(
        "lending.BorrowPosition", on_delete=models.PROTECT, related_name="protections"
    )
    position_id: str
    trigger = ExactDecimalField(max_digits=8, decimal_places=TRIGGER_PLACES)
    action = models.CharField(max_length=16, choices=[(a.value, a.value) for a in Action])
    asset = models.CharField(max_length=ASSET_LENGTH)
    limit = ExactDecimalField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=8, blank=True, choices=[(o.value, o.value) for o in Outcome]
    )
    reason = models.CharField(max_length=40, blank=True)
    amount = ExactDecimalField(null=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["position", "action"],
                condition=models.Q(ended_at=None),
                name="one_active_rule_per_action",
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(ended_at=None), name="active_rules")
        ]

    def __str__(self) -> str:
        return f"{self.id} of {self.position_id}"

    def stream_owner(self) -> str:
        return self.user_id

    def stream_dims(self) -> tuple[str, ...]:
        return (self.position_id,)

    def is_open(self) -> bool:
        return self.ended_at is None

    def end(
        self, outcome: Outcome, now: datetime, *, amount: Decimal | None = None, reason: str = ""
    ) -> None:
        """Mark the rule as ended; the caller saves."""
        self.outcome, self.ended_at = outcome.value, now
        self.amount, self.reason = amount, reason

    def to_dict(self) -> dict[str, Any]:
        return {
            "kind": "protection",
            "ruleId": self.id,
            "protects": self.position_id,
            "triggerHealthFactor": float(self.trigger),
            "action": self.action,
            "asset": self.asset,
            "limit": "max" if self.limit is None else plain_trimmed(self.limit),
            "status": "active" if self.is_open() else "closed",
            "outcome": self.outcome or None,
            "reason": self.reason or None,
            "amount": None if self.amount is None else plain_trimmed(self.amount),
            "createdAt": iso(self.created_at),
            "endedAt": iso_or_none(self.ended_at),
        }
