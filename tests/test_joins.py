"""Joins: one read for all who come at a seq, many users in few queries, to each his own rows."""

import asyncio

import pytest
from channels.db import database_sync_to_async
from django.db import connection
from django.test.utils import CaptureQueriesContext

from realtime import hub, joins, journal, snapshots, topics
from realtime.messages import Subscribe
from tests import liquidation_market as lqm
from tests import world
from tests.talk import run, talk

pytestmark = pytest.mark.django_db(transaction=True)

quote = database_sync_to_async(world.quote)


def asked(channel, **options):
    return Subscribe(topics.select(channel, options.pop("params", {})), **options)


def counted(monkeypatch):
    looks, join_many = [], snapshots.join_many

    def counting(items):
        looks.append(len(items))
        return join_many(items)

    monkeypatch.setattr(snapshots, "join_many", counting)
    return looks


def test_a_snapshot_is_read_once_until_the_journal_moves(monkeypatch):
    world.quote("ETH", "1")
    looks = counted(monkeypatch)

    async def scenario():
        here = hub.current()
        await here.start()
        request = asked("prices")
        first = await joins.of(here).join(request, "a")
        assert await joins.of(here).join(request, "b") is first and looks == [1]
        await quote("ETH", "2")
        await here.reached(first.seq + 1)
        later = await joins.of(here).join(request, "b")
        assert later.seq > first.seq and later.rows[0].data["price"] == "2.00"

    run(scenario)


def test_a_snapshot_is_not_kept_for_ever_where_nothing_is_journalled(monkeypatch):
    world.quote("ETH", "1")
    looks = counted(monkeypatch)
    monkeypatch.setattr(joins, "KEEP_SECONDS", 0.0)

    async def scenario():
        here = hub.current()
        await here.start()
        for _ in range(2):
            await joins.of(here).join(asked("prices"), "")

    run(scenario)
    assert looks == [1, 1]


def test_a_snapshot_of_another_epoch_is_not_told(monkeypatch):
    world.quote("ETH", "1")
    looks = counted(monkeypatch)

    async def scenario():
        here = hub.current()
        await here.start()
        await joins.of(here).join(asked("prices"), "")
        here.epoch = "another"
        await joins.of(here).join(asked("prices"), "")

    run(scenario)
    assert looks == [1, 1]


def test_clients_of_both_forms_share_a_snapshot_and_get_their_own_form():
    world.quote("ETH", "1")
    token = world.token(world.user("alice"))

    async def scenario():
        async with talk() as plain, talk() as counting:
            for client, params in ((plain, {}), (counting, {"seq": True})):
                await client.auth(token)
                await client.send(type="subscribe", channel="prices", params=params)
                await client.expect("subscribed")
                assert ("seq" in await client.expect("data")) is bool(params)

    run(scenario)


def test_many_users_are_told_their_own_rows_and_no_query_comes_with_a_user():
    lqm.opened()
    people = [world.user(f"user{n}") for n in range(12)]
    for number, person in enumerate(people):
        for _ in range(number % 3):
            world.notification(person)
    rich = lqm.rich("rich")
    loan = lqm.loan(rich)
    people.append(rich)
    requests = [(asked(c), p.id) for p in people for c in ("positions", "notifications")]
    with CaptureQueriesContext(connection) as few:
        snapshots.join_many(requests[:4])
    with CaptureQueriesContext(connection) as many:
        found = snapshots.join_many(requests)
    assert len(many) <= len(few)
    for (request, owner), together in zip(requests, found, strict=True):
        alone = snapshots.join(request, owner)
        assert [r.data for r in together.rows] == [r.data for r in alone.rows], owner
    mine = found[requests.index((asked("positions"), rich.id))]
    assert {row.key for row in mine.rows} >= {loan.id, "account"}
    assert loan.id not in {row.key for row in found[0].rows}


def test_the_newest_unread_are_counted_for_each_user():
    people = [world.user(name) for name in ("a", "b")]
    for person in people:
        for number in range(snapshots.NEWEST_NOTIFICATIONS + 2):
            world.notification(person, title=str(number))
    requests = [(asked("notifications"), person.id) for person in people]
    for found in snapshots.join_many(requests):
        titles = [row.data["title"] for row in found.rows if "title" in row.data]
        assert titles == [str(n) for n in range(2, snapshots.NEWEST_NOTIFICATIONS + 2)]


def test_resumes_together_are_what_each_is_alone():
    people = [world.user(name) for name in ("a", "b")]
    begin = journal.position()
    for _ in range(3):
        for person in people:
            world.notification(person)
    now = journal.position()
    requests = [
        (asked("notifications", after=after, epoch=epoch), person.id)
        for person in people
        for after in (begin.seq, begin.seq + 2, now.seq)
        for epoch in (begin.epoch, "another")
    ]
    found = snapshots.join_many(requests)
    for (request, owner), together in zip(requests, found, strict=True):
        alone = snapshots.join(request, owner)
        assert (together.missed, together.rows) == (alone.missed, alone.rows)
        if request.epoch == "another":
            assert together.missed is None
        else:
            assert all(e.owner == owner and e.seq > request.after for e in together.missed)
    assert len(found[0].missed) == 3


def test_who_missed_too_much_gets_rows_and_the_others_their_events(monkeypatch):
    monkeypatch.setattr(snapshots, "RESUME_EVENTS", 2)
    one, other = (world.user(name) for name in ("a", "b"))
    begin = journal.position()
    for owner in (one, one, one, other, other):
        world.notification(owner)
    requests = [
        (asked("notifications", after=begin.seq, epoch=begin.epoch), owner.id)
        for owner in (one, other)
    ]
    much, little = snapshots.join_many(requests)
    assert much.missed is None and much.rows
    assert len(little.missed) == 2


def test_ids_that_name_nothing_are_found_for_each_filter():
    world.asset("ETH")
    selections = [
        topics.select("prices", {"assets": ["ETH", "XYZ"]}),
        topics.select("prices", {"assets": ["ETH"]}),
        topics.select("pools", {"pools": ["nowhere"]}),
        topics.select("positions", {"positions": ["whatever"]}),
    ]
    assert snapshots.unknown_many(selections) == [["XYZ"], [], ["nowhere"], []]


def test_a_crowd_that_comes_at_once_costs_a_few_looks(monkeypatch):
    world.quote("ETH", "1")
    people = [world.user(f"user{n}") for n in range(20)]
    tokens = [world.token(person) for person in people]
    looks = counted(monkeypatch)

    async def client(token):
        async with talk() as wire:
            await wire.auth(token)
            for channel in ("prices", "positions", "notifications"):
                await wire.subscribe(channel)

    async def scenario():
        await hub.current().start()
        await asyncio.gather(*(client(token) for token in tokens))

    run(scenario)
    assert len(looks) <= 30, "60 subscriptions"
