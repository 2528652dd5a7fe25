"""Timers of many: in order, never early, gone when cancelled, one timer of the loop for all."""

import asyncio

from realtime import timers


def test_callbacks_come_in_order_and_never_early():
    async def scenario():
        loop, wheel, seen, done = asyncio.get_running_loop(), timers.current(), [], asyncio.Event()
        started = loop.time()
        for delay in (0.09, 0.0, 0.04):
            wheel.call_later(delay, lambda delay=delay: seen.append((delay, loop.time() - started)))
        wheel.call_later(0.13, done.set)
        await asyncio.wait_for(done.wait(), 5)
        assert [delay for delay, _ in seen] == [0.0, 0.04, 0.09]
        assert all(after >= delay for delay, after in seen)

    asyncio.run(scenario())


def test_a_cancelled_timer_is_forgotten_and_those_of_its_tick_run():
    async def scenario():
        wheel, seen, done = timers.current(), [], asyncio.Event()
        kept, gone = (wheel.call_later(0.01, lambda n=n: seen.append(n)) for n in (1, 2))
        gone.cancel()
        gone.cancel()
        wheel.call_later(0.05, done.set)
        await asyncio.wait_for(done.wait(), 5)
        kept.cancel()
        assert seen == [1] and not wheel._places and not wheel._ticks

    asyncio.run(scenario())


def test_cancelled_timers_leave_nothing_however_far_away_they_were():
    async def scenario():
        wheel, seen, done = timers.current(), [], asyncio.Event()
        far = [wheel.call_later(60.0 * n, lambda: seen.append("far")) for n in range(1, 1_001)]
        for timer in far:
            timer.cancel()
        assert not wheel._places and len(wheel._ticks) <= timers.SPARE_TICKS
        again = wheel.call_later(60.0, lambda: seen.append("far"))
        wheel.call_later(0.01, lambda: seen.append("near"))
        wheel.call_later(0.05, done.set)
        await asyncio.wait_for(done.wait(), 5)
        again.cancel()
        assert seen == ["near"]

    asyncio.run(scenario())


def test_a_tick_that_was_left_and_is_waited_for_again_runs_once():
    async def scenario():
        wheel, seen, done = timers.current(), [], asyncio.Event()
        wheel.call_later(0.05, lambda: seen.append("cancelled")).cancel()
        wheel.call_later(0.05, lambda: seen.append("again"))
        wheel.call_later(0.15, done.set)
        await asyncio.wait_for(done.wait(), 5)
        assert seen == ["again"] and not wheel._places and not wheel._ticks

    asyncio.run(scenario())


def test_a_callback_may_cancel_another_of_its_tick_and_set_a_new_one():
    async def scenario():
        wheel, seen, done, both = timers.current(), [], asyncio.Event(), []

        def first(other):
            both[other].cancel()
            seen.append("one of the two")
            wheel.call_later(0.0, done.set)

        both += [wheel.call_later(0.01, lambda n=n: first(1 - n)) for n in (0, 1)]
        await asyncio.wait_for(done.wait(), 5)
        assert seen == ["one of the two"]

    asyncio.run(scenario())


def test_one_that_fails_keeps_no_other_from_running():
    async def scenario():
        told, done = [], asyncio.Event()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        wheel = timers.current()
        wheel.call_later(0.0, lambda: 1 / 0)
        wheel.call_later(0.0, done.set)
        await asyncio.wait_for(done.wait(), 5)
        while not told:
            await asyncio.sleep(0)
        assert isinstance(told[0]["exception"], ZeroDivisionError)

    asyncio.run(scenario())


def test_many_timers_share_one_of_the_loop(monkeypatch):
    async def scenario():
        loop, made = asyncio.get_running_loop(), []
        call_at = loop.call_at
        monkeypatch.setattr(loop, "call_at", lambda *a: made.append(a) or call_at(*a))
        for _ in range(1_000):
            timers.current().call_later(30.0, made.clear)
        assert len(made) <= 2

    asyncio.run(scenario())
