"""The courier: carries waiting deliveries to their doors in threads of its own.

1. The engine's step only looks and starts threads: a slow receiver never holds up a tick.
2. Each door has its own threads, so that webhooks that do not answer never hold up the mail.
3. A thread holds no database connection while it waits for a receiver.

The threads end with the process, in the middle of whatever they do: see `queue`.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from dualis.notifications import letters, queue
from dualis.notifications.door_models import Delivery
from dualis.notifications.kinds import Door
from dualis.notifications.outcome import OUR_FAULT, Outcome
from dualis.notifications.posting import Poster

log = logging.getLogger(__name__)

THREADS = {Door.EMAIL: 2, Door.WEBHOOK: 6}
MOST = 200  # deliveries by one thread, before the step looks again

Send = Callable[[Delivery, datetime], Outcome]


class Courier:
    """Sends through each door by its function; `clock` is what a try calls now."""

    def __init__(
        self,
        send: Mapping[Door, Send] | None = None,
        clock: Callable[[], datetime] = timezone.now,
    ) -> None:
        self._send = send or {Door.EMAIL: letters.send, Door.WEBHOOK: Poster()}
        self._clock = clock
        self._lock = threading.Lock()
        self._running: Counter[Door] = Counter()

    def step(self, now: datetime) -> list[threading.Thread]:
        """Start as many threads as there is work and room for, and wait for none of them."""
        started = []
        for door in self._send:
            with self._lock:
                room = THREADS[door] - self._running[door]
            for _ in range(queue.due(door, now, room) if room else 0):
                with self._lock:
                    self._running[door] += 1
                thread = threading.Thread(
                    target=self._run, args=[door], name=f"courier-{door.value}", daemon=True
                )
                thread.start()
                started.append(thread)
        return started

    def carry(self, door: Door) -> int:
        """Deliver what is due at a door, one after the other; return how many were tried."""
        count = 0
        while count < MOST and (delivery := queue.claim(door, self._clock())):
            connection.close()
            outcome = OUR_FAULT
            try:
                outcome = self._send[door](delivery, self._clock())
            finally:
                queue.finish(delivery, outcome, now=self._clock())
            count += 1
        return count

    def _run(self, door: Door) -> None:
        try:
            self.carry(door)
        except (DatabaseError, InterfaceError):
            log.warning("the database is away; what was claimed is tried again", exc_info=True)
        finally:
            connection.close()
            with self._lock:
                self._running[door] -= 1
