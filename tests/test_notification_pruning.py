"""What is forgotten, and that the count stays right."""

from datetime import timedelta

import pytest

from dualis.notifications import notices, pruning
from dualis.notifications.models import Delivery, Notification, UnreadCount
from realtime import snapshots, topics
from tests.outgoing import waiting
from tests.people import NOW, make_user
from tests.test_join import verify_join

pytestmark = pytest.mark.django_db(transaction=True)


def tell(user, days):
    now = NOW - timedelta(days=days)
    return notices.notify(user.id, "REWARD_CLAIMED", title="t", message="m", now=now)


def test_notifications_of_90_days_go_with_an_event_and_leave_the_count():
    ada, bob = make_user(), make_user("bob@example.com")
    read, _, young = tell(ada, 91), tell(ada, 90), tell(ada, 89)
    tell(bob, 91)
    notices.mark_read(ada.id, read.id, now=NOW)
    verify_join("notifications", lambda: pruning.prune(NOW), ada.id)
    assert list(Notification.objects.all()) == [young]
    assert [row.count for row in UnreadCount.objects.order_by("count")] == [0, 1]
    rows = snapshots.read(topics.select("notifications", {}), bob.id).rows
    assert [row.data for row in rows] == [{"event": "unread_count", "count": 0}]


def test_a_call_prunes_a_batch_and_the_next_one_the_rest(monkeypatch):
    monkeypatch.setattr(pruning, "BATCH", 2)
    monkeypatch.setattr(pruning, "DELIVERY_BATCH", 2)
    ada = make_user()
    for _ in range(3):
        tell(ada, 91)
        waiting(ada, created_at=NOW - timedelta(days=30))
    kept = waiting(ada, created_at=NOW - timedelta(days=29))
    assert [pruning.prune(NOW) for _ in range(3)] == [4, 2, 0]
    assert list(Delivery.objects.all()) == [kept]
    assert UnreadCount.objects.get().count == 0


def test_what_a_user_does_while_pruning_waits_for_the_count_is_seen(monkeypatch):
    ada = make_user()
    gone, read = tell(ada, 91), tell(ada, 91)
    lock = notices.lock

    def meanwhile(user_ids):
        monkeypatch.setattr(notices, "lock", lock)
        notices.delete(ada.id, gone.id)
        notices.mark_read(ada.id, read.id, now=NOW)
        return lock(user_ids)

    monkeypatch.setattr(notices, "lock", meanwhile)
    assert pruning.prune(NOW) == 1
    assert UnreadCount.objects.get().count == 0 and not Notification.objects.exists()
