"""Rows behind the doors: choices, webhooks, deliveries, broadcasts. None is published.

1. A delivery is open until `ended_at`; while one is being sent, `due_at` is when its claim lapses.
"""

from typing import Any

from django.conf import settings
from django.db import models

from dualis.identifiers import public_id
from dualis.notifications.egress import URL_LENGTH
from dualis.notifications.kinds import Door
from dualis.timestamps import iso, iso_or_none


def new_webhook_id() -> str:
    return public_id("whk")


def new_delivery_id() -> str:
    return public_id("dlv", 16)


def new_broadcast_id() -> str:
    return public_id("brd")


def new_secret() -> str:
    return public_id("whsec", 32)


class Preference(models.Model):
    """What a user chose, in the nested shape of REST; without a row the defaults hold."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="notification_preference",
    )
    chosen = models.JSONField()
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"


class Webhook(models.Model):
    """An address of a user's own program. Its secret signs what is sent there."""

    id = models.CharField(primary_key=True, max_length=32, default=new_webhook_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks"
    )
    url = models.CharField(max_length=URL_LENGTH)
    secret = models.CharField(max_length=60, default=new_secret, editable=False)
    is_active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.id} of {self.user_id}"

    def to_dict(self) -> dict[str, Any]:
        """Return the webhook as its user sees it, without the secret."""
        return {
            "id": self.id,
            "url": self.url,
            "isActive": self.is_active,
            "failures": self.failures,
            "createdAt": iso(self.created_at),
            "disabledAt": iso_or_none(self.disabled_at),
        }


class State(models.TextChoices):
    PENDING = "pending"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(models.Model):
    """One notification on its way through one outer door; its id stays the same in every try.

    `payload` is what was told, for the user may delete the notification or never have stored it.
    """

    id = models.CharField(primary_key=True, max_length=32, default=new_delivery_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="deliveries"
    )
    door = models.CharField(max_length=16, choices=[(door.value, door.value) for door in Door])
    # No constraint: a webhook deleted meanwhile must not break the transaction that tells of it.
    webhook = models.ForeignKey(
        Webhook, on_delete=models.CASCADE, null=True, db_constraint=False, related_name="deliveries"
    )
    payload = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    claim = models.CharField(max_length=32, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=20, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(
                fields=["door", "due_at"],
                condition=models.Q(ended_at=None),
                name="delivery_open_by_due",
            ),
            models.Index(fields=["webhook", "-created_at"]),
            models.Index(fields=["created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.id} by {self.door}"

    def to_dict(self) -> dict[str, Any]:
        """Return the delivery as the user of its webhook sees it."""
        return {
            "id": self.id,
            "notificationId": self.payload["id"],
            "type": self.payload["type"],
            "state": self.state,
            "attempts": self.attempts,
            "status": self.status,
            "error": self.error or None,
            "createdAt": iso(self.created_at),
            "endedAt": iso_or_none(self.ended_at),
        }


class Broadcast(models.Model):
    """One notice to all active users; `cursor` is the last user who was told, in order of ids."""

    id = models.CharField(primary_key=True, max_length=32, default=new_broadcast_id, editable=False)
    type = models.CharField(max_length=40)
    title = models.CharField(max_length=160)
    message = models.TextField()
    data = models.JSONField(default=dict)
    link = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    cursor = models.CharField(max_length=32, blank=True)
    reached = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["created_at"], condition=models.Q(ended_at=None), name="broadcast_open"
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
