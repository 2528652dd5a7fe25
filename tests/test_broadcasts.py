"""Telling everybody: in batches, each once, whoever dies in the middle."""

from functools import partial

import pytest
from django.db import transaction

from dualis.accounts.models import AuditEntry
from dualis.lending import staff
from dualis.notifications import broadcasts, notices
from dualis.notifications.models import Broadcast, Delivery, Notification
from tests import lending_market as lm
from tests.people import NOW, later, make_staff, make_user
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def seven(monkeypatch):
    monkeypatch.setattr(broadcasts, "BATCH", 3)
    return [make_user(f"u{n}@example.com") for n in range(7)]


def tell(type="PROTOCOL_PAUSED", now=NOW):
    return notices.broadcast(type, title="t", message="m", now=now, data={"a": 1}, link="/x")


def steps(now=NOW):
    done = []
    while count := broadcasts.step(now):
        done.append(count)
    return done


def told():
    return sorted(Notification.objects.values_list("user__email", flat=True))


def test_everybody_is_told_once_in_batches(seven):
    row = tell()
    assert steps(later(seconds=5)) == [3, 3, 1] and steps() == []
    assert told() == [user.email for user in seven]
    stored = Notification.objects.first()
    assert (stored.type, stored.data, stored.link) == ("PROTOCOL_PAUSED", {"a": 1}, "/x")
    row.refresh_from_db()
    assert (row.reached, row.ended_at) == (7, later(seconds=5))


def test_a_number_that_fills_its_last_batch_ends_with_an_empty_one(seven):
    make_user("u7@example.com")
    make_user("u8@example.com")
    tell()
    assert [broadcasts.step(NOW) for _ in range(4)] == [3, 3, 3, 0]
    assert Broadcast.objects.get().ended_at == NOW and len(told()) == 9


def test_who_is_not_active_or_came_later_is_not_told(seven):
    make_user("gone@example.com", status="suspended")
    tell()
    make_user("late@example.com", created_at=later(seconds=1))
    steps()
    assert told() == [user.email for user in seven]


def test_a_batch_that_dies_before_its_commit_is_sent_again_and_nobody_is_told_twice(seven):
    tell()
    broadcasts.step(NOW)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        broadcasts.step(NOW)
        raise KeyboardInterrupt
    assert len(told()) == 3
    assert steps() == [3, 1] and told() == [user.email for user in seven]


def test_two_broadcasts_are_sent_one_after_the_other_whatever_the_dedup_window(seven):
    for number, type in enumerate(("PROTOCOL_PAUSED", "PROTOCOL_RESUMED", "PROTOCOL_PAUSED")):
        tell(type, now=later(seconds=number))
    steps(later(seconds=9))
    mine = Notification.objects.filter(user=seven[0]).order_by("id")
    assert sorted(mine.values_list("type", flat=True)) == [
        "PROTOCOL_PAUSED",
        "PROTOCOL_PAUSED",
        "PROTOCOL_RESUMED",
    ]
    ended = Broadcast.objects.order_by("created_at").values_list("reached", flat=True)
    assert list(ended) == [7, 7, 7]


def test_many_engines_at_once_tell_each_once(seven):
    tell()
    results = together(*[partial(steps)] * 4)
    assert not raised(results) and told() == [user.email for user in seven]


def test_one_that_is_rolled_back_is_sent_to_nobody(seven):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell()
        raise ZeroDivisionError
    assert steps() == []


def test_an_announcement_of_staff_is_audited():
    actor = make_staff()
    row = broadcasts.announce("Down", "At ten.", actor=actor, address="192.0.2.9", now=NOW)
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target) == (actor, "notifications.broadcast", row.id)
    assert entry.details == {"title": "Down", "message": "At ten."}
    assert (row.type, row.title, row.message) == ("SYSTEM_MAINTENANCE", "Down", "At ten.")


def test_pausing_the_protocol_tells_everybody_and_so_does_resuming():
    ada = make_user(email_verified_at=NOW)
    lm.opened()
    by = {"actor": make_staff(), "address": "", "now": lm.T0}
    staff.pause_protocol(is_paused=True, **by)
    staff.pause_protocol(is_paused=True, **by)
    staff.pause_protocol(is_paused=False, **by)
    steps(lm.T0)
    types = set(Notification.objects.filter(user=ada).values_list("type", "title"))
    assert types == {
        ("PROTOCOL_PAUSED", "Protocol paused"),
        ("PROTOCOL_RESUMED", "Protocol resumed"),
    }
    assert Broadcast.objects.count() == 2
    assert Delivery.objects.filter(user=ada, door="email").count() == 2
