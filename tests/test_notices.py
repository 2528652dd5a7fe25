"""Telling: what is stored, counted and queued; one, many, and from many threads at once."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from dualis.accounts import passwords
from dualis.accounts.models import Status, User
from dualis.notifications import notices, preferences, pruning, webhooks
from dualis.notifications.kinds import Door
from dualis.notifications.models import Delivery, Notification, UnreadCount
from dualis.notifications.notices import Notice
from realtime import journal, snapshots, topics
from tests import world
from tests.people import LAPTOP, NOW, PASSWORD, PHONE, later, make_user, sign_in
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada():
    return make_user(email_verified_at=NOW)


def tell(user, type="PASSWORD_CHANGED", key="", now=NOW, **others):
    return notices.tell([Notice(user.id, type, "t", "m", dedup_key=key, **others)], now=now)


def choose(user, **groups):
    preferences.change(user.id, groups, now=NOW)


def unread(user):
    return UnreadCount.objects.get(user=user).count


def doors_of(deliveries):
    return sorted(delivery.door for delivery in deliveries)


# --- one notice -------------------------------------------------------------------------------
def test_a_notice_is_stored_counted_and_waits_at_the_mail(ada):
    sent = tell(ada, data={"a": 1}, link="/x")
    (row,) = Notification.objects.all()
    (mail,) = Delivery.objects.all()
    assert [row] == sent.notifications and [mail] == sent.deliveries and unread(ada) == 1
    assert (mail.user, mail.door, mail.payload) == (ada, "email", row.to_dict())
    assert (mail.state, mail.due_at, mail.webhook_id) == ("pending", NOW, None)


def test_a_webhook_that_is_on_gets_a_delivery_each_once_its_door_is_open(ada):
    hooks = [webhooks.create(ada.id, f"https://{n}.example.com", now=NOW) for n in "abc"]
    webhooks.change(ada.id, hooks[2].id, is_active=False, now=NOW)
    assert doors_of(tell(ada, "PROTOCOL_PAUSED").deliveries) == ["email"]
    choose(ada, channels={"webhook": True})
    sent = tell(ada, "PROTOCOL_PAUSED", now=later(minutes=6)).deliveries
    assert doors_of(sent) == ["email", "webhook", "webhook"]
    assert {row.webhook_id for row in sent if row.webhook_id} == {hooks[0].id, hooks[1].id}


@pytest.mark.parametrize(
    "change", [{"email_verified_at": None}, {"status": Status.SUSPENDED}], ids=str
)
def test_no_letter_waits_for_who_has_no_proven_address_or_no_account(ada, change):
    for name, value in change.items():
        setattr(ada, name, value)
    ada.save()
    assert not tell(ada).deliveries and unread(ada) == 1


def test_with_the_app_closed_a_letter_waits_and_nothing_is_stored(ada):
    choose(ada, channels={"inApp": False})
    before = journal.position().seq
    sent = tell(ada, "HEALTH_FACTOR_DANGER")
    assert doors_of(sent.deliveries) == ["email"] and not sent.notifications
    assert unread(ada) == 0 and journal.position().seq == before
    assert not tell(ada, "HEALTH_FACTOR_DANGER").deliveries, "and it is remembered"


def test_what_a_user_wants_not_to_know_leaves_no_trace(ada):
    choose(ada, financial={"enabled": False})
    sent = tell(ada, "HEALTH_FACTOR_DANGER")
    assert not sent.notifications and not sent.deliveries
    assert UnreadCount.objects.get(user=ada).past == {}


def test_deleting_a_notification_does_not_open_its_window(ada):
    stored = tell(ada, "HEALTH_FACTOR_DANGER").notifications[0]
    notices.delete(ada.id, stored.id)
    assert not tell(ada, "HEALTH_FACTOR_DANGER", now=later(minutes=119)).notifications
    assert tell(ada, "HEALTH_FACTOR_DANGER", now=later(minutes=120)).notifications


def test_after_a_deeper_fall_the_next_fall_is_told_again(ada):
    def level(name, minutes):
        key = f"HEALTH_FACTOR_{name}:brw_1"
        return bool(tell(ada, f"HEALTH_FACTOR_{name}", key, later(minutes=minutes)).notifications)

    falls = [level("CAUTION", 0), level("CAUTION", 1), level("DANGER", 2), level("CAUTION", 3)]
    assert falls == [True, False, True, True]
    assert [level("DANGER", 4), level("CAUTION", 5)] == [False, False]


def test_the_eleventh_letter_of_an_hour_is_not_written_and_a_critical_one_is(ada):
    for _ in range(11):
        tell(ada)
    assert Delivery.objects.count() == 10 and unread(ada) == 11
    assert doors_of(tell(ada, "LIQUIDATION_EXECUTED").deliveries) == ["email"]
    assert not tell(ada).deliveries
    assert doors_of(tell(ada, now=later(minutes=60)).deliveries) == ["email"]


def test_a_rolled_back_telling_is_forgotten(ada):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tell(ada, "HEALTH_FACTOR_DANGER")
        raise ZeroDivisionError
    assert not Delivery.objects.exists()
    assert tell(ada, "HEALTH_FACTOR_DANGER").notifications


# --- many -------------------------------------------------------------------------------------
def test_many_notices_are_told_in_order_under_one_count_a_user(ada, monkeypatch):
    monkeypatch.setattr(notices, "PART", 3)  # so that a user's notices fall into several parts
    bob = make_user("bob@example.com")
    many = [Notice(user.id, "REWARD_CLAIMED", str(n), "m") for n in range(4) for user in (bob, ada)]
    before = journal.position().seq
    stored = notices.notify_each(many, now=NOW)
    assert sorted(row.title for row in stored if row.user_id == ada.id) == list("0123")
    assert (unread(ada), unread(bob)) == (4, 4)
    events = journal.since(before, owner=ada.id)
    counts = [e.text for e in events if e.key == "unread_count"]
    assert counts[-1] == '{"event":"unread_count","count":4}'
    assert len(events) == 4 + len(counts)


WHAT = {"title": "t", "message": "m", "now": NOW}


def test_a_repeat_inside_one_call_is_told_once(ada):
    twice = [Notice(ada.id, "HEALTH_FACTOR_DANGER", "t", "m")] * 2
    assert len(notices.notify_each(twice, now=NOW)) == 1
    assert len(notices.notify_all([ada.id, ada.id], "PROTOCOL_RESUMED", **WHAT)) == 1


def test_nobody_to_tell_is_no_error():
    assert notices.notify_each([], now=NOW) == []


def test_sixteen_threads_tell_the_same_people_in_any_order(ada):
    users = [ada, *(make_user(f"u{n}@example.com") for n in range(4))]

    def act(number):
        order = users if number % 2 else users[::-1]
        fresh = [Notice(u.id, "REWARD_CLAIMED", str(number), "m") for u in order]
        same = [Notice(u.id, "HEALTH_FACTOR_DANGER", "t", "m") for u in order]
        return len(notices.notify_each([*fresh, *same], now=NOW))

    results = together(*(partial(act, number) for number in range(16)))
    assert not raised(results) and sum(results) == 5 * 17
    assert [unread(user) for user in users] == [17] * 5
    dangers = Notification.objects.filter(type="HEALTH_FACTOR_DANGER")
    assert dangers.count() == 5


# --- the count --------------------------------------------------------------------------------
ACTS = st.lists(
    st.tuples(
        st.sampled_from(["tell", "repeat", "muted", "read", "read_all", "delete", "prune"]),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)


@given(acts=ACTS)
@settings(max_examples=15, deadline=None)
def test_the_unread_count_on_the_channel_equals_rest_at_every_seq(acts):
    user = make_user(f"p{User.objects.count()}@example.com")
    choose(user, governance={"enabled": False})
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(user)}")
    for name, number in acts:
        rows = list(Notification.objects.filter(user=user))
        row = rows[number % len(rows)] if rows else None
        match name:
            case "tell":
                notices.notify_each(
                    [Notice(user.id, "REWARD_CLAIMED", "t", "m")] * number, now=world.now()
                )
            case "repeat":
                tell(user, "HEALTH_FACTOR_DANGER", now=world.now())
            case "muted":
                tell(user, "PROPOSAL_PASSED", now=world.now())
            case "read" if row:
                notices.mark_read(user.id, row.id, now=world.now())
            case "read_all":
                notices.mark_all_read(user.id, now=world.now())
            case "delete" if row:
                notices.delete(user.id, row.id)
            case "prune":
                pruning.prune(world.now() + timedelta(days=91))
        rest = client.get("/v1/notifications/unread-count").json()
        read = snapshots.read(topics.select("notifications", {}), user.id)
        shown = {row.key: row.data for row in read.rows}["unread_count"]["count"]
        stored = Notification.objects.filter(user=user, read_at=None).count()
        assert (rest["seq"], rest["count"], stored) == (read.seq, shown, shown)


# --- the triggers that stand here -------------------------------------------------------------
def test_the_notices_of_accounts_leave_by_mail(ada):
    sign_in(ada, LAPTOP, now=NOW)
    sign_in(ada, PHONE, now=later(minutes=1))
    passwords.change(ada.id, PASSWORD, "Correct-Horse-8", PHONE, now=later(minutes=2))
    types = Delivery.objects.order_by("due_at").values_list("payload__type", "door")
    assert list(types) == [("NEW_LOGIN_DEVICE", "email"), ("PASSWORD_CHANGED", "email")]


def test_only_narrows_the_doors(ada):
    assert not tell(ada, "TEST", only=Door.EMAIL).notifications
    assert not tell(ada, "TEST", only=Door.IN_APP).deliveries
