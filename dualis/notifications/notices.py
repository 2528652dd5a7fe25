"""Telling a user something, and what the user does with it.

1. The unread count moves in the transaction that changes the notification, under the count's lock.
2. A notice inside its dedup window is not stored again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from dualis import errors
from dualis.bulk import save_all
from dualis.notifications.kinds import KINDS
from dualis.notifications.models import Notification, UnreadCount


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
    told = notify_all(
        [user_id],
        type,
        title=title,
        message=message,
        now=now,
        data=data,
        link=link,
        dedup_key=dedup_key,
    )
    return told[0] if told else None


@transaction.atomic
def notify_all(
    user_ids: Sequence[str],
    type: str,
    *,
    title: str,
    message: str,
    now: datetime,
    data: dict[str, Any] | None = None,
    link: str = "",
    dedup_key: str = "",
) -> list[Notification]:
    """Store the same notification for each of these users whose dedup window is open.

    Locks all their counts, by user, before anything is written.
    """
    kind = KINDS[type]
    key = dedup_key or type
    counts = _locked_counts(user_ids)
    told = _told_since(user_ids, key, now - kind.dedup) if kind.dedup else set()
    notifications = [
        Notification(
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
        for user_id in counts
        if user_id not in told
    ]
    for notification in notifications:
        counts[notification.user_id].count += 1
    save_all(notifications)
    save_all([counts[notification.user_id] for notification in notifications])
    return notifications


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
    return _locked_counts([user_id])[user_id]


def _locked_counts(user_ids: Sequence[str]) -> dict[str, UnreadCount]:
    """Lock the counts of these users, in the order of their ids; make those that are missing."""
    wanted = sorted(set(user_ids))
    UnreadCount._base_manager.bulk_create(
        [UnreadCount(user_id=user_id) for user_id in wanted], ignore_conflicts=True
    )
    rows = UnreadCount.objects.select_for_update(no_key=True).filter(user_id__in=wanted)
    return {str(row.user_id): row for row in rows.order_by("user_id")}


def _told_since(user_ids: Sequence[str], key: str, since: datetime) -> set[str]:
    told = Notification.objects.filter(user_id__in=user_ids, dedup_key=key, created_at__gt=since)
    return set(told.order_by().values_list("user_id", flat=True))
