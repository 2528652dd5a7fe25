"""The clock of the market: a list of steps with their intervals, run by one leader.

1. A step is a function of `now` in one transaction that checks the leader's term first.
2. A step that fails is logged, counted and run again at its next time; the others go on.
3. A step that falls behind runs once, not once for each interval it missed.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction

from dualis import idempotency, leadership
from dualis.accounts import pruning
from dualis.lending import history as lending_history
from dualis.lending import liquidation, participants, pools
from dualis.lending.watch import Watch
from dualis.models import EngineStep
from dualis.oracle import backfill, history
from dualis.oracle.market import Oracle
from dualis.trading import agents, blocks, hourly, poller, quoting, traders, triggers, venues
from dualis.trading import liquidation as margin_liquidation
from dualis.trading import withdrawals as margin_withdrawals
from realtime import journal

log = logging.getLogger(__name__)

STANDBY_SECONDS = 1.0  # how often a waiting engine asks for the lock
PRUNE_SECONDS = 60.0


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
        try:
            steps = await database_sync_to_async(self._make_steps)()
            due = {step.name: time.monotonic() for step in steps}
            while True:
                for step in steps:
                    if due[step.name] <= time.monotonic():
                        await database_sync_to_async(self.run_step)(step, datetime.now(UTC))
                        due[step.name] = _next(due[step.name], step.seconds, time.monotonic())
                await asyncio.sleep(max(0.0, min(due.values()) - time.monotonic()))
        except leadership.LostLeadership as lost:
            log.warning("this engine no longer leads: %s", lost)
        except (DatabaseError, InterfaceError):
            log.warning("the database is away; this engine no longer leads")
        finally:
            self._lock.release()

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

    def liquidate(now: datetime) -> None:
        feed.read(watch.take)
        liquidation.run(now, watch)

    def trade(now: datetime) -> None:
        triggers.run(now)
        margin_liquidation.run(now)
        margin_withdrawals.run(now)

    venue = venues.current()
    polling = [Step("trading.fills", 1.0, lambda now: poller.step(venue, now), is_atomic=False)]

    demo = [
        Step("demo.values", 600.0, backfill.renew_values),
        Step("demo.participants", 4.0, participants.step),
        Step("demo.makers", settings.TICK_SECONDS, quoting.run, is_atomic=False),
        Step("demo.traders", 3.0, traders.step),
    ]
    return [
        Step("oracle.tick", settings.TICK_SECONDS, oracle.tick),
        Step("lending.liquidations", settings.TICK_SECONDS, liquidate, is_atomic=False),
        Step("lending.block", settings.BLOCK_SECONDS, pools.run_block),
        Step("trading.tick", settings.TICK_SECONDS, trade, is_atomic=False),
        Step("trading.block", settings.BLOCK_SECONDS, blocks.run),
        *(polling if venue.is_local else []),  # another one has a process of its own
        Step("trading.hour", 60.0, hourly.run, is_atomic=False),
        Step("trading.nonces", 3_600.0, agents.prune),
        Step("lending.interest", 3_600.0, pools.book_interest),
        Step("lending.history", 300.0, lending_history.record),
        Step("lending.history_prune", 3_600.0, lending_history.prune),
        Step("oracle.bars", 60.0, lambda now: history.roll_up()),
        Step("oracle.prune", PRUNE_SECONDS, history.prune, is_atomic=False),
        Step("journal.prune", PRUNE_SECONDS, journal.prune, is_atomic=False),
        Step("accounts.prune", 3_600.0, lambda now: pruning.prune(now=now), is_atomic=False),
        Step("idempotency.prune", 3_600.0, idempotency.prune),
        *([] if settings.IS_PRODUCTION else demo),
    ]


async def run() -> None:
    """Run the market's engine until cancelled."""
    await Engine(market_steps).run()
