"""What this room forgets as time passes; a step of the engine."""

from datetime import datetime, timedelta

from django.db import transaction

from dualis.bulk import save_all
from dualis.notifications import notices
from dualis.notifications.door_models import Delivery
from dualis.notifications.models import Notification

NOTIFICATIONS_KEPT = timedelta(days=90)  # spec 8
DELIVERIES_KEPT = timedelta(days=30)
BATCH = 100  # notifications a call: each is an event, and the journal's lock is held for them
DELIVERY_BATCH = 2_000


def prune(now: datetime) -> int:
    """Delete a batch of old notifications and of deliveries; return how many rows."""
    old = Delivery.objects.filter(created_at__lte=now - DELIVERIES_KEPT)
    ids = list(old.order_by().values_list("pk", flat=True)[:DELIVERY_BATCH])
    return _notifications(now) + Delivery.objects.filter(pk__in=ids).delete()[0]


@transaction.atomic
def _notifications(now: datetime) -> int:
    """Delete the oldest; an unread one leaves its user's count.

    Locks the counts, then looks again: a user may have read or deleted meanwhile.
    """
    old = Notification.objects.filter(created_at__lte=now - NOTIFICATIONS_KEPT)
    found = list(old.order_by("created_at", "id").values_list("id", "user_id")[:BATCH])
    counts = notices.lock({user_id for _, user_id in found})
    rows = list(old.filter(id__in=[row_id for row_id, _ in found]).order_by("id"))
    changed = set()
    for row in rows:
        if row.read_at is None:
            counts[row.user_id].count -= 1
            changed.add(row.user_id)
    for row in rows:
        row.delete()
    save_all([counts[user_id] for user_id in sorted(changed)])
    return len(rows)
