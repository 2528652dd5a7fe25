"""Live figures: what happens when the journal overtakes a read."""

import asyncio

from realtime import live
from realtime.messages import Event, Snapshot

USER = "usr_1"


class Hub:
    """Takes what is sent; every seq is reached at once."""

    def __init__(self):
        self.sent = []

    def subscribe(self, subscriber, topics):
        pass

    def emit(self, events, but):
        self.sent += events

    async def reached(self, seq):
        pass


def event(channel, seq, owner=""):
    return Event(seq, "e", channel, "key", owner, (), False, "", "{}")


def test_a_round_that_was_overtaken_is_followed_by_another(monkeypatch):
    hub, seqs = Hub(), [100, 101]
    figures = live.LivePositions(hub)

    async def read(function, users, known):
        seq = seqs.pop(0)
        if seq == 100:  # a change of zone arrives while it reads
            figures.deliver([event("positions", 101, USER)])
        book = {USER: live._Book([], [])}
        return live._Round(seq, "e", book, {(USER, "account"): f'{{"seq":{seq}}}'})

    monkeypatch.setattr(live.readers, "run", read)

    async def scenario():
        figures.watch(USER, Snapshot(99, "e", ()))
        figures.deliver([event("prices", 100)])
        await figures._task

    asyncio.run(scenario())
    assert seqs == [] and [sent.seq for sent in hub.sent] == [101]


def test_after_a_restart_of_the_journal_nothing_of_the_old_one_is_waited_for(monkeypatch):
    hub = Hub()
    figures = live.LivePositions(hub)

    async def read(function, users, known):
        return live._Round(5, "new", {USER: live._Book([], [])}, {(USER, "account"): "{}"})

    monkeypatch.setattr(live.readers, "run", read)

    async def scenario():
        figures.watch(USER, Snapshot(99, "e", ()))
        figures.deliver([event("positions", 1_000, USER)])
        figures.resync()
        figures.deliver([event("prices", 5)])
        await asyncio.wait_for(figures._task, 10)

    asyncio.run(scenario())
    assert [sent.seq for sent in hub.sent] == [5]
