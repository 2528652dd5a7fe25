"""The reference of the WebSocket protocols: types, samples, and every example sent for real."""

import json
import time
from contextlib import contextmanager

import httpx
import jsonschema  # type: ignore[import-untyped]
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from dualis.accounts.demo import PASSWORD
from realtime import asyncapi
from realtime.asyncapi import PROTOCOLS
from tests.visits import EMAIL

DUALIS, NOTIONAL = PROTOCOLS
SECONDS = 15.0
PROPOSER = "institutional@dualis.finance"
UPGRADE = {
    "version": "2.0.0",
    "releaseNotes": "What is new in this version, in the words of those who made it, for voters.",
    "darHash": "5" * 64,
}
CASES = [
    pytest.param(protocol, example, id=f"{protocol.name}-{example.name}")
    for protocol in PROTOCOLS
    for example in protocol.examples
]


def refs(value):
    """Yield every $ref of a document."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from refs(item)


def at(document, ref):
    found = document
    for part in ref.removeprefix("#/").split("/"):
        found = found[part]
    return found


@pytest.fixture(scope="module")
def document():
    return json.loads(json.dumps(asyncapi.document("localhost:4000", is_secure=False)))


def test_every_reference_of_the_document_leads_somewhere(document):
    found = set(refs(document))
    assert len(found) > 50
    for ref in found:
        assert at(document, ref), ref


def test_every_message_has_an_example_that_its_own_schema_takes(document):
    for name, message in document["components"]["messages"].items():
        assert message["examples"], name
        schema = {"$ref": message["payload"]["$ref"], "components": document["components"]}
        for example in message["examples"]:
            jsonschema.validate(example["payload"], schema)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda p: p.name)
def test_every_sample_is_the_one_frame_it_is_named_after(protocol):
    assert set(protocol.samples) == {one.__name__ for one in protocol.sent}
    for name, sample in protocol.samples.items():
        assert protocol.told(sample) == name


def test_a_frame_that_is_not_documented_is_none():
    assert DUALIS.told({"type": "hello"}) is None
    row = {**DUALIS.samples["PriceData"]["data"], "colour": "blue"}
    assert DUALIS.told({**DUALIS.samples["PriceData"], "data": row}) is None


def test_a_fill_may_be_of_no_order_of_the_ledger_but_names_no_other_thing():
    sample = NOTIONAL.samples["UserFillsData"]

    def told(**fields):
        (fill,) = sample["data"]["fills"]
        return NOTIONAL.told({**sample, "data": {**sample["data"], "fills": [{**fill, **fields}]}})

    assert told(orderId="", oid=0) == "UserFillsData"
    assert told(orderId="", oid=0, forcedClosureType="adl") == "UserFillsData"
    assert told(orderId="97") is None


@pytest.mark.parametrize("secure", [False, True])
def test_the_document_names_the_server_that_it_comes_from(secure):
    servers = asyncapi.document("example.test", is_secure=secure)["servers"]
    assert {one["host"] for one in servers.values()} == {"example.test"}
    assert {one["protocol"] for one in servers.values()} == {"wss" if secure else "ws"}


# --- for real -----------------------------------------------------------------------------------
class Reader:
    """A socket of one protocol whose every frame must be a documented one."""

    def __init__(self, protocol, wire):
        self.protocol, self.wire = protocol, wire

    def next(self, seconds=SECONDS):
        frame = json.loads(self.wire.recv(timeout=seconds))
        name = self.protocol.told(frame)
        assert name is not None, f"not documented: {frame}"
        return name, frame

    def expect(self, name):
        """Return the next frame that is no row; it must be of this name."""
        answers = {one.__name__ for one in self.protocol.answers}
        while True:
            found, frame = self.next()
            if found in answers:
                assert found == name, frame
                return frame


@pytest.fixture(scope="module")
def address(server):
    """An account that trades."""
    body = {"type": "latestTransactions", "limit": 100}
    rows = httpx.post(f"{server.url}/info", json=body, timeout=SECONDS).json()
    return next(row["user"] for row in rows if row["user"].startswith("0x"))


@pytest.fixture(scope="module")
def token(server):
    return login(server, EMAIL)


def login(server, email):
    body = {"email": email, "password": PASSWORD}
    answer = httpx.post(f"{server.url}/v1/auth/login", json=body, timeout=SECONDS)
    return answer.json()["data"]["accessToken"]


@contextmanager
def reading(server, protocol):
    with connect(f"ws://127.0.0.1:{server.port}{protocol.path}", open_timeout=SECONDS) as wire:
        yield Reader(protocol, wire)


@pytest.mark.parametrize(("protocol", "example"), CASES)
def test_an_example_is_answered_as_documented(protocol, example, server, token, address):
    text = example.text.replace("{token}", token)
    text = text.replace("{user}", address).replace("{coin}", "ETH")
    with reading(server, protocol) as reader:
        if example.needs_auth:
            reader.wire.send(json.dumps({"type": "auth", "token": token}))
            reader.expect("Authenticated")
        if example.name == "unsubscribe" and protocol is DUALIS:
            reader.wire.send('{"type":"subscribe","channel":"prices"}')
            reader.expect("Subscribed")
        reader.wire.send(text)
        for name in example.answers:
            frame = reader.expect(name)
        if example.code is not None:
            assert frame["code"] == example.code
        if example.rows and frame.get("snapshot"):
            name, row = reader.next()
            assert name in {one.__name__ for one in protocol.data[example.rows]}
            assert row["data"]["snapshot"] is True
        if example.closes is not None:
            with pytest.raises(ConnectionClosed) as closed:
                while True:
                    reader.next()
            assert closed.value.rcvd.code == example.closes


def test_whatever_a_live_market_sends_is_documented(server, token, address):
    """All channels of both protocols for some seconds; the demo market moves in all of them."""
    wanted = {"PriceData", "PoolData", "AccountData", "ProposalData", "UnreadCountData"}
    with reading(server, DUALIS) as reader:
        reader.wire.send(json.dumps({"type": "auth", "token": token}))
        for channel in DUALIS.channels:
            reader.wire.send(json.dumps({"type": "subscribe", "channel": channel}))
        propose(server)
        follow(reader, wanted)
    wanted = {"AccountSummaryData", "NewBlocksData", "NewTransactionsData"}
    with reading(server, NOTIONAL) as reader:
        for example in NOTIONAL.examples:
            if example.rows:
                text = example.text.replace("{user}", address).replace("{coin}", "ETH")
                reader.wire.send(text)
        follow(reader, wanted)


def propose(server):
    """Make a proposal, vote on it and withdraw it: nobody else has to within a test's time."""
    text = UPGRADE["releaseNotes"]
    payload = {"type": "PROTOCOL_UPGRADE", "data": UPGRADE}
    body = {"type": payload["type"], "payload": payload, "title": text, "description": text}
    headers = {"Authorization": f"Bearer {login(server, PROPOSER)}"}
    with httpx.Client(base_url=f"{server.url}/v1/governance/", headers=headers) as client:

        def post(path, body):
            answer = client.post(path, json=body, timeout=SECONDS)
            assert answer.is_success, answer.text
            return answer.json()["data"]

        made = f"proposals/{post('proposals', body)['proposalId']}"
        post(f"{made}/vote", {"direction": "FOR"})
        post(f"{made}/cancel", {})


def follow(reader, wanted):
    deadline = time.monotonic() + 30
    missing = set(wanted)
    while missing and time.monotonic() < deadline:
        missing.discard(reader.next()[0])
    assert not missing
