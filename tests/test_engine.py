"""The engine: steps on their grid, failures that stay their own, one leader at a time."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import DatabaseError

from dualis import engine, leadership
from dualis.engine import Engine, Step
from dualis.leadership import LostLeadership
from dualis.lending import liquidation
from dualis.models import EngineStep, EngineTerm
from tests import world

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Lock:
    """A lock in memory."""

    def __init__(self, is_free=True):
        self.is_free = is_free
        self.held = False

    def acquire(self):
        self.held = self.is_free
        return self.held

    def is_held(self):
        return self.held

    def release(self):
        self.held = False


def leader():
    made = Engine(lambda: [], Lock())
    assert made._try_to_lead()
    return made


def test_a_step_runs_in_a_transaction_and_is_noted():
    made = leader()
    made.run_step(Step("write", 1, lambda now: world.asset("ETH")), NOW)
    row = EngineStep.objects.get(name="write")
    assert (row.ran_at, row.failures, row.interval_seconds) == (NOW, 0, 1)


def test_a_failing_step_leaves_nothing_and_does_not_stop_the_engine(caplog):
    def fail(now):
        world.asset("ETH")
        raise ValueError("broken")

    made = leader()
    made.run_step(Step("bad", 1, fail), NOW)
    made.run_step(Step("bad", 1, fail), NOW)
    row = EngineStep.objects.get(name="bad")
    assert row.failures == 2 and row.ran_at is None and "broken" in caplog.text
    from dualis.oracle.models import Asset

    assert not Asset.objects.exists()
    made.run_step(Step("bad", 1, lambda now: None), NOW)
    assert EngineStep.objects.get(name="bad").last_error == ""


def test_a_database_error_of_a_step_stays_its_own_while_the_lock_is_held(caplog):
    def fail(now):
        raise DatabaseError("constraint")

    made = leader()
    made.run_step(Step("bad", 1, fail), NOW)
    assert EngineStep.objects.get(name="bad").failures == 1
    made._lock.release()
    with pytest.raises(DatabaseError):
        made.run_step(Step("bad", 1, fail), NOW)


def test_what_the_market_finds_is_told_by_the_steps_of_the_engine():
    from dualis.lending.models import PoolWatch, ProtectionRule
    from dualis.notifications import preferences
    from dualis.notifications.models import Notification
    from tests import liquidation_market as lqm
    from tests.test_lending_protecting import rule_for

    borrower, _ = lqm.opened()
    lines = {"financial": {"healthFactorThresholds": {"caution": 1.7}}}
    preferences.change(borrower.id, lines, now=NOW)
    other = lqm.rich("other")
    lqm.loan(other)
    rule_for(lqm.loan(other), trigger="1.5")
    made = leader()
    wanted = [step for step in engine.market_steps() if step.name.startswith("lending.")]

    def tick(seconds):
        for step in wanted:
            made.run_step(step, lqm.T0 + timedelta(seconds=seconds))

    tick(0)
    row = PoolWatch.objects.get(pool_id="usdc-main")
    row.supply_apy += 1
    row.save()
    lqm.reprice("ETH", "3000")  # 1.64: no zone, but one user's line
    tick(1)
    lqm.reprice("ETH", "2600")  # 1.42
    tick(6 * 3600)
    told = Notification.objects.values_list("user__email", "type")
    assert sorted((email.split("@")[0], type) for email, type in told) == [
        ("borrower", "HEALTH_FACTOR_CAUTION"),
        ("lender", "RATE_CHANGE_SIGNIFICANT"),
        ("other", "AUTO_PROTECT_EXECUTED"),
        ("other", "HEALTH_FACTOR_CAUTION"),
    ]
    assert ProtectionRule.objects.get().outcome == "executed"
    assert not EngineStep.objects.filter(failures__gt=0).exists()


def test_a_leader_of_an_older_term_cannot_write():
    old, new = leader(), leader()
    assert new.term == old.term + 1
    with pytest.raises(LostLeadership):
        old.run_step(Step("write", 1, lambda now: world.asset("ETH")), NOW)
    from dualis.oracle.models import Asset

    assert not Asset.objects.exists()
    new.run_step(Step("write", 1, lambda now: world.asset("ETH")), NOW)
    assert Asset.objects.exists()


def test_an_engine_without_the_lock_waits():
    made = Engine(lambda: [], Lock(is_free=False))
    assert not made._try_to_lead() and EngineTerm.objects.get(id=1).term == 0


def test_the_locks_of_this_database_let_one_in_at_a_time(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    first, second = leadership.lock(), leadership.lock()
    assert first.acquire() and first.is_held()
    assert not second.acquire() and not second.is_held()
    first.release()
    assert second.acquire()
    second.release()


def test_the_liquidation_step_is_told_how_much_of_its_tick_is_left(monkeypatch, settings):
    settings.TICK_SECONDS = 2.0
    clock, shares = [100.0], []
    monkeypatch.setattr(engine, "time", SimpleNamespace(monotonic=lambda: clock[0]))

    def run(now, watch, told, time_left):
        for passed in (0.0, 0.8, 2.0):
            clock[0] = 100.0 + passed
            shares.append(round(time_left(), 9))

    monkeypatch.setattr(liquidation, "run", run)
    step = next(step for step in engine.market_steps() if step.name == "lending.liquidations")
    step.run(NOW)
    assert shares == [1.0, 0.5, -0.25] and not step.is_atomic


@pytest.mark.parametrize(
    ("due", "seconds", "now", "expected"),
    [
        (10.0, 1.0, 10.2, 11.0),
        (10.0, 1.0, 13.7, 14.0),
        (10.0, 5.0, 9.0, 15.0),
        (0.0, 1.0, 1.0, 2.0),
    ],
)
def test_a_step_keeps_to_its_grid_and_skips_what_it_missed(due, seconds, now, expected):
    assert engine._next(due, seconds, now) == expected


def test_run_leads_steps_and_gives_the_lock_back_when_cancelled():
    lock, ran = Lock(), []

    async def scenario():
        made = Engine(lambda: [Step("count", 0.01, ran.append)], lock)
        task = asyncio.ensure_future(made.run())
        async with asyncio.timeout(10):
            while len(ran) < 3:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
    assert not lock.held
    assert ran == sorted(ran) and ran[-1] - ran[0] < timedelta(seconds=10)


def test_a_leader_whose_lock_is_gone_leads_no_more_and_tries_again(monkeypatch):
    monkeypatch.setattr(leadership, "BEAT_SECONDS", 0.01)
    monkeypatch.setattr(engine, "STANDBY_SECONDS", 0.01)
    lock, made = Lock(), []

    def steps():
        made.append(lock.held)
        return [Step("count", 0.01, lambda now: None)]

    async def scenario():
        task = asyncio.ensure_future(Engine(steps, lock).run())
        async with asyncio.timeout(10):
            while not made:
                await asyncio.sleep(0)
            lock.held = False
            while len(made) < 2:
                await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(scenario())
    assert made == [True, True] and EngineTerm.objects.get(id=1).term == 2


def test_a_rehearsal_runs_what_moves_the_market_until_it_has_caught_up(monkeypatch):
    ran, late = [], iter(range(30, 100, 5))  # the clock goes on while it runs

    def step(name, *, is_atomic=True):
        return Step(name, 1, lambda now: ran.append((name, now)), is_atomic)

    steps = [step("oracle.tick"), step("journal.prune"), step("demo.loans", is_atomic=False)]
    monkeypatch.setattr(engine, "market_steps", lambda: steps)
    engine.rehearse(NOW, lambda: NOW + timedelta(seconds=next(late)))
    moments = [NOW + timedelta(seconds=seconds) for seconds in (10, 20, 30, 40, 50)]
    assert ran == [(name, at) for at in moments for name in ("oracle.tick", "demo.loans")]


def test_nothing_is_rehearsed_where_an_engine_leads(monkeypatch):
    leading, ran = leadership.lock(), []
    monkeypatch.setattr(engine, "market_steps", lambda: [Step("oracle.tick", 1, ran.append)])
    assert leading.acquire()
    engine.rehearse(NOW, lambda: NOW + timedelta(minutes=1))
    leading.release()
    assert not ran
