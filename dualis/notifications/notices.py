"""Telling a user something, and what the user does with it.

1. The unread count moves in the transaction that changes the notification, under the count's lock.
2. A notice inside its dedup window is not stored again.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from dualis import errors
from dualis.bulk import save_all
from dualis.notifications.kinds import KINDS
from dualis.notifications.models import Notification, UnreadCount


@transaction.atomic
def notify(
    user_id: str,
    type: str,
    *,
    title: str,
    message: str,
    now: datetime,
    data: dict[str, Any] | None = None,
    link: str = "",
    dedup_key: str = "",
) -> Notification | None:
    """Store a notification for a user; None if its dedup window still holds one of the same key."""
    kind = KINDS[type]
    key = dedup_key or type
    unread = _locked_count(user_id)
    since = now - kind.dedup
    if kind.dedup and Notification.objects.filter(
        user_id=user_id, dedup_key=key, created_at__gt=since
    ).exists():
        return None
    notification = Notification(
        user_id=user_id,
        type=type,
        category=kind.category.value,
        severity=kind.severity.value,
        title=title,
        message=message,
        data=data or {},
        link=link,
        dedup_key=key,
        created_at=now,
    )
    notification.save(force_insert=True)
    unread.count += 1
    unread.save()
    return notification


@transaction.atomic
def mark_read(user_id: str, notification_id: str, *, now: datetime) -> Notification:
    """Mark one notification as read; reading it again changes nothing."""
    unread = _locked_count(user_id)
    notification = get(user_id, notification_id)
    if notification.read_at is None:
        notification.read_at = now
        notification.save()
        unread.count -= 1
        unread.save()
    return notification


@transaction.atomic
def mark_all_read(user_id: str, *, now: datetime) -> int:
    """Mark every notification of the user as read; return how many were not."""
    unread = _locked_count(user_id)
    open_ones = list(Notification.objects.filter(user_id=user_id, read_at=None))
    for notification in open_ones:
        notification.read_at = now
    if open_ones:
        save_all(open_ones)
        unread.count = 0
        unread.save()
    return len(open_ones)


@transaction.atomic
def delete(user_id: str, notification_id: str) -> None:
    """Delete one notification of the user."""
    unread = _locked_count(user_id)
    notification = get(user_id, notification_id)
    if notification.read_at is None:
        unread.count -= 1
        unread.save()
    notification.delete()


def get(user_id: str, notification_id: str) -> Notification:
    """Return one notification of the user."""
    found = Notification.objects.filter(user_id=user_id, id=notification_id).first()
    if found is None:
        raise errors.NotFound(what="notification", id=notification_id)
    return found


def _locked_count(user_id: str) -> UnreadCount:
    UnreadCount._base_manager.bulk_create([UnreadCount(user_id=user_id)], ignore_conflicts=True)
    return UnreadCount.objects.select_for_update(no_key=True).get(user_id=user_id)
