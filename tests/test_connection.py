"""A connection's way out: at once while the peer reads, bounded and in order while it does not."""

import asyncio

from realtime.connection import Connection
from realtime.frames import Frame
from realtime.messages import Event


class Wire:
    """A transport whose peer can stop reading."""

    def __init__(self):
        self.is_ready = True
        self.sent = []
        self.writes = 0
        self.closed = None
        self.reading = asyncio.Event()
        self.reading.set()

    def write(self, frames):
        self.writes += 1
        self.sent += [frame.text for frame in frames]

    async def send(self, frames):
        await self.reading.wait()
        self.write(frames)

    async def close(self, code, reason):
        self.closed = code

    def stop(self):
        self.is_ready = False
        self.reading.clear()

    def go_on(self):
        self.is_ready = True
        self.reading.set()


def event(seq, channel="prices", key="ETH", text=None):
    return Event(seq, "e", channel, key, "", (key,), False, "now", text or f"{key}{seq}")


class World:
    def __init__(self):
        self.wire = Wire()
        self.slow = 0
        self.internal = []
        self.connection = Connection(
            self.wire,
            frame_of=lambda e: Frame(e.text),
            on_slow=self._slow,
            on_internal=self.internal.append,
            on_resync=lambda: None,
        )

    def _slow(self):
        self.slow += 1


def scenario(test):
    def run():
        async def whole():
            async with asyncio.timeout(10):
                await test(World())

        asyncio.run(whole())

    run.__name__ = test.__name__
    return run


async def written(world, count):
    while len(world.wire.sent) < count:
        await asyncio.sleep(0)


@scenario
async def test_a_batch_leaves_in_one_write(world):
    world.connection.deliver([event(1), event(2, key="BTC")])
    assert world.wire.sent == ["ETH1", "BTC2"] and world.wire.writes == 1
    assert world.connection._writer is None


@scenario
async def test_a_peer_that_stops_gets_the_newest_when_it_goes_on(world):
    world.wire.stop()
    for seq in range(1, 100):
        world.connection.deliver([event(seq)])
    assert world.wire.sent == []
    world.wire.go_on()
    await written(world, 1)
    assert world.wire.sent[-1] == "ETH99" and len(world.wire.sent) <= 2


@scenario
async def test_events_all_arrive_in_order_after_a_stop(world):
    world.wire.stop()
    for seq in range(1, 100):
        world.connection.deliver([event(seq, "notifications", str(seq))])
    world.wire.go_on()
    await written(world, 99)
    assert world.wire.sent == [f"{seq}{seq}" for seq in range(1, 100)]


@scenario
async def test_past_the_bound_the_connection_is_given_up(world):
    world.wire.stop()
    world.connection.mailbox.limit_bytes = 50
    for seq in range(1, 20):
        world.connection.deliver([event(seq, "notifications", str(seq), "x" * 10)])
    assert world.slow > 0


@scenario
async def test_what_the_snapshot_told_is_not_told_again_even_after_the_release(world):
    world.connection.hold("prices")
    world.connection.deliver([event(4)])
    world.connection.answer([Frame("ack")])
    world.connection.release("prices", after=6)
    world.connection.deliver([event(5), event(6), event(7)])
    world.connection.deliver([event(8)])
    assert world.wire.sent == ["ack", "ETH7", "ETH8"]
    assert world.connection._floors == {}


@scenario
async def test_internal_events_go_to_the_shell_alone(world):
    world.connection.watch_internal("sessions")
    world.connection.deliver([event(1, "sessions", "ses_1"), event(2)])
    assert [e.key for e in world.internal] == ["ses_1"] and world.wire.sent == ["ETH2"]


@scenario
async def test_closing_sends_what_waits_first(world):
    world.wire.stop()
    world.connection.deliver([event(1)])
    closing = asyncio.ensure_future(world.connection.close(1012, "", grace=5))
    await asyncio.sleep(0)
    world.wire.go_on()
    await closing
    assert world.wire.sent == ["ETH1"] and world.wire.closed == 1012
    world.connection.deliver([event(2)])
    world.connection.answer([Frame("late")])
    assert world.wire.sent == ["ETH1"]


@scenario
async def test_closing_a_peer_that_stopped_does_not_wait_for_ever(world):
    world.wire.stop()
    world.connection.deliver([event(1)])
    await asyncio.sleep(0)
    await world.connection.close(4008, "", grace=0.01)
    assert world.wire.closed == 4008 and len(world.connection.mailbox) == 0


@scenario
async def test_dropping_a_channel_before_its_frames_left_forgets_them(world):
    world.wire.stop()
    world.connection.deliver([event(1), event(2, "notifications", "n")])
    world.connection.drop("prices")
    world.connection.answer([Frame("unsubscribed")])
    world.wire.go_on()
    await written(world, 2)
    assert world.wire.sent == ["n2", "unsubscribed"]
