"""REST of governance, and its channel: a whole walk with two sockets watching, joins, refusals."""

import json

import pytest
from channels.db import database_sync_to_async
from rest_framework.test import APIClient

from dualis.lending import parameters
from governance import api, execution, proposals
from governance.lifecycle import ENDED, ProposalType
from governance.proposal_models import Proposal, Vote
from realtime import journal
from tests import governance_world as gw
from tests import lending_market as lm
from tests import world
from tests.governance_world import KINK, PAUSE, TITLE, WHY, holder, passed, propose, run, vote
from tests.lending_market import T0, after, wallet
from tests.talk import run as talking
from tests.talk import talk
from tests.test_join import snapshot

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {
    "title": TITLE,
    "description": WHY,
    "type": "PARAMETER_CHANGE",
    "payload": {"type": "PARAMETER_CHANGE", "data": KINK},
}


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    gw.check()


@pytest.fixture
def whale():
    return holder("whale", "200000000")


def client(user=None):
    made = APIClient()
    if user:
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(user)}")
    return made


def post(user, path="", body=None, **headers):
    address = f"/v1/governance/proposals{path}"
    return client(user).post(address, body or {}, format="json", headers=headers)


def get(path="proposals", params=None, user=None):
    return client(user).get(f"/v1/governance/{path}", params or {})


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


# --- the channel -------------------------------------------------------------------------------
def applied(rows, events):
    """Apply events as a client does: a proposal that is over leaves."""
    rows = dict(rows)
    for event in events:
        row = json.loads(event.text)
        if row["status"] in ENDED:
            rows.pop(event.key, None)
        else:
            rows[event.key] = row
    return rows


def verify_join(action):
    seq, before = snapshot("governance")
    action()
    events = journal.since(seq, channels=["governance"])
    _, fresh = snapshot("governance")
    once = applied(before, events)
    assert once == fresh and applied(once, events) == fresh
    assert fresh != before, "nothing changed: the test shows nothing"


def test_joins_of_a_proposal_that_is_executed(whale):
    other = holder("other")
    verify_join(lambda: propose(whale))
    verify_join(lambda: vote(whale, Proposal.objects.get()))
    verify_join(lambda: vote(other, Proposal.objects.get(), "ABSTAIN"))
    verify_join(lambda: vote(other, Proposal.objects.get(), "AGAINST"))
    verify_join(lambda: run(after(days=5)))
    verify_join(lambda: run(after(days=7)))
    verify_join(lambda: execution.execute(other.id, "DIP-1", now=after(days=8)))
    assert snapshot("governance")[1] == {}


def test_joins_of_other_ends(whale):
    staff = world.user("staff", role="admin")
    ada = holder("ada")
    by = {"actor": staff, "address": "", "now": T0}
    verify_join(lambda: propose(ada, ProposalType.EMERGENCY_ACTION, PAUSE))
    verify_join(lambda: proposals.co_sign("DIP-1", **by))
    verify_join(lambda: proposals.veto("DIP-1", "No emergency at all.", **by))
    propose(ada)
    verify_join(lambda: proposals.cancel(ada.id, "DIP-2", now=T0))
    ready = passed(ProposalType.PARAMETER_CHANGE, KINK, whale)
    parameters.change("usdc-main", {"kink": "0.85"}, now=after(days=7))
    verify_join(lambda: execution.execute(ada.id, ready.id, now=after(days=8)))
    propose(ada, data=KINK | {"proposedValue": "0.7"}, now=after(days=8))
    verify_join(lambda: run(after(days=15)))
    assert snapshot("governance")[1] == {}


# --- a whole walk ------------------------------------------------------------------------------
class Clock:
    """What the views take for the present."""

    def __init__(self):
        self.at = T0

    def now(self):
        return self.at


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(api, "timezone", made)
    return made


def test_a_whole_walk_through_rest_with_two_sockets_watching(whale, clock):
    other = holder("other", "5000")
    tokens = [world.token(whale), world.token(other)]
    call = database_sync_to_async

    async def seen(sockets, **fields):
        """Return the frame that both sockets get next."""
        for socket in sockets:
            frame = await socket.expect("data", channel="governance")
            found = {name: frame["data"].get(name) for name in fields}
            assert found == fields, frame
        return frame["data"]

    async def scenario():
        async with talk() as first, talk() as second:
            both = first, second
            for socket, token in zip(both, tokens, strict=True):
                await socket.auth(token)
                await socket.subscribe("governance")
            assert (await call(post)(whale, "", BODY)).status_code == 201
            await seen(both, event="proposal_created", proposalId="DIP-1", status="ACTIVE")
            for user, direction in ((whale, "FOR"), (other, "AGAINST"), (other, "ABSTAIN")):
                answer = await call(post)(user, "/DIP-1/vote", {"direction": direction})
                assert answer.status_code == 201, answer.content
                event = "vote_changed" if direction == "ABSTAIN" else "vote_cast"
                row = await seen(both, event=event, quorumMet=True)
            assert row["votesFor"] == "199999900.00000000", "a deposit does not vote"
            assert row["totalVoters"] == 2
            assert row["vote"]["previousDirection"] == "AGAINST"
            for days, statuses in ((5, ["PASSED", "TIMELOCK"]), (7, ["READY"])):
                clock.at = after(days=days)
                await call(run)(clock.at)
                for status in statuses:
                    await seen(both, event="proposal_status", status=status)
            await second.subscribe("pools", pools=["usdc-main"])
            answer = (await call(post)(other, "/DIP-1/execute")).json()["data"]
            assert answer["execution"]["result"] == "success"
            pool = await second.expect("data", channel="pools")
            assert (pool["data"]["poolId"], pool["data"]["reason"]) == ("usdc-main", "params")
            row = await seen(both, event="proposal_executed", status="EXECUTED")
            assert row["execution"]["effects"][0]["to"] == "0.85"
            await first.silence()

    talking(scenario)
    detail = get("proposals/DIP-1").json()
    told = [step["event"] for step in detail["data"]["timeline"]]
    assert told == ["proposal_created", *["proposal_status"] * 3, "proposal_executed"]
    assert detail["seq"] == journal.position().seq
    assert wallet(whale, "DUAL") == 200_000_000


def test_a_filter_names_proposals_and_events(whale):
    first, second = propose(whale), propose(holder("other"))
    voter, token = holder("voter"), world.token(whale)
    call = database_sync_to_async

    async def scenario():
        async with talk() as client:
            await client.auth(token)
            _, rows = await client.subscribe("governance")
            assert [row["proposalId"] for row in rows] == ["DIP-1", "DIP-2"]
            await client.send(type="unsubscribe", channel="governance")
            await client.expect("unsubscribed")
            params = {"proposals": ["DIP-2"], "events": ["vote_cast"]}
            ack, rows = await client.subscribe("governance", **params)
            assert ack["params"] == params and not rows
            await call(vote)(voter, first)
            await call(vote)(voter, second)
            frame = await client.expect("data", channel="governance")
            assert frame["data"]["proposalId"] == "DIP-2"
            await call(vote)(voter, second, "AGAINST")
            await client.silence()
            await client.send(
                type="subscribe", channel="governance", params={"proposals": ["DIP-9"]}
            )
            assert (await client.expect("error"))["code"] == "INVALID_PARAMS"

    talking(scenario)


# --- REST --------------------------------------------------------------------------------------
def test_the_config_shows_thresholds_and_clocks():
    body = get("config").json()
    data = body["data"]
    assert (data["proposalThreshold"], data["maxOpenProposals"]) == ("100", 10)
    assert data["types"]["EMERGENCY_ACTION"] == {
        "quorumPercent": 5,
        "quorumRequired": "50000000.00000000",
        "votingSeconds": 86_400.0,
        "timelockSeconds": 0.0,
    }
    assert set(data["types"]) == set(ProposalType) and body["seq"] == journal.position().seq
    assert set(data["forms"]) == set(ProposalType)
    assert data["forms"]["FEE_CHANGE"][0] == {"name": "poolId", "isRequired": True, "kind": "pool"}


def test_lists_are_public_filtered_and_paged(whale):
    propose(whale)
    propose(holder("ada"), ProposalType.EMERGENCY_ACTION, PAUSE)
    body = get().json()
    assert [row["proposalId"] for row in body["data"]] == ["DIP-2", "DIP-1"]
    assert body["seq"] == journal.position().seq
    assert body["pagination"] == {
        "total": 2,
        "limit": 20,
        "offset": 0,
        "page": 1,
        "totalPages": 1,
        "hasMore": False,
    }
    for params, found in [
        ({"status": "DRAFT"}, ["DIP-2"]),
        ({"type": "PARAMETER_CHANGE"}, ["DIP-1"]),
        ({"status": "EXECUTED"}, []),
        ({"state": "open"}, ["DIP-2", "DIP-1"]),
        ({"state": "open", "status": "DRAFT"}, ["DIP-2"]),
        ({"state": "waiting"}, []),
        ({"state": "ended"}, []),
        ({"limit": "1", "page": "2"}, ["DIP-1"]),
    ]:
        answer = get(params=params).json()
        assert [row["proposalId"] for row in answer["data"]] == found
    assert get(params={"limit": "1"}).json()["pagination"]["hasMore"]
    for params in ({"limit": "51"}, {"page": "0"}, {"status": "open"}):
        assert get(params=params).status_code == 400


def test_a_rest_row_is_the_sockets_row_with_keys_added(whale):
    vote(whale, propose(whale))
    (row,) = snapshot("governance")[1].values()
    shown = {name: value for name, value in row.items() if name not in ("event", "vote")}
    for rest in (get().json()["data"][0], get("proposals/DIP-1").json()["data"]):
        assert {name: rest[name] for name in shown} == shown


def test_votes_and_my_vote(whale):
    other, nobody = holder("other"), world.user("nobody")
    proposal = propose(whale)
    vote(whale, proposal)
    vote(other, proposal, "AGAINST")
    body = get("proposals/DIP-1/votes", {"limit": "1"}).json()
    assert [v["voterId"] for v in body["data"]["votes"]] == [other.id]
    assert body["pagination"]["total"] == 2 and body["data"]["percentages"]["for"] == 100
    mine = get("proposals/DIP-1/my-vote", user=other).json()
    assert mine["data"]["vote"]["direction"] == "AGAINST" and "seq" in mine
    assert mine["data"]["weight"] == "1000.00000000"
    assert get("proposals/DIP-1/my-vote", user=nobody).json()["data"] == {
        "vote": None,
        "weight": "0.00000000",
    }
    assert get("proposals/DIP-1/my-vote").status_code == 401
    for path in ("proposals/DIP-9", "proposals/DIP-9/votes"):
        assert code(get(path)) == (404, "PROPOSAL_NOT_FOUND")


def test_a_reason_stands_beside_the_vote_and_goes_with_it(whale, clock):
    propose(whale)
    said = post(whale, "/DIP-1/vote", {"direction": "FOR", "reason": "Withdrawals have waited."})
    assert said.json()["data"]["reason"] == "Withdrawals have waited."
    (row,) = get("proposals/DIP-1/votes").json()["data"]["votes"]
    assert row["reason"] == "Withdrawals have waited."
    assert post(whale, "/DIP-1/vote", {"direction": "AGAINST"}).json()["data"]["reason"] is None
    long = post(whale, "/DIP-1/vote", {"direction": "FOR", "reason": "x" * 501})
    assert code(long) == (400, "VALIDATION_ERROR")


def test_posts_need_a_login_and_act_once_per_key(whale, clock):
    assert post(None, "", BODY).status_code == 401
    for path in ("/DIP-1/vote", "/DIP-1/cancel", "/DIP-1/veto", "/DIP-1/execute", "/DIP-1/co-sign"):
        assert post(None, path).status_code == 401
    first = post(whale, "", BODY, **{"Idempotency-Key": "k"})
    again = post(whale, "", BODY, **{"Idempotency-Key": "k"})
    assert first.status_code == 201 and first.json() == again.json()
    assert Proposal.objects.count() == 1
    direction = {"direction": "FOR"}
    for _ in range(2):
        answer = post(whale, "/DIP-1/vote", direction, **{"Idempotency-Key": "v"})
        assert answer.status_code == 201
    assert Vote.objects.count() == 1
    assert code(post(whale, "/DIP-1/vote", direction)) == (409, "ALREADY_VOTED")


def test_a_stale_token_refuses_nobody_a_list():
    stale = APIClient()
    stale.credentials(HTTP_AUTHORIZATION="Bearer stale")
    assert stale.get("/v1/governance/proposals").status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": "too short"}, "title"),
        ({"title": "x" * 121}, "title"),
        ({"description": "too short"}, "description"),
        ({"description": "x" * 10_001}, "description"),
        ({"discussionUrl": "javascript:alert(1)"}, "discussionUrl"),
        ({"type": "OVERRIDE_ORACLE"}, "type"),
        ({"type": "FEE_CHANGE"}, "payload"),
        ({"payload": "x"}, "payload"),
        ({"payload": {"type": "PARAMETER_CHANGE", "data": []}}, "data"),
        ({"payload": {"type": "PARAMETER_CHANGE", "data": {}}}, "poolId"),
        (
            {"payload": {"type": "PARAMETER_CHANGE", "data": KINK | {"rationale": WHY + "\0"}}},
            "rationale",
        ),
    ],
)
def test_a_bad_proposal_is_refused_by_field(whale, change, field):
    answer = post(whale, "", BODY | change)
    assert code(answer) == (400, "VALIDATION_ERROR")
    assert field in answer.json()["error"]["details"]["fields"]
    assert not Proposal.objects.exists()


def test_veto_and_co_sign_are_for_staff(whale, clock):
    staff, ada = world.user("staff", role="admin"), holder("ada")
    propose(ada, ProposalType.EMERGENCY_ACTION, PAUSE)
    assert code(post(ada, "/DIP-1/co-sign")) == (403, "FORBIDDEN")
    assert post(staff, "/DIP-1/co-sign").json()["data"]["status"] == "ACTIVE"
    reason = {"reason": "There is no emergency."}
    assert code(post(ada, "/DIP-1/veto", reason)) == (403, "FORBIDDEN")
    assert code(post(staff, "/DIP-1/veto", {"reason": "short"})) == (400, "VALIDATION_ERROR")
    answer = post(staff, "/DIP-1/veto", reason).json()["data"]
    assert (answer["status"], answer["endReason"]) == ("VETOED", reason["reason"])
    assert answer["deposit"] == {"amount": "100", "state": "returned"}


def test_cancel_and_what_is_not_ready(whale, clock):
    propose(whale)
    assert code(post(whale, "/DIP-1/execute")) == (409, "PROPOSAL_NOT_READY")
    assert code(post(holder("ada"), "/DIP-1/cancel")) == (403, "FORBIDDEN")
    assert post(whale, "/DIP-1/cancel").json()["data"]["status"] == "CANCELLED"
    assert code(post(whale, "/DIP-1/cancel")) == (409, "PROPOSAL_ENDED")


def test_a_refusal_by_the_market_is_recorded_and_answered(whale, clock):
    ready = passed(ProposalType.PARAMETER_CHANGE, KINK, whale)
    parameters.change("usdc-main", {"kink": "0.85"}, now=after(days=7))
    clock.at = after(days=8)
    answer = post(whale, f"/{ready.id}/execute")
    data = answer.json()["data"]
    assert (answer.status_code, data["status"]) == (200, "READY")
    assert data["execution"]["failureReason"].endswith("is what it is already.")
    assert get(f"proposals/{ready.id}").json()["data"]["execution"] == data["execution"]
