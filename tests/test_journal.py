"""The journal: no holes, no events of what was rolled back, one announcement a transaction."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from dualis.bulk import COPIED_FROM, save_all
from dualis.errors import JournalGone
from dualis.notifications.models import Notification, UnreadCount
from dualis.retry import retried
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


@pytest.fixture
def failing(monkeypatch):
    """Let a write fail inside the journal; its traceback keeps all that was under way alive."""
    kept = []

    def fail(part):
        kept.append(part)
        raise RuntimeError

    @contextmanager
    def inside():
        with monkeypatch.context() as patch:
            patch.setattr(journal, "_write", fail)
            with pytest.raises(RuntimeError) as caught, transaction.atomic():
                yield
        kept.append(caught)

    return inside


def test_what_a_failed_transaction_left_silences_no_later_one(alice, announced, failing):
    with failing():
        world.notification(alice)
    later = world.notification(alice)
    assert announced == [[later.id]]


def test_what_a_failed_savepoint_left_does_not_silence_the_rest(alice, announced, failing):
    with transaction.atomic():
        first = world.notification(alice)
        with failing():
            world.notification(alice)
    assert announced == [[first.id]]


def test_one_transaction_is_announced_once_in_order(alice, announced):
    with transaction.atomic():
        first = world.notification(alice)
        with transaction.atomic():
            second = world.notification(alice)
        count_row(alice).save()
    assert announced == [[first.id, second.id, "unread_count"]]


def test_events_are_numbered_though_the_heads_answer_comes_with_the_commit(alice):
    told, before = [], journal.position().seq
    undo = journal.listen(lambda epoch, events: told.extend((epoch, e.seq, e.key) for e in events))
    first, second = (world.notification(alice, save=False) for _ in range(2))

    def act():
        save_all([first])
        with pytest.raises(RuntimeError), transaction.atomic():
            save_all([world.notification(alice, save=False)])
            raise RuntimeError
        save_all([count_row(alice), second])

    retried(act)
    undo()
    epoch = journal.position().epoch
    keys = [first.id, "unread_count", second.id]
    assert told == [(epoch, before + place, key) for place, key in enumerate(keys, 1)]
    assert [(e.seq, e.key) for e in journal.since(before)] == [one[1:] for one in told]


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


def test_events_of_a_bulk_are_written_as_those_of_single_rows(alice):
    odd = 'a tab\t, a new line\n, a backslash \\, "quotes", \u00e4\u4e16\u754c and \\N'
    rows = [
        world.notification(alice, save=False, title=odd) for _ in range(journal.COPIED_FROM + 10)
    ]
    before = journal.position().seq
    save_all(rows)
    in_bulk = {e.key: e for e in journal.since(before)}
    before = journal.position().seq
    for row in rows[:5]:
        row.save()
    for single in journal.since(before):
        bulk = in_bulk[single.key]
        assert (bulk.text, bulk.dims, bulk.owner) == (single.text, single.dims, single.owner)
        assert bulk.channel == single.channel and not bulk.is_deleted
    kept = Event.objects.filter(seq__gt=before - len(rows)).values_list("is_state", "dims")
    assert len(set(map(str, kept))) == 1 and len(in_bulk) == len(rows)


def test_an_event_that_cannot_be_written_in_bulk_is_an_error_of_the_database(alice):
    rows = [world.notification(alice, save=False) for _ in range(journal.COPIED_FROM)]
    world.notification(alice)
    Head.objects.filter(id=1).update(seq=0)
    with pytest.raises(IntegrityError):
        save_all(rows)
    assert not Notification.objects.filter(id=rows[0].id).exists()


def test_of_existing_rows_one_column_alone_can_be_written(alice, announced):
    rows = [world.notification(alice) for _ in range(4)]
    Notification._base_manager.filter(id=rows[0].id).update(message="by another hand")
    for row, title in zip(rows, ["b", "a", "b", "a"], strict=True):
        row.title = title
    announced.clear()
    save_all(rows[:3], silent=rows[3:], field="title")
    assert announced == [[row.id for row in rows[:3]]]
    kept = Notification.objects.in_bulk([row.id for row in rows])
    assert [kept[row.id].title for row in rows] == ["b", "a", "b", "a"]
    assert kept[rows[0].id].message == "by another hand"


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


@pytest.mark.parametrize("count", [COPIED_FROM - 1, COPIED_FROM])
def test_new_rows_are_the_same_read_again_whichever_way_they_were_written(count):
    user = world.user("alice")
    texts = ["plain", "tab\tand\nline", "back\\slash \\N", "\u00fcml\u00e4ut \U0001f4b0"]
    rows = [
        world.notification(
            user,
            save=False,
            message=texts[number % 4],
            data={"text": texts[number % 4], "none": None, "number": 1.5},
            read_at=world.now() if number % 2 else None,
        )
        for number in range(count)
    ]
    before = journal.position().seq
    save_all(rows, is_new=True)
    kept = {row.id: row for row in Notification.objects.all()}
    events = {event.key: json.loads(event.text) for event in journal.since(before)}
    assert len(kept) == len(events) == count
    for row in rows:
        assert kept[row.id].to_dict() == row.to_dict() == events[row.id]
    rows[0].title = "another"
    rows[0].save()
    assert Notification.objects.get(id=rows[0].id).title == "another"
