"""Timers of many connections on one timer of the loop: late by at most a tick, cheap to set.

Knows the loop's clock. Knows nothing of what is due.
"""

import asyncio
import heapq
import weakref
from collections.abc import Callable

TICK_SECONDS = 1 / 32
SPARE_TICKS = 64  # so many, and as many as are waited for, may be left of cancelled timers


class Timer:
    """A call that is due; it looks like the loop's own."""

    __slots__ = ("_callback", "_tick", "_timers")

    def __init__(self, callback: Callable[[], None], timers: "Timers", tick: int) -> None:
        self._callback = callback
        self._timers: Timers | None = timers
        self._tick = tick

    def cancel(self) -> None:
        if self._timers is not None:
            self._timers.forget(self, self._tick)
            self._timers = None

    def run(self) -> None:
        if self._timers is not None:
            self._timers = None
            self._callback()


class Timers:
    """The timers of one loop, by the tick in which they are due."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = weakref.ref(loop)
        self._places: dict[int, set[Timer]] = {}
        self._ticks: list[int] = []
        self._next: asyncio.TimerHandle | None = None

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back once, `seconds` from now or up to a tick later."""
        loop = self._loop()
        assert loop is not None, "whoever waits has a loop"
        tick = int((loop.time() + seconds) / TICK_SECONDS) + 1
        place = self._places.get(tick)
        if place is None:
            place = self._places[tick] = set()
            heapq.heappush(self._ticks, tick)
            if self._ticks[0] == tick:
                self._arm(loop)
        timer = Timer(callback, self, tick)
        place.add(timer)
        return timer

    def forget(self, timer: Timer, tick: int) -> None:
        """Drop a timer, and its tick with the last: some are a month away, and many never run."""
        place = self._places.get(tick)
        if place is None:  # it is running
            return
        place.discard(timer)
        if not place:
            del self._places[tick]
            if len(self._ticks) > 2 * len(self._places) + SPARE_TICKS:
                self._ticks = sorted(self._places)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = loop.call_at(self._ticks[0] * TICK_SECONDS, self._run)

    def _run(self) -> None:
        self._next = None
        loop = self._loop()
        assert loop is not None, "it runs this"
        now = loop.time()
        due: list[Timer] = []
        while self._ticks and self._ticks[0] * TICK_SECONDS <= now:
            due += self._places.pop(heapq.heappop(self._ticks), ())
        if self._ticks:
            self._arm(loop)
        for timer in due:
            try:
                timer.run()
            except Exception as error:  # as the loop's own: one callback's fault is nobody else's
                loop.call_exception_handler({"message": "a timer failed", "exception": error})


_timers: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Timers] = weakref.WeakKeyDictionary()


def current() -> Timers:
    """Return the timers of the running loop."""
    loop = asyncio.get_running_loop()
    if loop not in _timers:
        _timers[loop] = Timers(loop)
    return _timers[loop]
