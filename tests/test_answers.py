"""Answers from memory: what Django says, while nothing newer is known, within the limits."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from channels.db import database_sync_to_async
from channels.testing import HttpCommunicator
from django.db import DatabaseError

from dualis import asgi
from realtime import answers, hub, journal, limits
from tests import lending_market as lm
from tests import world
from tests.talk import run

pytestmark = pytest.mark.django_db(transaction=True)

quote = database_sync_to_async(world.quote)
PLAIN = {"host": "localhost", "x-request-id": "mine"}


@pytest.fixture
def market(settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    lm.opened()


@pytest.fixture
def asked(monkeypatch):
    """The paths that Django is asked for."""
    seen = []

    async def counting(scope, receive, send):
        query = scope["query_string"].decode()
        seen.append(scope["path"] + (query and f"?{query}"))
        await asgi._http(scope, receive, send)

    monkeypatch.setattr(asgi, "_from_memory", answers.Answers(counting))
    return seen


async def get(path, method="GET", client="10.0.0.1", app=asgi.application, body=b"", **headers):
    pairs = [(k.encode(), v.encode()) for k, v in {**PLAIN, **headers}.items()]
    wire = HttpCommunicator(app, method, path, body, pairs)
    wire.scope |= {"client": (client, 5), "scheme": "http", "server": ("localhost", 80)}
    wire.scope |= {"root_path": "", "raw_path": path.encode(), "http_version": "1.1"}
    found = await wire.get_response(timeout=30)
    found["headers"] = {k.decode().lower(): v.decode() for k, v in found["headers"]}
    return found


@asynccontextmanager
async def listening():
    await hub.current().start()
    yield hub.current()


PATHS = [
    "/v1/pools",
    "/v1/pools?assetType=crypto&sortBy=utilization&sortOrder=asc&limit=2&page=1",
    "/v1/pools/usdc-main",
    "/v1/pools/usdc-main/rate-curve",
    "/v1/borrow/collateral-assets",
    "/v1/oracle/prices",
    "/v1/oracle/prices?assets=ETH,USDC",
    "/v1/oracle/prices/ETH",
    "/v1/liquidations?status=open",
    "/v1/governance/config",
    "/v1/governance/proposals?page=1&limit=5",
]


def test_an_answer_from_memory_is_djangos_to_the_byte(market, asked, monkeypatch):
    monkeypatch.setattr(answers, "KEEP_SECONDS", 60.0)

    async def scenario():
        async with listening():
            for path in PATHS:
                for method in ("GET", "HEAD"):
                    await equals_djangos(path, method)
        assert asked == PATHS, "each once"

    async def equals_djangos(path, method):
        plain = await get(path, method, app=asgi._http)
        assert plain["status"] == 200 and plain["headers"]["x-request-id"] == "mine", path
        assert await get(path, method) == plain
        tag = {"if-none-match": plain["headers"]["etag"]}
        unchanged = await get(path, method, app=asgi._http, **tag)
        assert unchanged["status"] == 304
        assert await get(path, method, **tag) == unchanged
        assert await get(path, method, **{"if-none-match": '"another"'}) == plain

    run(scenario)


def test_every_request_has_its_own_id(market, asked):
    async def scenario():
        async with listening():
            await get("/v1/pools")
            made = [
                (await get("/v1/pools", **{"x-request-id": claimed}))["headers"]["x-request-id"]
                for claimed in ("fine-1", "not a sane one", "")
            ]
            assert made[0] == "fine-1" and len({len(one) for one in made[1:]}) == 1
            assert made[1] != made[2]

    run(scenario)


def test_an_answer_ends_with_the_next_event(market, asked):
    async def scenario():
        async with listening() as here:
            before = json.loads((await get("/v1/oracle/prices/ETH"))["body"])
            await quote("ETH", "1234.5")
            after = json.loads((await get("/v1/oracle/prices/ETH"))["body"])
            assert after["data"]["price"] == "1234.50", "what this process wrote it reads"
            assert after["seq"] > before["seq"]
            await here.reached(after["seq"])
            assert json.loads((await get("/v1/oracle/prices/ETH"))["body"]) == after
        assert len(asked) == 2

    run(scenario)


def test_an_answer_ends_with_what_another_process_wrote(market, asked, monkeypatch):
    """Another process's commit is known by its group message or by the poll of the journal."""

    async def scenario():
        async with listening() as here:
            await get("/v1/pools")
            monkeypatch.setattr(journal, "_listeners", [])
            await quote("ETH", "1234.5")
            at = await database_sync_to_async(journal.position)()
            await asyncio.wait_for(here.reached(at.seq), 10)
            assert json.loads((await get("/v1/pools"))["body"])["seq"] == at.seq

    run(scenario)


def test_an_answer_of_another_epoch_or_older_than_a_second_is_not_given(market, asked, monkeypatch):
    async def scenario():
        async with listening() as here:
            await get("/v1/pools")
            epoch, here.epoch = here.epoch, "another"
            await get("/v1/pools")
            here.epoch = epoch
            assert len(asked) == 2
            monkeypatch.setattr(answers, "KEEP_SECONDS", 0.0)
            await get("/v1/pools")
            assert len(asked) == 3

    run(scenario)


def test_a_database_that_is_away_is_said_after_the_last_answer_has_aged(market, monkeypatch):
    from dualis.lending import pools_api

    monkeypatch.setattr(answers, "KEEP_SECONDS", 0.0)

    async def scenario():
        async with listening():
            assert (await get("/v1/pools"))["status"] == 200

            def away():
                from django.db import OperationalError

                raise OperationalError("away")

            monkeypatch.setattr(pools_api.journal, "position", away)
            assert (await get("/v1/pools"))["status"] == 503

    run(scenario)


def test_without_a_listening_hub_everything_is_djangos(market, asked):
    async def scenario():
        for _ in range(2):
            assert (await get("/v1/pools"))["status"] == 200

    run(scenario)
    assert len(asked) == 2


def test_the_limit_of_an_address_holds_as_it_does_in_django(market, asked, monkeypatch):
    monkeypatch.setattr(limits, "ANONYMOUS", "3/m")

    async def scenario():
        async with listening():
            found = [await get("/v1/pools") for _ in range(5)]
            assert [one["status"] for one in found] == [200, 200, 200, 429, 429]
            refused = found[-1]
            plain = await get("/v1/pools", app=asgi._http)
            assert refused["headers"].keys() == plain["headers"].keys()
            assert refused["headers"]["x-ratelimit-limit"] == "3"
            assert json.loads(refused["body"])["error"]["code"] == "RATE_LIMITED"
            assert (await get("/v1/pools", client="10.0.0.2"))["status"] == 200

    run(scenario)


def test_those_who_come_at_once_share_one_look(market, asked):
    async def scenario():
        async with listening():
            found = await asyncio.gather(*(get("/v1/pools") for _ in range(20)))
            assert {one["status"] for one in found} == {200}
        assert len(asked) == 1

    run(scenario)


def test_one_over_the_limit_takes_the_answer_from_nobody(market, asked, monkeypatch):
    monkeypatch.setattr(limits, "ANONYMOUS", "1/m")

    async def scenario():
        async with listening():
            assert (await get("/v1/pools", app=asgi._http))["status"] == 200
            late = [get("/v1/pools")] + [get("/v1/pools", client=f"10.0.1.{n}") for n in range(9)]
            found = await asyncio.gather(*late)
            assert [one["status"] for one in found] == [429] + 9 * [200]
        assert len(asked) == 2

    run(scenario)


def test_what_django_refuses_is_refused_and_not_kept(market, asked):
    refusals = [
        ("/v1/pools", {"accept": "text/html"}, 406),
        ("/v1/pools", {"host": "evil.example"}, 400),
        ("/v1/pools?limit=0", {}, 400),
        ("/v1/pools/nowhere", {}, 404),
        ("/v1/pools", {"cookie": 'x="\\000"'}, 400),
        ("/v1/pools?x=%00", {}, 400),
    ]

    async def scenario():
        async with listening():
            assert (await get("/v1/pools"))["status"] == 200
            for path, headers, status in refusals:
                for _ in range(2):
                    assert (await get(path, **headers))["status"] == status, (path, headers)
        assert len(asked) == 1 + 2 * len(refusals)

    run(scenario)


def test_a_forwarded_scheme_is_only_a_proxys_to_say(market, asked, settings):
    async def scenario():
        async with listening():
            await get("/v1/pools", **{"x-forwarded-proto": "https"})
            await get("/v1/pools")
            assert len(asked) == 1
            settings.TRUSTED_PROXIES = [answers_network("10.0.0.0/8")]
            await get("/v1/pools", **{"x-forwarded-proto": "https"})
            assert len(asked) == 2

    run(scenario)


def answers_network(text):
    from ipaddress import ip_network

    return ip_network(text)


def test_no_more_is_kept_than_the_bounds_say(market, asked, monkeypatch):
    monkeypatch.setattr(answers, "MOST_KEPT", 2)

    async def scenario():
        async with listening():
            for number in (1, 2, 3):
                await get(f"/v1/pools?limit={number}")
            assert len(asgi._from_memory._kept) == 2
            monkeypatch.setattr(answers, "MOST_BYTES", 10)
            await get("/v1/pools?limit=4")
            await get("/v1/pools?limit=4")
        assert len(asked) == 5

    run(scenario)


def test_only_reads_of_public_snapshots_come_from_memory():
    for method, path, is_served in (
        ("GET", "/v1/pools", True),
        ("HEAD", "/v1/governance/proposals/DIP-1", True),
        ("POST", "/v1/governance/proposals", False),
        ("GET", "/v1/pools/", False),
        ("GET", "/v1/positions", False),
        ("GET", "/v1/governance/proposals/DIP-1/votes", False),
        ("GET", "/", False),
    ):
        assert answers.serves({"method": method, "path": path}) is is_served


def test_a_request_that_breaks_harms_nobody_who_waits(market, monkeypatch):
    calls = []

    async def breaking(scope, receive, send):
        calls.append(scope["path"])
        await asyncio.sleep(0)
        if len(calls) == 1:
            raise DatabaseError("a fault of ours")
        await asgi._http(scope, receive, send)

    app = answers.Answers(breaking)
    pairs = [(k.encode(), v.encode()) for k, v in PLAIN.items()]
    scope = {"path": "/v1/pools", "query_string": b"", "headers": pairs, "scheme": "http"}
    scope |= {"method": "GET", "client": ("10.0.0.1", 5)}

    async def scenario():
        async with listening():
            first = asyncio.create_task(app(scope, None, None))
            await asyncio.sleep(0)
            second = await get("/v1/pools", app=app)
            assert second["status"] == 200
            with pytest.raises(DatabaseError):
                await first

    run(scenario)
