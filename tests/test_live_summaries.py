"""Account summaries that move with the marks: what is told to whom, and what is not."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from dualis.trading import triggers
from realtime import hub, journal, live
from realtime.live_summaries import SUMMARIES
from realtime.models import Event
from tests import trading_world as tw
from tests.talk import run
from tests.test_notional_consumer import Client
from tests.test_trading_join import fresh, subscribed
from tests.trading_world import ADA, BOB, EVE, after

pytestmark = pytest.mark.django_db(transaction=True)

marked, place = database_sync_to_async(tw.marked), database_sync_to_async(tw.place)


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "100000")
    tw.account(EVE)
    tw.place(BOB, "A", "1", "2000")
    tw.place(ADA, "B", "1", "2000")


async def silent(client):
    """Wait until hub and live figures have done all there is; nothing was sent meanwhile."""
    figures, cursor = live.of(hub.current(), SUMMARIES), await database_sync_to_async(_cursor)()
    while hub.current().cursor < cursor or figures._task:
        await asyncio.sleep(0.01)
    assert await client.say("ping") == {"channel": "pong"}


def _cursor():
    return journal.position().seq


def _seqs_of(channel, key):
    rows = Event.objects.filter(channel=channel, key=key).order_by("seq")
    return list(rows.values_list("seq", flat=True))


def value(data):
    return data["summary"]["accountValue"]


def test_a_mark_moves_the_summary_as_a_new_snapshot_shows_it():
    async def scenario():
        async with Client("/ws") as client:
            before = await subscribed(client, "accountSummary", True, user=ADA)
            for price, change in (("2010", 10), ("1990", -10)):
                await marked(ETH=price)
                told = (await client.next())["data"]
                assert value(told) == pytest.approx(value(before) + change)
                assert told == await fresh("accountSummary", user=ADA)

    run(scenario)


def test_figures_that_did_not_change_are_not_sent():
    async def scenario():
        async with Client("/ws") as client:
            await subscribed(client, "accountSummary", True, user=ADA)
            await subscribed(client, "accountSummary", True, user=EVE)  # holds USDC alone
            await marked()  # the same again
            await silent(client)
            await marked(BTC="61000")  # of which nobody has any
            await silent(client)
            await marked(ETH="2000.001")  # less than a cent
            await silent(client)

    run(scenario)


def test_two_sockets_of_one_account_are_told_until_each_has_stopped():
    async def scenario():
        async with Client("/ws") as first:
            async with Client("/ws") as second:
                await subscribed(first, "accountSummary", True, user=ADA)
                await subscribed(second, "accountSummary", True, user=ADA)
                await marked(ETH="2010")
                assert (await first.next())["data"] == (await second.next())["data"]
                await second.say("unsubscribe", "accountSummary", user=ADA)
                await marked(ETH="2020")
                await first.next()
                await silent(second)
            assert live.of(hub.current(), SUMMARIES)._watchers == {ADA: 1}
        assert not live.of(hub.current(), SUMMARIES)._watchers

    run(scenario)


def test_a_mark_after_a_trade_tells_of_the_account_as_the_trade_left_it():
    async def scenario():
        async with Client("/ws") as client:
            await subscribed(client, "accountSummary", True, user=ADA)
            await marked(ETH="2010")
            await client.next()
            await place(BOB, "A", "1", "2010")
            await place(ADA, "B", "1", "2010")
            traded = (await client.next())["data"]
            assert traded["summary"]["positions"]["ETH"]["szi"] == "2"
            await marked(ETH="2020")
            told = (await client.next())["data"]
            assert told["summary"]["positions"]["ETH"]["szi"] == "2"
            assert told == await fresh("accountSummary", user=ADA)

    run(scenario)


def test_an_order_that_enters_the_book_at_its_trigger_is_margined_in_what_is_told():
    async def scenario():
        enter = database_sync_to_async(triggers.run)
        await place(ADA, "B", "1", "1990", trigger=tw.Decimal(2010), tpsl="sl")
        async with Client("/ws") as client:
            before = await subscribed(client, "accountSummary", True, user=ADA)
            await marked(ETH="2010")
            moved = (await client.next())["data"]
            assert await enter(after(seconds=5)) == 1
            entered = (await client.next())["data"]
            used = [d["summary"]["totalMarginUsed"] for d in (before, moved, entered)]
            assert used == [200, 201, 402]
            assert entered == await fresh("accountSummary", user=ADA)
            await silent(client)

    run(scenario)


def test_an_account_that_is_opened_later_moves_from_then_on():
    async def scenario():
        async with Client("/ws") as client:
            await subscribed(client, "accountSummary", user="0x77")
            await marked(ETH="2010")
            await silent(client)
            await database_sync_to_async(tw.account)("0x77", "0")
            assert value((await client.next())["data"]) == 0
            deposit = database_sync_to_async(tw.money.deposit)
            await deposit("0x77", "ETH", tw.Decimal(1), now=after(seconds=1))
            assert value((await client.next())["data"]) == 2010
            await marked(ETH="2000")
            assert value((await client.next())["data"]) == 2000

    run(scenario)


def test_a_live_frame_carries_the_seq_of_what_it_was_read_from():
    class Listener:
        events = []

        def deliver(self, events):
            self.events += [e for e in events if e.channel == "accountSummary"]

    async def scenario():
        async with Client("/ws") as client:
            await subscribed(client, "accountSummary", True, user=ADA)
            hub.current().subscribe(Listener(), SUMMARIES.topics_of(ADA))
            await marked(ETH="2010")
            await client.next()
            (event,) = Listener.events
            seqs = await database_sync_to_async(_seqs_of)("prices", "ETH")
            assert seqs[-1] <= event.seq <= await database_sync_to_async(_cursor)()

    run(scenario)
