"""REST of voting power and delegation."""

import pytest
from rest_framework.test import APIClient

from dualis.accounts import tokens
from dualis.accounts.models import SessionKind
from realtime import journal
from tests import world
from tests.people import bearer
from tests.staking_world import holder

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada():
    return holder("ada", "100", world.now())


@pytest.fixture
def bob():
    return holder("bob", "7", world.now())


def client(user):
    return bearer(world.token(user))


def post(user, path, body=None, **headers):
    return client(user).post(f"/v1/governance/{path}", body or {}, format="json", headers=headers)


def get(user, path, **params):
    return client(user).get(f"/v1/governance/{path}", params)


def test_power_is_delegated_shown_to_both_and_taken_back(ada, bob):
    answer = post(ada, "delegate", {"delegateeId": bob.id})
    assert answer.status_code == 200
    assert answer.json()["data"] == get(ada, "voting-power").json()["data"]
    assert answer.json()["data"]["effectiveVotingPower"] == "0"
    assert get(bob, "voting-power").json()["data"] == {
        "balance": "7",
        "staked": "0",
        "ownVotingPower": "7",
        "delegatedOut": "0",
        "delegatedIn": "100",
        "effectiveVotingPower": "107",
        "delegate": None,
    }
    shown = get(ada, "delegations").json()
    assert shown["data"] == {
        "given": {"delegateeId": bob.id, "votingPower": "100"},
        "received": [],
    }
    assert shown["seq"] == journal.position().seq
    assert get(bob, "delegations").json()["data"] == {
        "given": None,
        "received": [{"delegatorId": ada.id, "votingPower": "100"}],
    }
    assert post(ada, "undelegate").json()["data"]["effectiveVotingPower"] == "100"
    again = post(ada, "undelegate")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "NOT_DELEGATED")


def test_received_delegations_come_in_pages(bob):
    for name in ("d1", "d2", "d3"):
        post(holder(name, "1"), "delegate", {"delegateeId": bob.id})
    page = get(bob, "delegations", limit=2, page=2).json()
    assert [row["delegatorId"] for row in page["data"]["received"]] == ["usr_0000d3"]
    assert page["pagination"] == {
        "total": 3,
        "limit": 2,
        "offset": 2,
        "page": 2,
        "totalPages": 2,
        "hasMore": False,
    }
    assert get(bob, "delegations", limit=2).json()["pagination"]["hasMore"]
    assert get(bob, "delegations", limit=0).status_code == 400


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "VALIDATION_ERROR"),
        ({"delegateeId": "x\0y"}, 400, "VALIDATION_ERROR"),
        ({"delegateeId": "usr_nobody"}, 404, "NOT_FOUND"),
        ({"delegateeId": "usr_000ada"}, 422, "SELF_DELEGATION"),
    ],
)
def test_what_cannot_be_delegated_to_is_refused(ada, body, status, code):
    answer = post(ada, "delegate", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_key_delegates_once(ada, bob):
    headers = {"Idempotency-Key": "k1"}
    first = post(ada, "delegate", {"delegateeId": bob.id}, **headers)
    post(ada, "undelegate", **headers)  # another path, another key
    again = post(ada, "delegate", {"delegateeId": bob.id}, **headers)
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    assert get(ada, "voting-power").json()["data"]["delegate"] is None


def test_it_is_for_who_is_signed_in_and_not_for_tokens_that_only_read(ada, bob):
    for path in ("voting-power", "delegations"):
        assert APIClient().get(f"/v1/governance/{path}").status_code == 401
    stream = bearer(
        tokens.mint_stream(world.session(ada, kind=SessionKind.STREAM), now=world.now())
    )
    for path in ("delegate", "undelegate"):
        assert APIClient().post(f"/v1/governance/{path}").status_code == 401
        answer = stream.post(f"/v1/governance/{path}", {"delegateeId": bob.id}, format="json")
        assert answer.status_code == 403
