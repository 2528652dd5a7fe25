"""The engine's rows: who leads, and when each step last ran. Written by `dualis.engine` alone."""

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
