"""A connection's way out: at once while the peer reads, bounded and in order while it does not."""

import asyncio

from realtime.connection import Connection
from realtime.frames import Frame
from realtime.messages import Batch, Event
from tests.test_frames import read


class Wire:
    """A transport whose peer can stop reading."""

    bytes_written = 0

    def __init__(self, is_deflating=False):
        self.is_deflating = is_deflating
        self.is_ready = True
        self.sent = []
        self.writes = 0
        self.closed = None
        self.reading = asyncio.Event()
        self.reading.set()

    def write(self, data):
        if not self.is_ready:
            return False
        self.writes += 1
        self.last = data
        self.sent += [bytes(frame.data).decode() for frame in read(data, self.is_deflating)]
        return True

    async def until_ready(self):
        await self.reading.wait()

    async def send(self, frames):
        self.writes += 1
        self.sent += [frame.text for frame in frames]

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
    def __init__(self, wire=None):
        self.wire = wire or Wire()
        self.framed = 0
        self.slow = 0
        self.internal = []
        self.connection = Connection(
            self.wire,
            frame_of=self._frame,
            on_slow=self._slow,
            on_internal=self.internal.append,
            on_resync=lambda: None,
        )

    def _frame(self, event):
        self.framed += 1
        return Frame(event.text)

    def deliver(self, *events):
        self.connection.deliver(Batch(events))

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
    world.deliver(event(1), event(2, key="BTC"))
    assert world.wire.sent == ["ETH1", "BTC2"] and world.wire.writes == 1
    assert world.connection._writer is None


def reader_of(batch_form, *, is_deflating=False):
    world = World(Wire(is_deflating))
    world.connection.form = frozenset(batch_form)
    return world


def test_connections_of_one_form_share_the_bytes_of_a_batch():
    one, two, other = reader_of([]), reader_of([]), reader_of(["prices"])
    batch = Batch([event(1), event(2, key="BTC")])
    for world in (one, two, other):
        world.connection.deliver(batch)
    assert one.wire.last is two.wire.last and one.framed == 2 and two.framed == 0
    assert other.framed == 2, "another form has frames of its own"


def test_who_negotiated_deflate_shares_the_deflated_bytes_alone():
    plain, one, two = (reader_of([], is_deflating=deflates) for deflates in (False, True, True))
    batch = Batch([event(1, text="a long text " * 20), event(2, text="short")])
    for world in (plain, one, two):
        world.connection.deliver(batch)
    assert one.wire.last is two.wire.last and len(one.wire.last) < len(plain.wire.last) / 2
    assert one.wire.sent == plain.wire.sent == [e.text for e in batch]
    two.connection.answer([Frame("an answer " * 20)])
    assert two.wire.sent[-1] == "an answer " * 20 and len(two.wire.last) < 50


def test_who_gets_a_part_of_a_batch_shares_nothing():
    """One has been told the first event by its snapshot."""
    part, whole = reader_of([]), reader_of([])
    part.connection.hold("prices")
    part.connection.release("prices", after=1)
    batch = Batch([event(1), event(2)])
    for world in (part, whole):
        world.connection.deliver(batch)
    assert (part.wire.sent, whole.wire.sent) == (["ETH2"], ["ETH1", "ETH2"])
    batch = Batch([event(3)])
    for world in (part, whole):
        world.connection.deliver(batch)
    assert part.wire.last is whole.wire.last, "both are level again"


@scenario
async def test_a_peer_that_stops_gets_the_newest_when_it_goes_on(world):
    world.wire.stop()
    for seq in range(1, 100):
        world.deliver(event(seq))
    assert world.wire.sent == []
    world.wire.go_on()
    await written(world, 1)
    assert world.wire.sent == ["ETH99"]


@scenario
async def test_events_all_arrive_in_order_after_a_stop(world):
    world.wire.stop()
    for seq in range(1, 100):
        world.deliver(event(seq, "notifications", str(seq)))
    world.wire.go_on()
    await written(world, 99)
    assert world.wire.sent == [f"{seq}{seq}" for seq in range(1, 100)]


@scenario
async def test_past_the_bound_the_connection_is_given_up(world):
    world.wire.stop()
    world.connection.mailbox.limit_bytes = 50
    for seq in range(1, 20):
        world.deliver(event(seq, "notifications", str(seq), "x" * 10))
    assert world.slow == 1


@scenario
async def test_what_the_snapshot_told_is_not_told_again_even_after_the_release(world):
    world.connection.hold("prices")
    world.deliver(event(4))
    world.connection.answer([Frame("ack")])
    world.connection.release("prices", after=6)
    world.deliver(event(5), event(6), event(7))
    world.deliver(event(8))
    assert world.wire.sent == ["ack", "ETH7", "ETH8"]
    assert world.connection._floors == {}


@scenario
async def test_internal_events_go_to_the_shell_alone(world):
    world.connection.watch_internal("sessions")
    world.deliver(event(1, "sessions", "ses_1"), event(2))
    assert [e.key for e in world.internal] == ["ses_1"] and world.wire.sent == ["ETH2"]


@scenario
async def test_an_internal_event_alone_right_after_a_snapshot_does_no_harm(world):
    world.connection.watch_internal("sessions")
    world.connection.hold("prices")
    world.connection.release("prices", after=5)
    world.deliver(event(6, "sessions", "ses_1"))
    assert [e.key for e in world.internal] == ["ses_1"] and world.wire.sent == []


@scenario
async def test_closing_sends_what_waits_first(world):
    world.wire.stop()
    world.deliver(event(1))
    closing = asyncio.ensure_future(world.connection.close(1012, "", grace=5))
    await asyncio.sleep(0)
    world.wire.go_on()
    await closing
    assert world.wire.sent == ["ETH1"] and world.wire.closed == 1012
    world.deliver(event(2))
    world.connection.answer([Frame("late")])
    assert world.wire.sent == ["ETH1"]


@scenario
async def test_nothing_is_told_to_a_peer_that_is_being_closed_or_is_gone(world):
    world.wire.close = lambda code, reason: asyncio.sleep(0.01)
    closing = asyncio.ensure_future(world.connection.close(1012, "", grace=5))
    await asyncio.sleep(0)
    world.deliver(event(1))
    await closing
    other = World()
    other.connection.discard()
    other.deliver(event(1))
    assert world.wire.sent == other.wire.sent == []


@scenario
async def test_closing_a_peer_that_stopped_does_not_wait_for_ever(world):
    world.wire.stop()
    world.deliver(event(1))
    await asyncio.sleep(0)
    await world.connection.close(4008, "", grace=0.01)
    assert world.wire.closed == 4008 and len(world.connection.mailbox) == 0


@scenario
async def test_dropping_a_channel_before_its_frames_left_forgets_them(world):
    world.wire.stop()
    world.deliver(event(1), event(2, "notifications", "n"))
    world.connection.drop("prices")
    world.connection.answer([Frame("unsubscribed")])
    world.wire.go_on()
    await written(world, 2)
    assert world.wire.sent == ["n2", "unsubscribed"]
