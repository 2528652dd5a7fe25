"""Timers of many connections on one timer of the loop: late by at most a tick, cheap to set.

Knows the loop's clock. Knows nothing of what is due.
"""

import asyncio
import heapq
import weakref
from collections.abc import Callable

TICK_SECONDS = 1 / 32


class Timer:
    """A call that is due; it looks like the loop's own."""

    __slots__ = ("_callback", "_place")

    def __init__(self, callback: Callable[[], None], place: "set[Timer]") -> None:
        self._callback = callback
        self._place: set[Timer] | None = place

    def cancel(self) -> None:
        if self._place is not None:
            self._place.discard(self)
            self._place = None

    def run(self) -> None:
        if self._place is not None:
            self._place = None
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
        timer = Timer(callback, place)
        place.add(timer)
        return timer

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
            due += self._places.pop(heapq.heappop(self._ticks))
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
