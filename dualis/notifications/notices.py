"""Telling a user something, and what the user does with it.

1. The unread count moves in the transaction that changes the notification, under the count's lock.
2. What was told, stored or not, is remembered in that transaction, and waits at the outer doors.
3. All counts are locked, by user, before anything is written.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import transaction

from dualis import errors
from dualis.bulk import save_all
from dualis.notifications import preferences, rules
from dualis.notifications.door_models import Broadcast, Delivery
from dualis.notifications.exits import Exits
from dualis.notifications.kinds import KINDS, Door
from dualis.notifications.memory import Memory
from dualis.notifications.models import Notification, UnreadCount

T = TypeVar("T")
PART = 2_000  # notices handled at once: a statement has so many parameters at most


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told to one user; `dedup_key` is the type if empty.

    `only` names the one door it may leave by, for trying that door.
    """

    user_id: str
    type: str
    title: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""
    dedup_key: str = ""
    only: Door | None = None

    @property
    def key(self) -> str:
        return self.dedup_key or self.type

    def notification(self, now: datetime) -> Notification:
        """Return the row of this notice, not yet saved."""
        kind = KINDS[self.type]
        return Notification(
            user_id=self.user_id,
            type=self.type,
            category=kind.category.value,
            severity=kind.severity.value,
            title=self.title,
            message=self.message,
            data=dict(self.data),
            link=self.link,
            created_at=now,
        )


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of some notices: the stored ones, and what waits at outer doors."""

    notifications: list[Notification]
    deliveries: list[Delivery]


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
    """Tell a user something; return the notification, None if none was stored."""
    notice = Notice(user_id, type, title, message, data or {}, link, dedup_key)
    stored = notify_each([notice], now=now)
    return stored[0] if stored else None


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
    """Tell each of these users the same; return the notifications that were stored."""
    notices = [
        Notice(user_id, type, title, message, data or {}, link, dedup_key)
        for user_id in dict.fromkeys(user_ids)
    ]
    return notify_each(notices, now=now)


def notify_each(notices: Sequence[Notice], *, now: datetime) -> list[Notification]:
    """Tell many different things in one transaction; return the notifications that were stored."""
    return tell(notices, now=now).notifications


@transaction.atomic
def tell(notices: Sequence[Notice], *, now: datetime) -> Sent:
    """Send each notice through the doors that `rules.doors` leaves it.

    Locks the counts of all users named, in the order of their ids, before the first write.
    """
    ordered = sorted(notices, key=lambda notice: notice.user_id)
    counts = lock({notice.user_id for notice in ordered})
    sent = Sent([], [])
    for part in _parts(ordered):
        _tell(part, counts, sent, now)
    return sent


def _tell(
    notices: Sequence[Notice], counts: Mapping[str, UnreadCount], sent: Sent, now: datetime
) -> None:
    user_ids = {notice.user_id for notice in notices}
    memories = {user_id: Memory(counts[user_id].past, now) for user_id in user_ids}
    chosen, exits = preferences.of(user_ids), Exits(user_ids)
    stored: list[Notification] = []
    waiting: list[Delivery] = []
    told: set[str] = set()
    for notice in notices:
        user_id = notice.user_id
        memory = memories[user_id]
        doors = exits.doors(user_id) & rules.doors(
            notice.type,
            chosen[user_id],
            is_repeat=memory.is_repeat(notice.key),
            used=memory.used(),
        )
        if notice.only is not None:
            doors &= {notice.only}
        if not doors:
            continue
        notification = notice.notification(now)
        if Door.IN_APP in doors:
            stored.append(notification)
        waiting += exits.rows(notification, doors, now)
        memory.note(notice.type, notice.key, doors)
        told.add(user_id)
    for user_id in told:
        counts[user_id].past = memories[user_id].to_dict()
    for notification in stored:
        counts[notification.user_id].count += 1
    counted = {notification.user_id for notification in stored}
    Delivery.objects.bulk_create(waiting)
    save_all(stored, is_new=True)
    save_all(
        [counts[user_id] for user_id in sorted(counted)],
        silent=[counts[user_id] for user_id in sorted(told - counted)],
    )
    sent.notifications.extend(stored)
    sent.deliveries.extend(waiting)


def broadcast(
    type: str,
    *,
    title: str,
    message: str,
    now: datetime,
    data: dict[str, Any] | None = None,
    link: str = "",
) -> Broadcast:
    """Tell everybody, once the caller's transaction is committed: `broadcasts.step` sends it."""
    assert type in KINDS, "the catalogue lists every type"
    return Broadcast.objects.create(
        type=type, title=title, message=message, data=data or {}, link=link, created_at=now
    )


@transaction.atomic
def mark_read(user_id: str, notification_id: str, *, now: datetime) -> Notification:
    """Mark one notification as read; reading it again changes nothing."""
    unread = lock({user_id})[user_id]
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
    unread = lock({user_id})[user_id]
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
    unread = lock({user_id})[user_id]
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


def lock(user_ids: Collection[str]) -> dict[str, UnreadCount]:
    """Lock the counts of these users, in the order of their ids; make those that are missing."""
    parts = list(_parts(sorted(user_ids)))
    for wanted in parts:
        made = set(UnreadCount.objects.filter(user_id__in=wanted).values_list("user_id", flat=True))
        missing = [UnreadCount(user_id=user_id) for user_id in wanted if user_id not in made]
        UnreadCount._base_manager.bulk_create(missing, ignore_conflicts=True)
    counts: dict[str, UnreadCount] = {}
    for wanted in parts:
        rows = UnreadCount.objects.select_for_update(no_key=True).filter(user_id__in=wanted)
        counts |= {str(row.user_id): row for row in rows.order_by("user_id")}
    return counts


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + PART] for start in range(0, len(items), PART))
