"""What the marked participants do while the market runs."""

import pytest
from django.db import transaction

from dualis.accounts.money import Movement
from dualis.lending import demo, participants
from dualis.lending.models import Market, Pool
from realtime import journal
from tests import lending_market as lm
from tests.lending_market import T0, after, check

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


def run(count):
    return [participants.step(after(seconds=4 * number)) for number in range(1, count + 1)]


def kinds():
    acts = Movement.objects.exclude(kind="deposit").order_by("at")
    return [(m.kind, m.user.email, m.at) for m in acts.select_related("user")]


def test_a_minute_brings_every_channel_of_lending_to_life():
    demo.make_demo_market(T0)
    before = journal.position().seq
    assert sum(run(15)) >= 12
    told = {event.channel for event in journal.since(before)}
    assert told == {"pools", "positions"}


def test_a_hundred_steps_do_all_four_things_and_stay_near_the_targets():
    demo.make_demo_market(T0)
    done = run(100)
    assert {k for k, _, at in kinds() if at > T0} == {"supply", "withdraw", "borrow", "repay"}
    assert sum(done) == sum(at > T0 for _, _, at in kinds())
    for pool in Pool.objects.all():
        supplied, borrowed = participants.TARGETS[pool.id]
        assert 0.9 < pool.books.supplied / supplied < 1.1, pool
        assert 0.85 < pool.books.borrowed / borrowed < 1.15, pool


def test_the_same_second_draws_the_same_act_on_the_same_market():
    demo.make_demo_market(T0)
    outcomes = []
    for _ in range(2):
        with pytest.raises(RuntimeError), transaction.atomic():
            assert any(run(3))
            outcomes.append(kinds())
            raise RuntimeError("undo")
    assert outcomes[0] == outcomes[1]


def test_a_refusal_is_skipped_and_changes_nothing():
    demo.make_demo_market(T0)
    Market.objects.filter(id=1).update(is_paused=True)
    run(30)
    assert {k for k, _, at in kinds() if at > T0} <= {"withdraw", "repay"}


def test_a_market_without_participants_stays_still():
    assert not any(run(5)) and not Movement.objects.exists()
