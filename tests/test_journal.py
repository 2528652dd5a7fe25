"""The journal: no holes, no events of what was rolled back, one announcement a transaction."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from dualis.bulk import save_all
from dualis.errors import JournalGone
from dualis.notifications.models import Notification, UnreadCount
from realtime import journal
from realtime.models import Event, Head
from tests import world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def announced():
    batches = []
    undo = journal.listen(lambda epoch, events: batches.append([e.key for e in events]))
    yield batches
    undo()


@pytest.fixture
def alice():
    return world.user("alice")


def count_row(user, count=1):
    return UnreadCount(user=user, count=count)


def seqs():
    return list(Event.objects.order_by("seq").values_list("seq", flat=True))


def test_saving_a_row_records_its_whole_public_state(alice):
    before = journal.position().seq
    row = world.notification(alice)
    (event,) = journal.since(before)
    assert json.loads(event.text) == row.to_dict()
    assert (event.channel, event.key, event.owner) == ("notifications", row.id, alice.id)
    assert event.seq == before + 1 == journal.position().seq


def test_deleting_a_row_records_its_end(alice):
    row = world.notification(alice)
    before = journal.position().seq
    row.delete()
    (event,) = journal.since(before)
    assert event.is_deleted and json.loads(event.text)["deleted"] is True


def test_a_rollback_leaves_neither_event_nor_hole_nor_announcement(alice, announced):
    before = journal.position().seq
    with pytest.raises(RuntimeError), transaction.atomic():
        world.notification(alice)
        raise RuntimeError
    assert announced == [] and journal.position().seq == before
    world.notification(alice)
    assert journal.since(before)[0].seq == before + 1


def test_one_transaction_is_announced_once_in_order(alice, announced):
    with transaction.atomic():
        first = world.notification(alice)
        with transaction.atomic():
            second = world.notification(alice)
        count_row(alice).save()
    assert announced == [[first.id, second.id, "unread_count"]]


def test_a_rolled_back_savepoint_leaves_neither_event_nor_hole(alice, announced):
    before = journal.position().seq
    with transaction.atomic():
        first = world.notification(alice)
        with pytest.raises(RuntimeError), transaction.atomic():
            world.notification(alice)
            raise RuntimeError
        last = world.notification(alice)
    assert announced == [[first.id, last.id]]
    assert [e.seq for e in journal.since(before)] == [before + 1, before + 2]


def test_a_savepoint_rolled_back_at_the_end_still_announces_the_rest(alice, announced):
    with transaction.atomic():
        first = world.notification(alice)
        with pytest.raises(RuntimeError), transaction.atomic():
            world.notification(alice)
            raise RuntimeError
    assert announced == [[first.id]]


def test_transactions_after_each_other_are_announced_apart(alice, announced):
    first, second = world.notification(alice), world.notification(alice)
    assert announced == [[first.id], [second.id]]


def test_many_rows_take_one_head_increment_and_one_announcement(alice, announced):
    before = journal.position().seq
    rows = [world.notification(alice, save=False) for _ in range(5)]
    save_all(rows)
    assert announced == [[row.id for row in rows]]
    assert [e.seq for e in journal.since(before)] == list(range(before + 1, before + 6))
    assert Notification.objects.count() == 5


def test_rows_of_several_models_take_one_head_increment_and_one_announcement(alice, announced):
    before = journal.position().seq
    row = world.notification(alice, save=False)
    save_all([row, count_row(alice, 3)])
    assert announced == [[row.id, count_row(alice).stream_key()]]
    assert [e.seq for e in journal.since(before)] == [before + 1, before + 2]
    assert UnreadCount.objects.get(user=alice).count == 3
    save_all([count_row(alice, 4)])
    assert UnreadCount.objects.get(user=alice).count == 4


def test_silent_rows_are_written_and_not_announced(alice, announced):
    loud, silent = world.notification(alice, save=False), world.notification(alice, save=False)
    save_all([loud], silent=[silent])
    assert announced == [[loud.id]] and Notification.objects.filter(id=silent.id).exists()


def test_a_published_row_cannot_be_changed_in_silence(alice):
    with pytest.raises(TypeError, match="save_all"):
        Notification.objects.filter(user=alice).update(title="silent")
    with pytest.raises(TypeError, match="save_all"):
        Notification.objects.bulk_create([world.notification(alice, save=False)])


def test_since_gives_the_callers_own_and_the_public_events(alice):
    bob = world.user("bob")
    before = journal.position().seq
    mine, _theirs = world.notification(alice), world.notification(bob)
    world.quote("ETH", "2041")
    visible = [e.key for e in journal.since(before, owner=alice.id)]
    assert visible == [mine.id, "ETH"]
    assert len(journal.since(before)) == 3


def test_pruning_keeps_event_channels_a_week_and_state_channels_an_hour(alice):
    before = journal.position().seq
    world.quote("ETH", "2041")
    world.notification(alice)
    now = timezone.now()
    assert journal.prune(now + timedelta(minutes=59)) == 0
    assert journal.prune(now + timedelta(minutes=61)) > 0
    assert [e.channel for e in journal.since(before)] == ["notifications"]
    at = journal.position()
    assert at.is_gone(before, with_state=True) and not at.is_gone(before, with_state=False)
    journal.prune(now + timedelta(days=8))
    assert journal.position().is_gone(before, with_state=False)
    assert not journal.position().is_gone(at.seq, with_state=True)


def test_asking_for_what_was_pruned_or_never_was_is_gone(alice):
    world.notification(alice)
    at = journal.position()
    journal.require(at.seq, at.epoch, at, with_state=True)
    for after, epoch in ((at.seq + 1, at.epoch), (at.seq, "another epoch")):
        with pytest.raises(JournalGone):
            journal.require(after, epoch, at, with_state=True)


def test_pruning_goes_in_batches_and_leaves_no_old_row(alice, monkeypatch):
    monkeypatch.setattr(journal, "PRUNE_BATCH", 2)
    for _ in range(5):
        world.notification(alice)
    assert journal.prune(timezone.now() + timedelta(days=8)) >= 5
    assert seqs() == []
    assert Head.objects.get(id=1).pruned_events_seq == journal.position().seq
