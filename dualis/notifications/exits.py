"""The outer doors of users, mail and webhooks: who can be reached, and the rows that wait there.

Knows who can be reached. Does not decide who should be.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from dualis.accounts.models import Status, User
from dualis.notifications.door_models import Delivery, Webhook
from dualis.notifications.kinds import Door
from dualis.notifications.models import Notification


class Exits:
    """The outer doors of some users, as they stand now."""

    def __init__(self, user_ids: Collection[str]) -> None:
        """Read who has a proven address and an active account, and whose webhooks are on."""
        reachable = User.objects.filter(id__in=user_ids, status=Status.ACTIVE)
        proven = reachable.filter(email_verified_at__isnull=False).order_by()
        self._mailable = set(proven.values_list("id", flat=True))
        self._webhooks: defaultdict[str, list[str]] = defaultdict(list)
        active = Webhook.objects.filter(user_id__in=user_ids, user__status=Status.ACTIVE)
        for user_id, webhook_id in active.filter(is_active=True).values_list("user_id", "id"):
            self._webhooks[user_id].append(webhook_id)

    def doors(self, user_id: str) -> frozenset[Door]:
        """Return the doors by which a user can be reached at all; the app is always one."""
        mail = {Door.EMAIL} if user_id in self._mailable else set()
        hooks = {Door.WEBHOOK} if user_id in self._webhooks else set()
        return frozenset({Door.IN_APP} | mail | hooks)

    def rows(
        self, notification: Notification, doors: Collection[Door], now: datetime
    ) -> list[Delivery]:
        """Return, not yet saved, a delivery of the notification for each of these outer doors."""
        user_id = notification.user_id
        rows = [waiting(notification, Door.EMAIL, now)] if Door.EMAIL in doors else []
        if Door.WEBHOOK in doors:
            rows += [
                waiting(notification, Door.WEBHOOK, now, webhook_id)
                for webhook_id in self._webhooks[user_id]
            ]
        return rows


def waiting(
    notification: Notification, door: Door, now: datetime, webhook_id: str | None = None
) -> Delivery:
    """Return, not yet saved, a delivery that is due at once."""
    return Delivery(
        user_id=notification.user_id,
        door=door.value,
        webhook_id=webhook_id,
        payload=notification.to_dict(),
        created_at=now,
        due_at=now,
    )
