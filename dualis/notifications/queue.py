"""The queue of deliveries: claiming one, and what becomes of it.

1. A claim is committed before the try, so no lock is held while a receiver is slow.
2. Who dies with a claim leaves it to lapse: the delivery is tried again, with the same id.
3. Who comes back after his claim has lapsed changes nothing.
"""

from datetime import datetime, timedelta

from django.db import connection, models, transaction

from dualis.identifiers import public_id
from dualis.notifications import webhooks
from dualis.notifications.door_models import Delivery, State
from dualis.notifications.kinds import Door
from dualis.notifications.outcome import Outcome

TRIES = 3  # spec 8: 3 tries, exponentially from 30 s
FIRST_WAIT = timedelta(seconds=30)
CLAIMING = 0x77656268  # "webh"; the key of the lock
CLAIM = timedelta(seconds=120)  # far above what resolving a name and a try's 10 s can take


def due(door: Door, now: datetime, limit: int) -> int:
    """Return how many deliveries wait at a door, counting no further than `limit`."""
    return len(_due(door, now).values_list("id")[:limit])


@transaction.atomic
def claim(door: Door, now: datetime) -> Delivery | None:
    """Take the delivery that has waited longest, with its user and webhook; None if none is due.

    Of one user's webhook calls one is sent at a time, so a slow receiver holds up only himself. For
    that, claims of webhook calls come one after another: each sees what the last one took.
    """
    if door is Door.WEBHOOK and connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CLAIMING])
    rows = _due(door, now).select_related("user", "webhook")
    delivery = rows.select_for_update(no_key=True, skip_locked=True, of=("self",)).first()
    if delivery is not None:
        delivery.state, delivery.claim = State.SENDING, public_id("clm", 16)
        delivery.due_at = now + CLAIM
        delivery.save(update_fields=["state", "claim", "due_at"])
    return delivery


@transaction.atomic
def finish(delivery: Delivery, outcome: Outcome, *, now: datetime) -> bool:
    """Write down how a claimed delivery went; tell whether the claim still stood.

    Locks its webhook, then the delivery, then (by telling) the count of the user.
    """
    webhook = webhooks.lock(delivery.webhook_id) if delivery.webhook_id else None
    held = Delivery.objects.select_for_update(no_key=True)
    row = held.filter(pk=delivery.pk, state=State.SENDING, claim=delivery.claim).first()
    if row is None:
        return False
    row.attempts += 1
    row.status, row.error, row.claim = outcome.status, outcome.error, ""
    if outcome.is_delivered:
        row.state, row.ended_at = State.DELIVERED, now
    elif outcome.is_final or row.attempts >= TRIES:
        row.state, row.ended_at = State.FAILED, now
    else:
        row.state, row.due_at = State.PENDING, now + FIRST_WAIT * 2 ** (row.attempts - 1)
    row.save()
    if webhook is not None and row.ended_at is not None and not outcome.is_final:
        webhooks.note(webhook, is_delivered=outcome.is_delivered, now=now)
    return True


def _due(door: Door, now: datetime) -> models.QuerySet[Delivery]:
    rows = Delivery.objects.filter(door=door.value, ended_at=None, due_at__lte=now)
    if door is Door.WEBHOOK:
        sending = Delivery.objects.filter(door=door.value, state=State.SENDING, due_at__gt=now)
        rows = rows.exclude(user_id__in=sending.values("user_id"))
    return rows.order_by("due_at", "id")
