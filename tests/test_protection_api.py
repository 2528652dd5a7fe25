"""REST of protection rules: set once, listed, revoked; the caller's own alone."""

import pytest
from rest_framework.test import APIClient

from dualis.accounts import tokens
from dualis.accounts.models import SessionKind
from dualis.lending.models import ProtectionRule
from realtime import journal
from tests import liquidation_market as lqm
from tests import world
from tests.lending_market import rich
from tests.liquidation_market import loan
from tests.people import bearer

pytestmark = pytest.mark.django_db(transaction=True)
RULE = {"triggerHealthFactor": 1.2, "action": "repay", "limit": "max"}


@pytest.fixture
def owner():
    return lqm.opened()


@pytest.fixture
def api(owner):
    return bearer(world.token(owner[0]))


@pytest.fixture
def address(owner):
    return f"/v1/borrow/positions/{owner[1].id}/protection"


def post(api, address, key=None, **changes):
    headers = {"Idempotency-Key": key} if key else {}
    return api.post(address, {**RULE, **changes}, format="json", headers=headers)


def ids(answer):
    assert answer.status_code == 200, answer.json()
    return [row["ruleId"] for row in answer.json()["data"]]


def test_a_rule_is_set_shown_and_revoked(api, address, owner):
    made = post(api, address)
    assert made.status_code == 201
    row = made.json()["data"]
    assert row == ProtectionRule.objects.get().to_dict()
    assert (row["protects"], row["asset"], row["status"]) == (owner[1].id, "USDC", "active")
    for place in (address, "/v1/borrow/protections"):
        answer = api.get(place)
        assert ids(answer) == [row["ruleId"]] and answer.json()["pagination"]["total"] == 1
        assert answer.json()["seq"] == journal.position().seq and answer.headers["ETag"]
    for _ in range(2):
        gone = api.delete(f"{address}/{row['ruleId']}")
        assert (gone.status_code, gone.json()["data"]["outcome"]) == (200, "revoked")
    assert ids(api.get(address)) == []
    assert ids(api.get(address, {"status": "closed"})) == [row["ruleId"]]
    assert ids(api.get("/v1/borrow/protections", {"status": "all"})) == [row["ruleId"]]


def test_a_request_with_a_key_sets_one_rule_however_often_it_arrives(api, address):
    first, again = (post(api, address, key="once") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() and again.headers["Idempotent-Replayed"] == "true"
    assert post(api, address).json()["error"]["code"] == "PROTECTION_EXISTS"
    assert ProtectionRule.objects.count() == 1


def test_the_newest_comes_first_and_a_position_lists_its_own(api, address, owner):
    first = post(api, address).json()["data"]["ruleId"]
    other = f"/v1/borrow/positions/{loan(owner[0]).id}/protection"
    second = post(api, other, action="add_collateral", asset="ETH").json()["data"]["ruleId"]
    assert ids(api.get("/v1/borrow/protections")) == [second, first]
    assert ids(api.get("/v1/borrow/protections", {"limit": 1, "page": 2})) == [first]
    assert (ids(api.get(address)), ids(api.get(other))) == ([first], [second])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"triggerHealthFactor": 0.9}, "triggerHealthFactor"),
        ({"triggerHealthFactor": None}, "triggerHealthFactor"),
        ({"action": "sell"}, "action"),
        ({"limit": "-1"}, "limit"),
        ({"asset": "ETH"}, "asset"),
    ],
    ids=str,
)
def test_what_is_no_rule_is_refused_by_its_field(api, address, changes, field):
    answer = post(api, address, **changes)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]["fields"]) == [field]


def test_nobody_sees_sets_or_revokes_rules_of_others(api, address):
    rule = post(api, address).json()["data"]["ruleId"]
    mallory = bearer(world.token(rich("mallory")))
    assert mallory.get(address).status_code == 404
    assert post(mallory, address).status_code == 404
    assert mallory.delete(f"{address}/{rule}").status_code == 404
    assert ids(mallory.get("/v1/borrow/protections", {"status": "all"})) == []
    assert ProtectionRule.objects.get().is_open()


def test_without_a_login_there_is_nothing(address):
    client = APIClient()
    for answer in (client.get(address), client.post(address), client.delete(f"{address}/x")):
        assert answer.status_code == 401


def test_a_read_only_token_lists_and_sets_nothing(owner, address):
    session = world.session(owner[0], kind=SessionKind.STREAM)
    reader = bearer(tokens.mint_stream(session, now=world.now()))
    assert ids(reader.get("/v1/borrow/protections")) == []
    assert post(reader, address).status_code == 403
    assert reader.delete(f"{address}/x").status_code == 403
