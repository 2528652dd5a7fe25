"""Stored notifications and each user's count of unread ones; both are rows of one channel."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from dualis.identifiers import public_id
from dualis.published import Published
from dualis.timestamps import iso, iso_or_none


def _new_id() -> str:
    return public_id("notif")


class Notification(Published):
    """One thing a user is told. Open while unread."""

    CHANNEL: ClassVar[str] = "notifications"

    id = models.CharField(primary_key=True, max_length=32, default=_new_id, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    type = models.CharField(max_length=40)
    category = models.CharField(max_length=16)
    severity = models.CharField(max_length=16)
    title = models.CharField(max_length=160)
    message = models.TextField()
    data = models.JSONField(default=dict)
    link = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["user", "read_at", "-created_at"]),
            models.Index(fields=["user", "-created_at"]),
            models.Index(fields=["created_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.type} for {self.user_id}"

    def stream_owner(self) -> str:
        return str(self.user_id)

    def stream_dims(self) -> tuple[str, ...]:
        return (self.category, self.severity)

    def is_open(self) -> bool:
        return self.read_at is None

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": self.type,
            "category": self.category,
            "severity": self.severity,
            "title": self.title,
            "message": self.message,
            "data": self.data,
            "link": self.link or None,
            "readAt": iso_or_none(self.read_at),
            "createdAt": iso(self.created_at),
        }


class UnreadCount(Published):
    """How many notifications a user has not read; kept by the service, one row a user.

    `past` is not shown: what the user was told lately, in the shape of `memory`.
    """

    CHANNEL: ClassVar[str] = "notifications"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="unread_notifications",
    )
    count = models.PositiveIntegerField(default=0)
    past = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.count} unread for {self.user_id}"

    def stream_key(self) -> str:
        return "unread_count"

    def stream_owner(self) -> str:
        return str(self.user_id)

    def to_dict(self) -> dict[str, Any]:
        return {"event": "unread_count", "count": self.count}


# Django finds the models of an app by this module alone; those of the doors stand in a file of
# theirs.
from dualis.notifications.door_models import (  # noqa: E402, F401
    Broadcast,
    Delivery,
    Preference,
    Webhook,
)
