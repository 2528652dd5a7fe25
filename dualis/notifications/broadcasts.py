"""Telling everybody: a step of the engine, and the announcement that staff make."""

from datetime import datetime

from django.db import models, transaction

from dualis.accounts import audit
from dualis.accounts.models import Status, User
from dualis.notifications import notices
from dualis.notifications.door_models import Broadcast

BATCH = 100  # spec 8


@transaction.atomic
def step(now: datetime) -> int:
    """Send the oldest unfinished broadcast to its next 100 users; return how many there were.

    The cursor moves in the transaction that tells them: each is told once, whoever dies when. Who
    registered after the broadcast is not told.
    """
    rows = Broadcast.objects.select_for_update(no_key=True, skip_locked=True)
    row = rows.filter(ended_at=None).order_by("created_at", "id").first()
    if row is None:
        return 0
    users = recipients(row.created_at).filter(id__gt=row.cursor).order_by("id")
    ids = list(users.values_list("id", flat=True)[:BATCH])
    notices.notify_all(
        ids,
        row.type,
        title=row.title,
        message=row.message,
        now=now,
        data=row.data,
        link=row.link,
        dedup_key=f"{row.type}:{row.id}",
    )
    row.reached += len(ids)
    if len(ids) < BATCH:
        row.ended_at = now
    else:
        row.cursor = ids[-1]
    row.save()
    return len(ids)


def recipients(at: datetime) -> models.QuerySet[User]:
    """Return the users that a broadcast of this moment is for."""
    return User.objects.filter(status=Status.ACTIVE, created_at__lte=at)


@transaction.atomic
def announce(title: str, message: str, *, actor: User, address: str, now: datetime) -> Broadcast:
    """Send a maintenance notice of staff to everybody; audited."""
    row = notices.broadcast("SYSTEM_MAINTENANCE", title=title, message=message, now=now)
    details = {"title": title, "message": message}
    audit.record(
        actor.id, "notifications.broadcast", row.id, now=now, details=details, address=address
    )
    return row
