"""REST and admin of staking."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from dualis.accounts import tokens
from dualis.accounts.models import SessionKind
from dualis.accounts.money import Movement
from governance import sharing
from governance.models import Cooldown
from realtime import journal
from tests import liquidation_market as lqm
from tests import world
from tests.lending_market import T0
from tests.people import bearer, make_staff
from tests.staking_world import check, holder, settled

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada():
    return holder("ada", now=world.now())


def post(user, path, amount=None, **headers):
    body = {} if amount is None else {"amount": amount}
    client = bearer(world.token(user))
    return client.post(f"/v1/staking/{path}", body, format="json", headers=headers)


def position(user):
    return bearer(world.token(user)).get("/v1/staking/position").json()


def test_a_stake_goes_in_cools_down_and_comes_out(ada):
    answer = post(ada, "stake", "400")
    body = answer.json()
    assert answer.status_code == 201 and body["transaction"]["status"] == "confirmed"
    assert body["data"] == {
        "moved": [{"asset": "DUAL", "amount": "400"}],
        "position": position(ada)["data"],
    }
    assert position(ada) == {
        "data": {
            "asset": "DUAL",
            "staked": "400",
            "cooling": "0",
            "withdrawable": "0",
            "cooldowns": [],
            "rewards": [],
        },
        "seq": journal.position().seq,
        "epoch": journal.position().epoch,
    }
    assert post(ada, "unstake", "max").status_code == 200
    shown = position(ada)["data"]
    assert (shown["staked"], shown["cooling"], shown["withdrawable"]) == ("0", "400", "0")
    assert [row["amount"] for row in shown["cooldowns"]] == ["400"]
    refused = post(ada, "withdraw").json()["error"]
    assert refused["code"] == "NOTHING_COOLED"
    assert refused["details"] == {"nextAt": shown["cooldowns"][0]["endsAt"]}
    Cooldown.objects.update(ends_at=world.now() - timedelta(seconds=1))
    assert position(ada)["data"]["withdrawable"] == "400"
    assert post(ada, "withdraw").json()["data"]["position"]["cooling"] == "0"
    check()


def test_rewards_are_shown_and_claimed(ada):
    _, loan = lqm.opened()
    post(ada, "stake", "100")
    settled(loan, {"USDC": "10", "ETH": "1"})
    with transaction.atomic():
        sharing.share(T0)
    due = [{"asset": "ETH", "amount": "0.4"}, {"asset": "USDC", "amount": "4"}]
    assert position(ada)["data"]["rewards"] == due
    answer = post(ada, "claim")
    assert answer.status_code == 200 and answer.json()["data"]["moved"] == due
    assert not answer.json()["data"]["position"]["rewards"]
    assert post(ada, "claim").json()["error"]["code"] == "NOTHING_TO_CLAIM"
    assert APIClient().get("/v1/staking/info").json()["data"] == {
        "asset": "DUAL",
        "cooldownDays": 7,
        "votingWeight": 1.5,
        "feeShare": 0.4,
        "totalStaked": "100",
        "stakers": 1,
        "rewardsShared": due,
    }


def test_info_is_there_before_anybody_staked(ada):
    post(ada, "stake", "1")
    post(ada, "unstake", "max")
    answer = APIClient().get("/v1/staking/info").json()
    assert (answer["data"]["totalStaked"], answer["data"]["stakers"]) == ("0", 0)
    assert answer["seq"] == journal.position().seq


@pytest.mark.parametrize(
    ("path", "amount", "status", "code"),
    [
        ("stake", None, 400, "VALIDATION_ERROR"),
        ("stake", "much", 400, "VALIDATION_ERROR"),
        ("stake", "1001", 422, "INSUFFICIENT_BALANCE"),
        ("unstake", "1", 422, "INSUFFICIENT_BALANCE"),
        ("unstake", "max", 422, "INSUFFICIENT_BALANCE"),
    ],
)
def test_what_cannot_be_moved_is_refused(ada, path, amount, status, code):
    answer = post(ada, path, amount)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_key_stakes_once(ada):
    first, again = (post(ada, "stake", "5", **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert again.json() == first.json() and again.headers["Idempotent-Replayed"] == "true"
    assert Movement.objects.filter(kind="stake").count() == 1


def test_it_is_for_who_is_signed_in_and_not_for_tokens_that_only_read(ada):
    assert APIClient().get("/v1/staking/position").status_code == 401
    stream = bearer(
        tokens.mint_stream(world.session(ada, kind=SessionKind.STREAM), now=world.now())
    )
    for path in ("stake", "unstake", "withdraw", "claim"):
        assert APIClient().post(f"/v1/staking/{path}").status_code == 401
        assert stream.post(f"/v1/staking/{path}", {"amount": "1"}, format="json").status_code == 403


def test_the_admin_shows_everything_and_changes_nothing(ada):
    _, loan = lqm.opened()
    post(ada, "stake", "100")
    post(ada, "unstake", "1")
    settled(loan, {"ETH": "1"})
    with transaction.atomic():
        sharing.share(T0)
    client = Client()
    client.force_login(make_staff())
    names = ["governance_staking", "governance_stake", "governance_cooldown", "governance_feeshare"]
    for name in [*names, "accounts_votingpower", "accounts_votecheckpoint"]:
        answer = client.get(reverse(f"admin:{name}_changelist"), {"q": "ada@example.com"})
        assert answer.status_code == 200, name
        assert client.get(reverse(f"admin:{name}_add")).status_code == 403
