"""The journal's tables: the head row and the events. Written by `realtime.journal` alone."""

import secrets

from django.db import models


def _new_epoch() -> str:
    return secrets.token_hex(8)


class Head(models.Model):
    """One row: the last `seq`, the journal's `epoch`, and up to where events were pruned."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seq = models.BigIntegerField(default=0)
    epoch = models.CharField(max_length=32, default=_new_epoch)
    pruned_state_seq = models.BigIntegerField(default=0)
    pruned_events_seq = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.epoch}:{self.seq}"


class Event(models.Model):
    """A committed change of one row: an upsert of (channel, key)."""

    seq = models.BigIntegerField(primary_key=True)
    channel = models.CharField(max_length=32)
    key = models.CharField(max_length=160)
    owner = models.CharField(max_length=140, blank=True)  # a user, or an address of any length
    dims = models.JSONField(default=list)
    is_state = models.BooleanField()
    is_deleted = models.BooleanField(default=False)
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["channel", "seq"]),
            models.Index(fields=["is_state", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.channel} {self.key}"
