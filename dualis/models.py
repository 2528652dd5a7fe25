"""The engine's rows (who leads, when each step last ran) and the answers kept for repeats.

Written by `dualis.engine` and `dualis.idempotency` alone.
"""

from typing import ClassVar

from django.db import models


class EngineTerm(models.Model):
    """One row: the leader's term. A step of an older term cannot commit."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    term = models.PositiveBigIntegerField(default=0)
    holder = models.CharField(max_length=120, blank=True)
    since_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"term {self.term}, {self.holder}"


class EngineStep(models.Model):
    """When a step last succeeded, how long it took, and what went wrong since."""

    name = models.CharField(primary_key=True, max_length=40)
    interval_seconds = models.FloatField()
    ran_at = models.DateTimeField(null=True)
    duration_ms = models.FloatField(default=0)
    failures = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(models.Model):
    """The answer to one request; without a status only inside the transaction that is at it."""

    PATH_LENGTH: ClassVar[int] = 200

    user = models.CharField(max_length=32)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=PATH_LENGTH)
    key = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "method", "path", "key"], name="one_answer_per_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
