"""Protection rules: set, listed, revoked, and ended with their position."""

from decimal import Decimal
from functools import partial

import pytest
from django.db import IntegrityError

from dualis import errors
from dualis.lending import bidding, borrowing, protecting
from dualis.lending.models import BorrowPosition, Pool, ProtectionRule
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import auction_at, loan, reprice
from tests.test_join import snapshot, verify_join
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)
D = Decimal


@pytest.fixture(autouse=True)
def world():
    made = lqm.opened()
    yield made
    check()


@pytest.fixture
def borrower(world):
    return world[0]


@pytest.fixture
def position(world):
    return world[1]


def rule_for(position, action="repay", trigger="1.2", limit="max", now=T0, **others):
    return protecting.set_rule(
        position.user_id,
        position.id,
        trigger=trigger,
        action=action,
        limit=limit,
        now=now,
        **others,
    )


def outcomes():
    return list(ProtectionRule.objects.order_by("created_at").values_list("outcome", flat=True))


# --- setting ---------------------------------------------------------------------------------
def test_a_rule_shows_what_was_set(borrower, position):
    rule = rule_for(position, "add_collateral", "1.2345", "2.5", asset="ETH")
    shown = ProtectionRule.objects.get().to_dict()
    assert shown == rule.to_dict()
    assert shown == {
        "kind": "protection",
        "ruleId": rule.id,
        "protects": position.id,
        "triggerHealthFactor": 1.2345,
        "action": "add_collateral",
        "asset": "ETH",
        "limit": "2.5",
        "status": "active",
        "outcome": None,
        "reason": None,
        "amount": None,
        "createdAt": "2026-03-01T12:00:00.000Z",
        "endedAt": None,
    }
    assert rule_for(position).to_dict()["limit"] == "max"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"trigger": "1"}, "triggerHealthFactor"),
        ({"trigger": "3.0001"}, "triggerHealthFactor"),
        ({"trigger": "1.00001"}, "triggerHealthFactor"),
        ({"trigger": "NaN"}, "triggerHealthFactor"),
        ({"trigger": "-Infinity"}, "triggerHealthFactor"),
        ({"trigger": "soon"}, "triggerHealthFactor"),
        ({"trigger": "1.2_0"}, "triggerHealthFactor"),
        ({"action": "sell"}, "action"),
        ({"limit": "0"}, "limit"),
        ({"limit": "0.0000001"}, "limit"),
        ({"asset": "ETH"}, "asset"),
    ],
    ids=str,
)
def test_what_is_no_rule_is_refused(position, given, field):
    with pytest.raises(errors.ValidationError) as refusal:
        rule_for(position, **given)
    assert list(refusal.value.details["fields"]) == [field]
    assert not ProtectionRule.objects.exists()


def test_bounds_of_the_trigger_are_taken(position):
    assert rule_for(position, trigger="1.0001").trigger == D("1.0001")
    assert rule_for(position, "add_collateral", trigger="3", asset="ETH").trigger == 3


@pytest.mark.parametrize("asset", ["", "DUAL", "XYZ"])
def test_collateral_that_is_not_taken_is_refused(position, asset):
    with pytest.raises(errors.CollateralNotAccepted):
        rule_for(position, "add_collateral", asset=asset)


def test_a_pool_that_takes_no_collateral_any_more_is_refused(position):
    row = Pool.objects.get(asset_id="ETH")
    row.is_active = False
    row.save()
    with pytest.raises(errors.CollateralNotAccepted):
        rule_for(position, "add_collateral", asset="ETH")


def test_there_is_one_active_rule_of_an_action(position):
    rule_for(position)
    rule_for(position, "add_collateral", asset="ETH")
    with pytest.raises(errors.ProtectionExists):
        rule_for(position)
    with pytest.raises(IntegrityError):
        ProtectionRule(
            user_id=position.user_id,
            position=position,
            trigger=2,
            action="repay",
            asset="USDC",
            created_at=T0,
        ).save()


def test_two_at_once_set_one(position):
    results = together(*[partial(rule_for, position)] * 3)
    assert [type(error) for error in raised(results)] == [errors.ProtectionExists] * 2
    assert ProtectionRule.objects.count() == 1


def test_a_position_of_others_or_a_closed_one_takes_no_rule(borrower, position):
    with pytest.raises(errors.PositionNotFound):
        protecting.set_rule(
            rich("mallory").id, position.id, trigger="1.2", action="repay", limit="max", now=T0
        )
    borrowing.close_position(borrower.id, position.id, now=after(seconds=1))
    with pytest.raises(errors.PositionNotFound):
        rule_for(position)


# --- revoking --------------------------------------------------------------------------------
def test_a_revoked_rule_stays_and_may_be_set_anew(borrower, position):
    rule = rule_for(position)
    done = protecting.revoke(borrower.id, position.id, rule.id, now=after(seconds=1))
    assert (done.outcome, done.ended_at) == ("revoked", after(seconds=1))
    again = protecting.revoke(borrower.id, position.id, rule.id, now=after(seconds=2))
    assert again.ended_at == after(seconds=1)
    assert rule_for(position, now=after(seconds=3)).is_open()
    assert outcomes() == ["revoked", ""]


def test_nobody_revokes_a_rule_of_others(borrower, position):
    rule, mallory = rule_for(position), rich("mallory")
    for user, place in ((mallory, position), (borrower, loan(borrower))):
        with pytest.raises(errors.NotFound):
            protecting.revoke(user.id, place.id, rule.id, now=T0)
    assert outcomes() == [""]


# --- the end of the position -------------------------------------------------------------------
def close(borrower, position):
    borrowing.close_position(borrower.id, position.id, now=after(seconds=1))


def repay_all(borrower, position):
    borrowing.repay(borrower.id, position.id, "max", now=after(seconds=1))


def liquidate(borrower, position):
    row = auction_at("1400")
    bidding.bid(rich("bidder").id, row.auction_id, "max", now=T0)


@pytest.mark.parametrize("end", [close, repay_all, liquidate])
def test_rules_end_with_their_position_in_one_transaction(borrower, position, end):
    rule_for(position, trigger="1.0001", limit="0.000001")
    rule_for(position, "add_collateral", trigger="1.0001", asset="ETH")
    if end is liquidate:
        for rule in ProtectionRule.objects.all():
            rule.trigger = D("0.01")  # what nobody can set: the engine leaves it alone
            rule.save()
    end(borrower, position)
    assert not BorrowPosition.objects.get(id=position.id).is_open()
    assert outcomes() == ["ended", "ended"]


def test_other_positions_keep_their_rules(borrower, position):
    rule_for(loan(borrower))
    close(borrower, position)
    assert outcomes() == [""]


# --- the channel -----------------------------------------------------------------------------
def test_positions_after_each_thing_a_user_does_with_rules(borrower, position):
    made = []
    verify_join("positions", lambda: made.append(rule_for(position)), borrower.id)
    assert made[0].id in snapshot("positions", borrower.id)[1]
    verify_join(
        "positions",
        lambda: protecting.revoke(borrower.id, position.id, made[0].id, now=T0),
        borrower.id,
    )
    rule_for(position)
    verify_join("positions", lambda: close(borrower, position), borrower.id)
    assert snapshot("positions", rich("mallory").id)[1].keys() == {"account"}


def test_positions_after_the_engine_executed_a_rule(borrower, position):
    rule_for(position, trigger="1.2")
    reprice("ETH", "2000")
    verify_join("positions", lambda: lqm.run(after(seconds=1)), borrower.id)
    assert outcomes() == ["executed"]
