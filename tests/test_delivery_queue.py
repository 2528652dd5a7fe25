"""The queue: claims, tries, back-off; what a dead worker leaves, and two workers at once."""

from functools import partial

import pytest
from django.db import connection, transaction

from dualis.notifications import queue, webhooks
from dualis.notifications.kinds import Door
from dualis.notifications.models import Delivery, Notification
from dualis.notifications.outcome import DELIVERED, NO_ADDRESS, OUR_FAULT, SWITCHED_OFF, Outcome
from tests.outgoing import hook, waiting
from tests.people import NOW, later, make_user
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)
REFUSED = Outcome("bad_status", 500)


@pytest.fixture
def ada():
    return make_user(email_verified_at=NOW)


def claim(door=Door.EMAIL, **span):
    return queue.claim(door, later(**span))


def test_a_claim_takes_what_waits_longest_and_nobody_else_gets_it(ada):
    second = waiting(ada, due_at=later(seconds=-1))
    first = waiting(ada, due_at=later(seconds=-2))
    waiting(ada, due_at=later(seconds=1))
    assert [claim(), claim(), claim()] == [first, second, None]
    assert claim(seconds=1) is not None and claim(Door.WEBHOOK, days=1) is None


def test_a_delivered_one_is_over(ada):
    waiting(ada)
    assert queue.finish(claim(), Outcome("", 204), now=later(seconds=3))
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.status, row.error) == ("delivered", 1, 204, "")
    assert row.ended_at == later(seconds=3) and claim(days=1) is None


def test_three_tries_wait_30_and_60_seconds(ada):
    waiting(ada)
    queue.finish(claim(), REFUSED, now=NOW)
    assert claim(seconds=29) is None
    queue.finish(claim(seconds=30), OUR_FAULT, now=later(seconds=30))
    assert claim(seconds=89) is None
    queue.finish(claim(seconds=90), REFUSED, now=later(seconds=90))
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.status, row.error) == ("failed", 3, 500, "bad_status")
    assert row.ended_at == later(seconds=90) and claim(days=1) is None


def test_a_final_outcome_is_not_tried_again(ada):
    waiting(ada)
    queue.finish(claim(), NO_ADDRESS, now=NOW)
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.error) == ("failed", 1, "no_address")


def test_what_a_dead_worker_claimed_is_claimed_again_when_the_claim_lapses(ada):
    waiting(ada)
    lost = claim()
    assert claim(seconds=119) is None
    again = claim(seconds=120)
    assert again == lost and again.claim != lost.claim and again.attempts == 0


def test_who_dies_before_the_claim_is_committed_leaves_nothing(ada):
    waiting(ada)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        assert claim()
        raise KeyboardInterrupt
    assert claim()


def test_who_comes_back_after_his_claim_lapsed_changes_nothing(ada):
    waiting(ada)
    slow = claim()
    quick = claim(seconds=120)
    assert not queue.finish(slow, REFUSED, now=later(seconds=121))
    assert queue.finish(quick, DELIVERED, now=later(seconds=122))
    assert not queue.finish(slow, REFUSED, now=later(seconds=123))
    assert Delivery.objects.get().state == "delivered"


def test_of_one_users_webhooks_one_delivery_is_sent_at_a_time(ada):
    bob = make_user("bob@example.com", email_verified_at=NOW)
    first, second, his = hook(ada), hook(ada), hook(bob)
    for webhook in (first, first, second, his):
        waiting(webhook.user, "webhook", webhook)
    taken = [claim(Door.WEBHOOK), claim(Door.WEBHOOK)]
    assert {row.user for row in taken} == {ada, bob}
    assert claim(Door.WEBHOOK) is None and queue.due(Door.WEBHOOK, NOW, 9) == 0
    done = next(row for row in taken if row.user == ada)
    queue.finish(done, DELIVERED, now=NOW)
    assert queue.due(Door.WEBHOOK, NOW, 9) == 2 and claim(Door.WEBHOOK).user == ada


def test_due_counts_no_further_than_it_is_asked(ada):
    for _ in range(3):
        waiting(ada)
    assert [queue.due(Door.EMAIL, NOW, most) for most in (2, 9)] == [2, 3]


def failed(webhook, outcome=REFUSED):
    waiting(webhook.user, "webhook", webhook, attempts=2)
    queue.finish(queue.claim(Door.WEBHOOK, NOW), outcome, now=NOW)
    webhook.refresh_from_db()


def test_the_tenth_failure_in_a_row_switches_a_webhook_off_and_says_so(ada):
    webhook = hook(ada)
    for _ in range(9):
        failed(webhook)
    assert webhook.is_active and webhook.failures == 9
    failed(webhook, DELIVERED)
    assert webhook.failures == 0
    for _ in range(10):
        failed(webhook)
    assert not webhook.is_active and webhook.disabled_at == NOW
    told = Notification.objects.get()
    assert (told.type, told.data) == ("WEBHOOK_DISABLED", {"webhookId": webhook.id})
    assert webhook.url in told.message
    failed(webhook)
    assert webhook.failures == 10 and Notification.objects.count() == 1


def test_a_try_that_is_not_the_last_or_not_the_receivers_fault_does_not_count(ada):
    webhook = hook(ada)
    waiting(ada, "webhook", webhook)
    queue.finish(queue.claim(Door.WEBHOOK, NOW), REFUSED, now=NOW)
    failed(webhook, SWITCHED_OFF)
    assert webhook.failures == 0


def test_a_webhook_deleted_while_it_is_called_is_no_error(ada):
    webhook = hook(ada)
    waiting(ada, "webhook", webhook)
    taken = claim(Door.WEBHOOK)
    webhooks.delete(ada.id, webhook.id)
    assert not queue.finish(taken, DELIVERED, now=NOW)


def test_a_delivery_to_a_webhook_deleted_meanwhile_can_still_be_claimed_and_ended(ada):
    waiting(ada, "webhook", webhook_id="whk_gone")
    taken = claim(Door.WEBHOOK)
    assert taken.webhook is None
    assert queue.finish(taken, SWITCHED_OFF, now=NOW)


def test_sixteen_workers_take_each_delivery_once(ada):
    for _ in range(40):
        waiting(ada)
    for _ in range(3):
        waiting(ada, "webhook", hook(ada))

    def work():
        taken = []
        while row := queue.claim(Door.EMAIL, NOW) or queue.claim(Door.WEBHOOK, NOW):
            taken.append(row.pk)
            queue.finish(row, DELIVERED, now=NOW)
        return taken

    results = together(*[work] * 16)
    assert not raised(results)
    taken = [pk for result in results for pk in result]
    assert len(taken) == len(set(taken)) == 43


def test_of_six_workers_at_once_one_gets_a_call_of_one_user(ada):
    for webhook in (hook(ada), hook(ada)):
        for _ in range(3):
            waiting(ada, "webhook", webhook)
    results = together(*[partial(claim, Door.WEBHOOK)] * 6)
    assert not raised(results)
    assert sum(row is not None for row in results) == 1


def test_two_workers_never_hold_one_row(ada):
    """One is inside its claim when the other asks: it gets the next row, or waits its turn."""
    if connection.vendor == "sqlite":
        pytest.skip("one writer at a time by nature")
    first, second = waiting(ada), waiting(ada, due_at=later(seconds=1))
    with transaction.atomic():
        assert claim(seconds=1) == first
        (other,) = together(partial(claim, seconds=1))
    assert other == second
