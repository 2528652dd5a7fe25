"""The engine executes protection rules: before any liquidation of the tick, once, and loudly."""

from decimal import Decimal
from functools import partial

import pytest
from django.db import transaction

from dualis import errors
from dualis.accounts import ledger, wallets
from dualis.apart import Apart
from dualis.lending import (
    alerts,
    borrowing,
    figures,
    guarding,
    liquidation,
    protecting,
    protection,
    risk,
)
from dualis.lending.models import BorrowPosition, Liquidation, Pool, ProtectionRule
from dualis.lending.view import View
from dualis.lending.watch import Watch
from dualis.notifications.models import Notification
from realtime import journal
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, wallet
from tests.liquidation_market import loan, reprice
from tests.test_lending_protecting import outcomes, rule_for
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


def fall(price, seconds=1):
    reprice("ETH", price)
    lqm.run(after(seconds=seconds), told=alerts.queue)


def health(position):
    row = BorrowPosition.objects.get(id=position.id)
    return risk.health_factor_down(risk.health(figures.risk_position(row, View.read())))


def told():
    return list(Notification.objects.order_by("created_at").values_list("type", flat=True))


def spend(user, asset, left="0"):
    """Empty a wallet but for what is left."""
    with transaction.atomic():
        row = wallets.lock([(user.id, asset)])[user.id, asset]
        paid = wallets.move(row, D(left) - row.amount)
        wallets.save(row)
        outside = ledger.Leg("outside", asset, -paid.amount, None)
        ledger.post("withdrawal", [paid, outside], now=T0, user_id=user.id)


# --- saving ----------------------------------------------------------------------------------
def test_a_repayment_saves_what_would_be_liquidated_in_that_tick(borrower, position):
    rule = rule_for(position, trigger="1.2")
    before = wallet(borrower, "USDC")
    fall("1690")  # health 0.9238
    assert not Liquidation.objects.exists()
    assert D("1.3") <= health(position) < D("1.3001")
    rule.refresh_from_db()
    assert (rule.outcome, rule.ended_at) == ("executed", after(seconds=1))
    assert before - wallet(borrower, "USDC") == rule.amount > 4_000
    notice = Notification.objects.get()
    assert (notice.type, notice.user_id, notice.link) == (
        "AUTO_PROTECT_EXECUTED",
        borrower.id,
        "/borrow",
    )
    assert notice.data["positionId"] == position.id and notice.data["ruleId"] == rule.id
    assert 1.3 <= notice.data["healthFactor"] < 1.3001
    assert "was repaid from your wallet at health factor 0.9238" in notice.message


def test_added_collateral_saves_it_too(borrower, position):
    rule_for(position, "add_collateral", trigger="1.2", asset="wBTC")
    fall("1690")
    assert not Liquidation.objects.exists() and D("1.3") <= health(position) < D("1.3001")
    row = BorrowPosition.objects.get()
    assert set(row.held()) == {"ETH", "wBTC"} and row.zone == "caution"
    assert "wBTC was added as collateral" in Notification.objects.get().message


def test_without_the_rule_there_is_an_auction(position):
    fall("1690")
    assert Liquidation.objects.count() == 1


@pytest.mark.parametrize(("price", "is_due"), [("2195.13", False), ("2195.12", True)])
def test_a_rule_is_due_at_its_trigger_exactly(position, price, is_due):
    rule_for(position, trigger="1.2")  # 18,000 / 8.2 = 2,195.1219...
    fall(price, seconds=0)
    assert outcomes() == ["executed" if is_due else ""]


def test_floats_choose_and_decimals_decide(position):
    """At a health of exactly the trigger a rule is due, and a hair above it is looked at only."""
    rule = rule_for(position, trigger="1.64")
    watch = Watch()
    watch.take(None)
    reprice("ETH", "3000")
    assert guarding.due(watch, T0) == [(rule.id, position.id)]
    reprice("ETH", "3000.00000001")
    assert guarding.due(watch, T0) == [(rule.id, position.id)]
    assert guarding.execute(rule.id, T0) is None and outcomes() == [""]
    reprice("ETH", "3000")
    assert guarding.execute(rule.id, T0).outcome == "executed"


def test_the_limit_and_the_wallet_cap_what_is_moved(borrower, position):
    second = loan(borrower)
    rule_for(position, limit="1000")
    fall("2100")
    assert ProtectionRule.objects.get().amount == 1_000
    spend(borrower, "USDC", "700")
    rule_for(second, now=after(seconds=1))
    fall("2100", 2)
    assert ProtectionRule.objects.get(position=second).amount == 700
    assert wallet(borrower, "USDC") == 0 and outcomes() == ["executed", "executed"]


def test_a_rule_acts_once(borrower, position):
    rule_for(position, limit="1000")
    fall("2100")
    before = wallet(borrower, "USDC")
    fall("2000", 2)
    fall("1600", 3)
    assert wallet(borrower, "USDC") == before and told() == ["AUTO_PROTECT_EXECUTED"]
    assert Liquidation.objects.count() == 1


def test_of_two_rules_the_second_stays_if_the_first_was_enough(position):
    rule_for(position, trigger="1.2")
    rule_for(position, "add_collateral", trigger="1.2", asset="ETH", now=after(seconds=1))
    fall("1690", 2)
    assert outcomes() == ["executed", ""]


def test_of_two_rules_both_act_if_the_first_was_not_enough(position):
    rule_for(position, trigger="1.2", limit="100")
    rule_for(position, "add_collateral", trigger="1.2", asset="ETH", now=after(seconds=1))
    fall("1690", 2)
    assert outcomes() == ["executed", "executed"] and health(position) >= D("1.3")


def test_a_repayment_that_pays_everything_closes_the_position(borrower):
    small = loan(borrower, "120", {"ETH": "0.1"})
    rule_for(small, trigger="2.5")
    rule_for(small, "add_collateral", trigger="1.1", asset="ETH", now=after(seconds=1))
    held = wallet(borrower, "ETH")
    fall("1900", 2)  # 99.92 would lift it: less than 100 would be left
    row = BorrowPosition.objects.get(id=small.id)
    assert not row.is_open() and wallet(borrower, "ETH") == held + D("0.1")
    assert outcomes() == ["executed", "ended"]
    assert "the debt is paid" in Notification.objects.get().message


def test_frozen_prices_and_a_paused_market_do_not_keep_a_rule_from_acting(position):
    rule_for(position)
    lqm.market(is_paused=True)
    reprice("ETH", "1690", is_tripped=True)
    lqm.run(after(seconds=1))
    assert outcomes() == ["executed"] and health(position) >= D("1.3")


def test_an_auction_that_runs_is_cancelled_in_the_tick_that_protects(position):
    fall("1690")
    rule_for(position, now=after(seconds=1))
    lqm.run(after(seconds=2))
    assert Liquidation.objects.get().status == "settled" and outcomes() == ["executed"]


# --- failing ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("action", "asset", "emptied"),
    [("repay", "", "USDC"), ("add_collateral", "wBTC", "wBTC")],
)
def test_an_empty_wallet_fails_loudly_and_the_auction_opens(
    borrower, position, action, asset, emptied
):
    rule_for(position, action, asset=asset)
    spend(borrower, emptied)
    fall("1690")
    row = ProtectionRule.objects.get()
    assert (row.outcome, row.reason, row.amount) == ("failed", "INSUFFICIENT_BALANCE", None)
    assert Liquidation.objects.count() == 1
    fall("1680", 2)
    notice = Notification.objects.get()
    assert (notice.type, notice.severity) == ("AUTO_PROTECT_FAILED", "critical")
    assert notice.data["reason"] == "INSUFFICIENT_BALANCE"
    assert f"there is no {emptied} in your wallet" in notice.message


def test_what_would_leave_dust_fails(borrower):
    small = loan(borrower, "101", {"ETH": "0.1"})
    rule_for(small, trigger="2", limit="1")
    reprice("USDC", "0.98")
    fall("1400")
    row = ProtectionRule.objects.get()
    assert (row.outcome, row.reason) == ("failed", "DEBT_TOO_SMALL")
    assert "below 100 USD" in Notification.objects.get(type="AUTO_PROTECT_FAILED").message


def test_a_refusal_of_the_market_is_the_reason_and_moves_nothing(borrower, position):
    rule_for(position, "add_collateral", asset="wBTC")
    row = Pool.objects.get(asset_id="wBTC")
    row.is_active = False
    row.save()
    before = wallet(borrower, "wBTC")
    fall("1690")
    found = ProtectionRule.objects.get()
    assert (found.outcome, found.reason) == ("failed", "COLLATERAL_NOT_ACCEPTED")
    assert found.amount is None and wallet(borrower, "wBTC") == before
    assert "refused (COLLATERAL_NOT_ACCEPTED)" in Notification.objects.get().message


def test_one_rule_that_breaks_leaves_the_others_and_the_screen_to_run(
    borrower, position, monkeypatch
):
    second, third = loan(borrower), loan(borrower, "14500")
    rule_for(position)
    rule_for(second)
    amount = protection.repayment_up
    calls = []

    def fail_first(*args):
        calls.append(args)
        if len(calls) == 1:
            raise ValueError("a bug")
        return amount(*args)

    monkeypatch.setattr(protection, "repayment_up", fail_first)
    with pytest.raises(ExceptionGroup):
        fall("1600")
    assert sorted(outcomes()) == ["", "executed"]
    assert {row.position_id for row in Liquidation.objects.all()} >= {third.id}
    assert Liquidation.objects.count() == 2, "the one that broke is not spared"


# --- once, and at the same time -----------------------------------------------------------------
def test_a_transaction_that_dies_leaves_the_rule_for_the_next(borrower, position, monkeypatch):
    rule = rule_for(position)
    reprice("ETH", "1690")
    before, seq = wallet(borrower, "USDC"), journal.position().seq

    def die(*args, **others):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(guarding.notices, "notify", die)
        with pytest.raises(KeyboardInterrupt):
            guarding.execute(rule.id, T0)
    assert wallet(borrower, "USDC") == before and journal.position().seq == seq
    assert outcomes() == [""] and told() == []
    lqm.run(after(seconds=1))
    assert outcomes() == ["executed"] and told() == ["AUTO_PROTECT_EXECUTED"]


def test_engines_at_once_execute_a_rule_once(borrower, position):
    rule = rule_for(position, limit="500")
    before = wallet(borrower, "USDC")
    reprice("ETH", "1690")
    results = together(*[partial(guarding.execute, rule.id, after(seconds=1))] * 4)
    assert not raised(results) and len([done for done in results if done]) == 1
    assert before - wallet(borrower, "USDC") == 500 and told() == ["AUTO_PROTECT_EXECUTED"]


def test_a_rule_that_is_revoked_at_the_same_time_acts_or_does_not(borrower, position):
    rule = rule_for(position, limit="500")
    before = wallet(borrower, "USDC")
    reprice("ETH", "1690")
    revoke = partial(protecting.revoke, borrower.id, position.id, rule.id, now=T0)
    results = together(partial(guarding.execute, rule.id, T0), revoke)
    assert not raised(results)
    moved = 500 if outcomes() == ["executed"] else 0
    assert before - wallet(borrower, "USDC") == moved and len(told()) == (moved > 0)


def test_a_revoked_rule_does_not_act(borrower, position):
    rule = rule_for(position)
    protecting.revoke(borrower.id, position.id, rule.id, now=T0)
    fall("1690")
    assert outcomes() == ["revoked"] and Liquidation.objects.count() == 1
    assert guarding.execute(rule.id, T0) is None


def test_a_position_that_closes_meanwhile_is_left_alone(borrower, position, monkeypatch):
    rule = rule_for(position)
    reprice("ETH", "1690")
    taken = guarding.take_desk

    def close_first(*args):
        monkeypatch.setattr(guarding, "take_desk", taken)
        borrowing.close_position(borrower.id, position.id, now=T0)
        return taken(*args)

    monkeypatch.setattr(guarding, "take_desk", close_first)
    assert guarding.execute(rule.id, T0) is None
    assert outcomes() == ["ended"] and told() == []


def test_a_rule_that_is_revoked_before_the_locks_is_left_alone(borrower, position, monkeypatch):
    rule = rule_for(position)
    reprice("ETH", "1690")
    taken = guarding.take_desk

    def revoke_first(*args):
        protecting.revoke(borrower.id, position.id, rule.id, now=T0)
        return taken(*args)

    monkeypatch.setattr(guarding, "take_desk", revoke_first)
    assert guarding.execute(rule.id, T0) is None
    assert outcomes() == ["revoked"] and told() == []


# --- time ------------------------------------------------------------------------------------
def test_when_time_is_short_the_worst_go_first_and_none_is_liquidated_before_his_turn(
    borrower, position, monkeypatch
):
    monkeypatch.setattr(guarding, "FIRST", 1)
    better = [loan(borrower, "14500"), loan(borrower, "14000")]
    for row in (position, *better):
        rule_for(row)
    reprice("ETH", "1690")
    watch = Watch()
    for number in (1, 2, 3):
        watch.take(None)
        liquidation.run(after(seconds=number), watch, time_left=lambda: 0.59)
        assert outcomes().count("executed") == number
        assert not Liquidation.objects.exists()
        if number == 1:
            assert ProtectionRule.objects.get(outcome="executed").position_id == position.id


def test_without_a_turn_none_is_spared_below_a_health_of_090(borrower, position, monkeypatch):
    monkeypatch.setattr(guarding, "FIRST", 0)
    rule_for(position)
    watch = Watch()
    for price, is_liquidated in (("1647", False), ("1646", True)):  # 0.9 x 15,000 / 8.2 = 1,646.34
        reprice("ETH", price)
        watch.take(None)
        liquidation.run(after(seconds=1), watch, time_left=lambda: 0.59)
        assert Liquidation.objects.exists() is is_liquidated
    assert outcomes() == [""]


def test_who_is_contended_had_no_turn_and_is_spared(borrower, position, monkeypatch):
    rule_for(position)

    def hold(rule_id, now):
        raise errors.Contended()

    with monkeypatch.context() as patch:
        patch.setattr(guarding, "execute", hold)
        fall("1690")
        assert not Liquidation.objects.exists()
        fall("1600")
        assert Liquidation.objects.exists()


def test_with_time_all_that_are_due_act_in_one_tick(borrower, position, monkeypatch):
    monkeypatch.setattr(guarding, "FIRST", 1)
    rule_for(position)
    rule_for(loan(borrower, "14500"))
    fall("1500")
    assert outcomes() == ["executed", "executed"]


def test_a_refusal_in_a_round_is_not_a_failure_of_it(borrower, position):
    rule_for(position)
    spend(borrower, "USDC")
    reprice("ETH", "1690")
    watch = Watch()
    watch.take(None)
    with Apart("the round") as apart:
        assert guarding.run(watch, T0, apart, time_left=lambda: 1.0) == frozenset()
    assert not apart.failures and errors.InsufficientBalance.code in str(
        ProtectionRule.objects.get().reason
    )
