"""The hub: everything once, in order, whatever the channel layer does."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from realtime import hub as hubs
from realtime import journal, topics
from realtime.hub import Hub
from realtime.messages import Event as Moved
from realtime.models import Event, Head
from tests import world

pytestmark = pytest.mark.django_db(transaction=True)


class Reader:
    """A subscriber that keeps what it gets."""

    def __init__(self):
        self.batches = []
        self.resyncs = 0
        self.arrived = asyncio.Event()

    def deliver(self, events):
        self.batches.append([event.key for event in events])
        self.arrived.set()

    def resync(self):
        self.resyncs += 1
        self.arrived.set()

    @property
    def keys(self):
        return [key for batch in self.batches for key in batch]

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition():
                self.arrived.clear()
                await self.arrived.wait()


@asynccontextmanager
async def running(**attributes):
    hub = Hub()
    for name, value in attributes.items():
        setattr(hub, name, value)
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


def prices(params=None):
    return topics.topics_for(topics.select("prices", params or {}), "")


quote = database_sync_to_async(world.quote)


def test_a_committed_row_reaches_its_subscribers_and_nobody_else():
    async def scenario():
        async with running() as hub:
            everything, ether = Reader(), Reader()
            hub.subscribe(everything, prices())
            hub.subscribe(ether, prices({"assets": ["ETH"]}))
            await quote("BTC", "67710")
            await quote("ETH", "2041")
            await everything.until(lambda: len(everything.keys) == 2)
            assert everything.keys == ["BTC", "ETH"] and ether.keys == ["ETH"]

    asyncio.run(scenario())


def test_a_lost_group_message_is_read_from_the_journal(monkeypatch):
    """The fast path is dead: the poll repairs."""

    async def drop(group, message):
        pass

    async def scenario():
        monkeypatch.setattr(get_channel_layer(), "group_send", drop)
        async with running() as hub:
            reader = Reader()
            hub.subscribe(reader, prices())
            for number in range(5):
                await quote("ETH", str(2041 + number))
            await reader.until(lambda: len(reader.keys) == 5)

    asyncio.run(scenario())


def test_messages_out_of_order_doubled_or_cut_are_put_right(monkeypatch):
    """Group messages are handed over by hand: late, twice, and without their events."""
    monkeypatch.setattr(hubs, "POLL_SECONDS", 3_600)

    async def scenario():
        async with running() as hub:
            hub._undo()  # nothing is published but what follows
            reader = Reader()
            hub.subscribe(reader, prices())
            start = hub.cursor
            for number in range(6):
                await quote("ETH", str(2041 + number))
            events = await database_sync_to_async(journal.since)(start)

            def message(first, last, with_events=True):
                wire = [e.to_wire() for e in events[first - 1 : last]] if with_events else []
                return {
                    "type": "journal.events",
                    "epoch": hub.epoch,
                    "first": start + first,
                    "last": start + last,
                    "events": wire,
                }

            for received in (
                message(2, 2),  # a gap: 1 is missing, so the journal is read up to 6
                message(1, 1),  # late
                message(3, 4),  # again
                message(5, 6, with_events=False),  # a doorbell
            ):
                hub._inbox.put_nowait(received)
            await reader.until(lambda: len(reader.keys) >= 6)
            await asyncio.wait_for(_drained(hub), 5)
            assert len(reader.keys) == 6 and hub.repairs == 1

    asyncio.run(scenario())


def test_messages_that_piled_up_leave_in_one_batch(monkeypatch):
    """Two that continue one another, one already told, one behind a gap: read from the journal."""
    monkeypatch.setattr(hubs, "POLL_SECONDS", 3_600)

    async def scenario():
        async with running() as hub:
            hub._undo()
            reader = Reader()
            hub.subscribe(reader, prices())
            start = hub.cursor
            for number in range(6):
                await quote("ETH", str(2041 + number))
            events = await database_sync_to_async(journal.since)(start)
            for first, last in ((1, 1), (2, 3), (2, 2), (5, 5)):
                hub._inbox.put_nowait(
                    {
                        "epoch": hub.epoch,
                        "first": start + first,
                        "last": start + last,
                        "events": [e.to_wire() for e in events[first - 1 : last]],
                    }
                )
            await reader.until(lambda: len(reader.keys) == 6)
            assert [len(batch) for batch in reader.batches] == [3, 3] and hub.repairs == 1

    asyncio.run(scenario())


def test_a_hub_that_is_behind_waits_a_little_for_more_to_join(monkeypatch):
    monkeypatch.setattr(hubs, "POLL_SECONDS", 3_600)

    async def scenario():
        async with running() as hub:
            hub._undo()
            loop, start = asyncio.get_running_loop(), hub.cursor
            for price in ("2041", "2042", "2043"):
                await quote("ETH", price)
            events = await database_sync_to_async(journal.since)(start)

            def put(number):
                event = events[number - 1]
                told = {"epoch": hub.epoch, "first": event.seq, "last": event.seq}
                hub._inbox.put_nowait({**told, "events": [event.to_wire()]})

            class Slow(Reader):
                def deliver(self, batch):
                    super().deliver(batch)
                    if len(self.batches) == 1:  # one turn of the loop later, and two
                        loop.call_soon(lambda: (put(2), loop.call_soon(put, 3)))

            reader = Slow()
            hub.subscribe(reader, prices())
            put(1)
            await reader.until(lambda: len(reader.keys) == 3)
            assert [len(batch) for batch in reader.batches] == [1, 2] and hub.repairs == 0

    asyncio.run(scenario())


async def _drained(hub):
    done = asyncio.Event()

    class Last(dict):
        def __missing__(self, key):
            done.set()
            return hub.cursor if key == "last" else hub.epoch

    hub._inbox.put_nowait(Last())
    await done.wait()


def test_a_transaction_of_many_rows_is_one_batch():
    async def scenario():
        async with running() as hub:
            reader = Reader()
            hub.subscribe(reader, prices())

            def tick():
                from django.db import transaction

                with transaction.atomic():
                    for symbol in ("BTC", "CC", "ETH"):
                        world.quote(symbol, "1")

            await database_sync_to_async(tick)()
            await reader.until(lambda: reader.batches)
            assert reader.batches == [["BTC", "CC", "ETH"]]

    asyncio.run(scenario())


def test_a_message_too_large_for_the_layer_only_rings(monkeypatch):
    monkeypatch.setattr(hubs, "MAX_EVENTS", 2)

    async def scenario():
        async with running() as hub:
            reader = Reader()
            hub.subscribe(reader, prices())

            def tick():
                from django.db import transaction

                with transaction.atomic():
                    for number in range(5):
                        world.quote("ETH", str(number + 1))

            await database_sync_to_async(tick)()
            await reader.until(lambda: len(reader.keys) == 5)
            assert hub.repairs == 1

    asyncio.run(scenario())


def test_a_journal_that_was_replaced_makes_sockets_start_again():
    async def scenario():
        async with running() as hub:
            reader = Reader()
            hub.subscribe(reader, prices())
            await database_sync_to_async(Head.objects.filter(id=1).update)(epoch="restored")
            await reader.until(lambda: reader.resyncs == 1)
            await quote("ETH", "2041")
            await reader.until(lambda: reader.keys == ["ETH"])
            assert hub.epoch == "restored"

    asyncio.run(scenario())


def test_a_process_that_slept_past_the_retention_makes_sockets_start_again():
    async def scenario():
        async with running() as hub:
            hub._undo()
            reader = Reader()
            hub.subscribe(reader, prices())

            def prune_past():
                world.quote("ETH", "1")
                world.quote("ETH", "2")
                Event.objects.all().delete()
                seq = journal.position().seq
                Head.objects.filter(id=1).update(pruned_state_seq=seq)

            await database_sync_to_async(prune_past)()
            await reader.until(lambda: reader.resyncs == 1)

    asyncio.run(scenario())


def test_a_failing_layer_never_fails_the_commit(monkeypatch):
    async def broken(group, message):
        raise ConnectionError

    async def scenario():
        monkeypatch.setattr(get_channel_layer(), "group_send", broken)
        async with running() as hub:
            reader = Reader()
            hub.subscribe(reader, prices())
            await quote("ETH", "2041")
            await reader.until(lambda: reader.keys == ["ETH"])
            assert hub.is_running

    asyncio.run(scenario())


def test_a_subscriber_that_fails_harms_nobody_else(caplog):
    class Broken(Reader):
        def deliver(self, events):
            raise ValueError("broken")

    async def scenario():
        async with running() as hub:
            broken, reader = Broken(), Reader()
            for one in (broken, reader):
                hub.subscribe(one, prices())
            await quote("ETH", "2041")
            await reader.until(lambda: reader.keys == ["ETH"])
            assert broken.resyncs == 1

    asyncio.run(scenario())
    assert "broken" in caplog.text


def test_waiting_for_a_seq_ends_when_it_has_been_handed_out():
    async def scenario():
        async with running() as hub:
            reader = Reader()
            hub.subscribe(reader, prices())
            waiting = asyncio.ensure_future(hub.reached(hub.cursor + 2))
            await quote("ETH", "2041")
            await reader.until(lambda: len(reader.keys) == 1)
            assert not waiting.done()
            await quote("ETH", "2042")
            async with asyncio.timeout(10):
                await waiting
            assert len(reader.keys) == 2
            await hub.reached(hub.cursor)

    asyncio.run(scenario())


class Keeper(Reader):
    """Keeps the batches themselves."""

    def deliver(self, batch):
        self.batches.append(batch)


def moved(*symbols):
    return [Moved(n, "e", "prices", s, "", (s,), False, "", "{}") for n, s in enumerate(symbols, 1)]


def test_who_follows_the_same_topics_shares_a_batch():
    async def scenario():
        hub = Hub()
        everything, too, some, one = (Keeper() for _ in range(4))
        for reader in (everything, too):
            hub.subscribe(reader, prices())
        hub.subscribe(some, prices({"assets": ["ETH", "BTC"]}))
        hub.subscribe(one, prices({"assets": ["ETH"]}))
        hub.emit(moved("BTC", "CC", "ETH", "BTC"))
        assert everything.batches[0] is too.batches[0]
        found = [[[e.key for e in b] for b in r.batches] for r in (everything, some, one)]
        assert found == [[["BTC", "CC", "ETH", "BTC"]], [["BTC", "ETH", "BTC"]], [["ETH"]]]

    asyncio.run(scenario())


def test_an_event_under_several_topics_of_a_reader_reaches_it_once():
    async def scenario():
        hub, reader = Hub(), Keeper()
        hub.subscribe(reader, prices() | prices({"assets": ["ETH"]}))
        hub.emit(moved("BTC", "ETH"))
        assert [[event.key for event in batch] for batch in reader.batches] == [["BTC", "ETH"]]

    asyncio.run(scenario())


def test_unsubscribing_leaves_no_topic_behind():
    async def scenario():
        async with running() as hub:
            reader = Reader()
            hub.subscribe(reader, prices())
            hub.unsubscribe(reader, prices())
            assert hub.topics == {}

    asyncio.run(scenario())
