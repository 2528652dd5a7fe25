"""The clock of the market: a list of steps with their intervals, run by one leader.

1. A step is a function of `now` in one transaction that checks the leader's term first.
2. A step that fails is logged, counted and run again at its next time; the others go on.
3. A step that falls behind runs once, not once for each interval it missed.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from dualis import idempotency, leadership
from dualis.accounts import pruning
from dualis.lending import (
    alerts,
    demo_bids,
    demo_loans,
    liquidation,
    participants,
    pool_alerts,
    pools,
    resales,
)
from dualis.lending import history as lending_history
from dualis.lending.own_lines import OwnLines
from dualis.lending.watch import Watch
from dualis.models import EngineStep
from dualis.notifications import broadcasts
from dualis.notifications import pruning as notification_pruning
from dualis.notifications.courier import Courier
from dualis.oracle import backfill, history
from dualis.oracle.market import Oracle
from dualis.trading import (
    agents,
    blocks,
    hourly,
    poller,
    portfolio,
    quoting,
    traders,
    triggers,
    twaps,
    unwinding,
    venues,
)
from dualis.trading import liquidation as margin_liquidation
from dualis.trading import withdrawals as margin_withdrawals
from governance import deadlines, sharing, voters
from realtime import journal

log = logging.getLogger(__name__)

STANDBY_SECONDS = 1.0  # how often a waiting engine asks for the lock
PRUNE_SECONDS = 60.0
LIQUIDATION_SHARE = 0.8  # of a tick: what is left is for the prices of the next one
REHEARSAL = timedelta(seconds=10)
_MOVING = (
    "oracle.tick",
    "lending.liquidations",
    "lending.resales",
    "lending.block",
    "trading.triggers",
    "trading.liquidations",
    "trading.block",
    "demo.",
)
ALERTS_SHARE = 0.9  # of a tick, by when the telling of what it found makes a pause


@dataclass(frozen=True, slots=True)
class Step:
    """`run(now)` is called every `seconds`; a step that manages its own transactions says so."""

    name: str
    seconds: float
    run: Callable[[datetime], object]
    is_atomic: bool = True


class Engine:
    """Runs steps while it leads; waits while another does."""

    def __init__(
        self, steps: Callable[[], Sequence[Step]], lock: leadership.Lock | None = None
    ) -> None:
        self._make_steps = steps
        self._lock = lock or leadership.lock()
        self.term = 0

    async def run(self) -> None:
        """Lead whenever possible, until cancelled."""
        try:
            while True:
                if await database_sync_to_async(self._try_to_lead)():
                    await self._lead()
                await asyncio.sleep(STANDBY_SECONDS)
        finally:
            self._lock.release()

    def _try_to_lead(self) -> bool:
        try:
            if not self._lock.acquire():
                return False
            self.term = leadership.begin_term(datetime.now(UTC))
        except (DatabaseError, InterfaceError):
            log.warning("the database is away; the engine waits")
            self._lock.release()
            connection.close()
            return False
        log.info("this engine leads, term %s", self.term)
        return True

    async def _lead(self) -> None:
        beat = asyncio.create_task(self._beat())
        try:
            steps = await database_sync_to_async(self._make_steps)()
            due = {step.name: time.monotonic() for step in steps}
            while not beat.done():
                for step in steps:
                    if due[step.name] <= time.monotonic():
                        await database_sync_to_async(self.run_step)(step, datetime.now(UTC))
                        due[step.name] = _next(due[step.name], step.seconds, time.monotonic())
                await asyncio.sleep(max(0.0, min(due.values()) - time.monotonic()))
            log.warning("this engine no longer leads: its lock is gone")
        except leadership.LostLeadership as lost:
            log.warning("this engine no longer leads: %s", lost)
        except (DatabaseError, InterfaceError):
            log.warning("the database is away; this engine no longer leads")
        finally:
            beat.cancel()
            self._lock.release()

    async def _beat(self) -> None:
        """Return as soon as the lock is gone; asking for it is what keeps it."""
        loop = asyncio.get_running_loop()
        while await loop.run_in_executor(None, self._lock.is_held):
            await asyncio.sleep(leadership.BEAT_SECONDS)

    def run_step(self, step: Step, now: datetime) -> None:
        """Run one step; its failure is recorded and stays its own."""
        started = time.perf_counter()
        try:
            if step.is_atomic:
                with transaction.atomic():
                    leadership.check_term(self.term)
                    step.run(now)
                    self._note(step, now, started)
            else:
                with transaction.atomic():
                    leadership.check_term(self.term)
                step.run(now)
                self._note(step, now, started)
        except (leadership.LostLeadership, InterfaceError):
            raise
        except DatabaseError:
            if not self._lock.is_held():
                raise
            self._failed(step)
        except Exception:
            self._failed(step)

    def _note(self, step: Step, now: datetime, started: float) -> None:
        EngineStep.objects.update_or_create(
            name=step.name,
            defaults={
                "interval_seconds": step.seconds,
                "ran_at": now,
                "duration_ms": round((time.perf_counter() - started) * 1000, 2),
                "last_error": "",
            },
        )

    def _failed(self, step: Step) -> None:
        log.exception("the step %s failed", step.name)
        row, _ = EngineStep.objects.get_or_create(
            name=step.name, defaults={"interval_seconds": step.seconds}
        )
        row.failures += 1
        row.last_error = "see the log"
        row.save()


def _next(due: float, seconds: float, now: float) -> float:
    """Return the next time on the step's own grid after `now`."""
    missed = int(max(0.0, now - due) // seconds)
    return due + (missed + 1) * seconds


def market_steps() -> list[Step]:
    """Return the steps of the market, with fresh memories."""
    oracle, watch, feed = Oracle(), Watch(), journal.Feed("positions")
    own_lines = OwnLines(watch)
    started = time.monotonic()  # the tick

    def time_left(share: float) -> float:
        return 1 - (time.monotonic() - started) / (share * settings.TICK_SECONDS)

    def take(changed: set[str] | None) -> None:
        watch.take(changed)
        own_lines.take(changed)

    def liquidate(now: datetime) -> None:
        nonlocal started
        started = time.monotonic()
        feed.read(take)
        liquidation.run(
            now, watch, told=alerts.queue, time_left=lambda: time_left(LIQUIDATION_SHARE)
        )

    def look(now: datetime) -> None:
        own_lines.look(now, lambda: time_left(ALERTS_SHARE))

    def tell(now: datetime) -> None:
        alerts.step(now, lambda: time_left(ALERTS_SHARE))

    venue = venues.current()
    polling = [Step("trading.fills", 1.0, lambda now: poller.step(venue, now), is_atomic=False)]

    demo = [
        Step("demo.values", 600.0, backfill.renew_values),
        Step("demo.participants", 4.0, participants.step),
        Step("demo.makers", settings.TICK_SECONDS, quoting.run, is_atomic=False),
        Step("demo.traders", 3.0, traders.step),
        Step("demo.loans", 7.0, demo_loans.step, is_atomic=False),
        Step("demo.bids", 3.0, demo_bids.step, is_atomic=False),
        Step("demo.voters", 3.0, voters.step, is_atomic=False),
    ]
    return [
        Step("oracle.tick", settings.TICK_SECONDS, oracle.tick),
        Step("lending.liquidations", settings.TICK_SECONDS, liquidate, is_atomic=False),
        Step("lending.resales", settings.TICK_SECONDS, resales.run, is_atomic=False),
        Step("lending.own_lines", settings.TICK_SECONDS, look, is_atomic=False),
        Step("lending.alerts", settings.TICK_SECONDS, tell, is_atomic=False),
        Step("lending.pool_watch", 60.0, pool_alerts.look),
        Step("lending.pool_alerts", 1.0, pool_alerts.tell),
        Step("lending.block", settings.BLOCK_SECONDS, pools.run_block),
        Step("trading.triggers", settings.TICK_SECONDS, triggers.run, is_atomic=False),
        Step(
            "trading.liquidations", settings.TICK_SECONDS, margin_liquidation.run, is_atomic=False
        ),
        Step("trading.twaps", settings.TICK_SECONDS, twaps.run, is_atomic=False),
        Step("trading.withdrawals", settings.TICK_SECONDS, margin_withdrawals.run, is_atomic=False),
        Step("trading.unwinding", 5.0, unwinding.run, is_atomic=False),
        Step("trading.block", settings.BLOCK_SECONDS, blocks.run),
        *(polling if venue.is_local else []),  # another one has a process of its own
        Step("trading.hour", 60.0, hourly.run, is_atomic=False),
        Step("trading.portfolio", 1.0, portfolio.run, is_atomic=False),
        Step("trading.portfolio_prune", 3_600.0, portfolio.prune, is_atomic=False),
        Step("trading.nonces", 3_600.0, agents.prune),
        Step("lending.interest", 3_600.0, pools.book_interest),
        Step("lending.history", 300.0, lending_history.record),
        Step("lending.history_prune", 3_600.0, lending_history.prune),
        Step("notifications.broadcast", 0.5, broadcasts.step),
        Step("notifications.deliver", 1.0, Courier().step, is_atomic=False),
        Step("notifications.prune", PRUNE_SECONDS, notification_pruning.prune, is_atomic=False),
        Step("governance.deadlines", 1.0, deadlines.run, is_atomic=False),
        Step("governance.notices", 1.0, deadlines.tell_people),
        Step("governance.rewards", 5.0, sharing.run, is_atomic=False),
        Step("governance.reward_notices", 5.0, sharing.tell),
        Step("oracle.bars", 60.0, lambda now: history.roll_up()),
        Step("oracle.prune", PRUNE_SECONDS, history.prune, is_atomic=False),
        Step("journal.prune", PRUNE_SECONDS, journal.prune, is_atomic=False),
        Step("accounts.prune", 3_600.0, lambda now: pruning.prune(now=now), is_atomic=False),
        Step("idempotency.prune", PRUNE_SECONDS, idempotency.prune),
        *([] if settings.IS_PRODUCTION else demo),
    ]


def rehearse(begin: datetime, clock: Callable[[], datetime]) -> None:
    """Run what moves the market from `begin` on, as if the engine had run, in coarse steps.

    It ends when it has caught up with the clock; where an engine leads it does nothing. For a demo
    market, so that whoever opens it first does not find it standing still.
    """
    lock = leadership.lock()
    if not lock.acquire():
        return
    try:
        moving = [step for step in market_steps() if step.name.startswith(_MOVING)]
        now = begin
        while now + REHEARSAL <= clock() and lock.is_held():
            now += REHEARSAL
            for step in moving:
                with transaction.atomic() if step.is_atomic else nullcontext():
                    step.run(now)
    finally:
        lock.release()


async def run() -> None:
    """Run the market's engine until cancelled."""
    await Engine(market_steps).run()
