"""Live figures: what happens when the journal overtakes a read."""

import asyncio

from realtime import live
from realtime.messages import Event, Row, Snapshot

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
    figures = live.Live(hub, live.POSITIONS)

    async def read(function, users, known):
        seq = seqs.pop(0)
        if seq == 100:  # a change of zone arrives while it reads
            figures.deliver([event("positions", 101, USER)])
        book = {USER: live._Book([], [])}
        return live.Round(seq, "e", book, {(USER, "account"): f'{{"seq":{seq}}}'})

    monkeypatch.setattr(live.readers, "run", read)

    async def scenario():
        figures.watch(USER, Snapshot(99, "e", ()))
        figures.deliver([event("prices", 100)])
        await figures._task

    asyncio.run(scenario())
    assert seqs == [] and [sent.seq for sent in hub.sent] == [101]


def test_a_known_book_older_than_the_round_is_not_told(monkeypatch):
    """The trade at 101 is in what was read, but not yet handed out when the round began."""
    hub, read_at, knew = Hub(), iter((100, 101, 101)), []
    figures = live.Live(hub, live.POSITIONS)

    async def reached(seq):
        if seq == 101 and len(knew) == 2:
            figures.deliver([event("positions", 101, USER)])

    async def read(function, users, known):
        seq = next(read_at)
        knew.append(bool(known))
        book = known.get(USER) or live._Book([], [])
        row = f'{{"n":{len(knew)}}}'
        return live.Round(seq, "e", {USER: book}, {(USER, "account"): row})

    monkeypatch.setattr(live.readers, "run", read)
    hub.reached = reached

    async def scenario():
        figures.watch(USER, Snapshot(99, "e", ()))
        for seq in (100, 101):
            figures.deliver([event("prices", seq)])
            await figures._task

    asyncio.run(scenario())
    assert knew == [False, True, False], "the third round reads the account anew"
    assert [sent.text for sent in hub.sent] == ['{"n":1}', '{"n":3}']


def test_after_a_restart_of_the_journal_nothing_of_the_old_one_is_waited_for(monkeypatch):
    hub = Hub()
    figures = live.Live(hub, live.POSITIONS)

    async def read(function, users, known):
        return live.Round(5, "new", {USER: live._Book([], [])}, {(USER, "account"): "{}"})

    monkeypatch.setattr(live.readers, "run", read)

    async def scenario():
        figures.watch(USER, Snapshot(99, "e", ()))
        figures.deliver([event("positions", 1_000, USER)])
        figures.resync()
        figures.deliver([event("prices", 5)])
        await asyncio.wait_for(figures._task, 10)

    asyncio.run(scenario())
    assert [sent.seq for sent in hub.sent] == [5]


def test_a_word_on_one_user_is_followed_by_a_round_of_his_alone(monkeypatch):
    hub, asked = Hub(), []
    source = live.Source("positions", ("prices",), lambda users, known: None, ("notifications",))
    figures = live.Live(hub, source)

    async def read(function, users, known):
        asked.append(sorted(users))
        return live.Round(9, "e", dict.fromkeys(users))

    monkeypatch.setattr(live.readers, "run", read)

    async def scenario():
        for user in (USER, "usr_2"):
            figures.watch(user, Snapshot(1, "e", ()))
        figures.deliver([event("notifications", 2, USER)])
        await figures._task
        figures.deliver([event("notifications", 3, USER), event("positions", 4, USER)])
        assert figures._task is None  # the journal has told it itself
        figures.deliver([event("notifications", 5, USER), event("prices", 6)])
        await figures._task

    asyncio.run(scenario())
    assert asked == [[USER], [USER, "usr_2"]]


def row(**data):
    return Row("account", (), data)


def test_figures_that_a_new_socket_saw_otherwise_are_sent_to_all(monkeypatch):
    hub, figures_at = Hub(), {}
    figures = live.Live(hub, live.POSITIONS)

    async def read(function, users, known):
        text = live.text_of(figures_at)
        return live.Round(
            10, "e", dict.fromkeys(users), {(user, "account"): text for user in users}
        )

    monkeypatch.setattr(live.readers, "run", read)

    async def scenario():
        figures_at["value"] = 1
        figures.watch(USER, Snapshot(5, "e", (row(value=1),)))
        assert figures._task is None
        figures.watch(USER, Snapshot(7, "e", (row(value=2),)))  # the price moved, and back since
        await figures._task

    asyncio.run(scenario())
    assert [sent.text for sent in hub.sent] == ['{"value":1}']


def test_a_round_read_before_a_snapshot_is_left_out_and_followed_by_another(monkeypatch):
    hub, seqs = Hub(), [6, 9]
    figures = live.Live(hub, live.POSITIONS)

    async def read(function, users, known):
        seq = seqs.pop(0)
        if seq == 6:  # a second socket joins while it reads
            figures.watch(USER, Snapshot(8, "e", ()))
        return live.Round(seq, "e", {USER: None}, {(USER, "account"): f'{{"seq":{seq}}}'})

    monkeypatch.setattr(live.readers, "run", read)

    async def scenario():
        figures.watch(USER, Snapshot(5, "e", ()))
        figures.deliver([event("prices", 6)])
        await figures._task

    asyncio.run(scenario())
    assert seqs == [] and [sent.seq for sent in hub.sent] == [9]
