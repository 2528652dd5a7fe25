"""Executing: what each type changes, once; what the market has come to refuse changes nothing."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from dualis import errors
from dualis.accounts import wallets
from dualis.accounts.models import AuditEntry
from dualis.lending import borrowing, parameters, staff, supplying
from dualis.lending.models import Market, Pool
from dualis.oracle.models import Asset, ManualPrice
from dualis.retry import retried
from governance import execution, treasury
from governance.lifecycle import ProposalType
from governance.proposal_models import ProposalEvent
from realtime import journal
from tests import governance_world as gw
from tests import lending_market as lm
from tests import people, world
from tests.governance_world import KINK, T0, WHY, day, holder, passed, propose, run, vote
from tests.lending_market import rich, wallet
from tests.threads import raised, together

pytestmark = pytest.mark.django_db
D = Decimal
PARAMETER, FEE, NEW_POOL, DEPRECATION, ADD, REMOVE, SPEND, EMERGENCY, UPGRADE, ORACLE = (
    ProposalType.PARAMETER_CHANGE,
    ProposalType.FEE_CHANGE,
    ProposalType.NEW_POOL,
    ProposalType.POOL_DEPRECATION,
    ProposalType.COLLATERAL_ADD,
    ProposalType.COLLATERAL_REMOVE,
    ProposalType.TREASURY_SPEND,
    ProposalType.EMERGENCY_ACTION,
    ProposalType.PROTOCOL_UPGRADE,
    ProposalType.ORACLE_CONFIG,
)


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    lm.check()
    gw.check()


@pytest.fixture
def whale():
    return holder("whale", "400000000")


def execute(proposal, user, now=None):
    return execution.execute(user.id, proposal.id, now=now or proposal.timelock_ends_at)


def done(kind, data, whale):
    """Return the effects of a proposal that passed and was executed."""
    found = execute(passed(kind, data, whale), whale)
    assert found.status == "EXECUTED", found.execution
    assert found.execution["result"] == "success"
    return found.execution["effects"]


def pool(pool_id="usdc-main"):
    return Pool.objects.get(id=pool_id)


def parameter(name, value, pool_id="usdc-main"):
    return KINK | {"poolId": pool_id, "parameter": name, "proposedValue": value}


def spend(whale):
    """Return a proposal that is ready to pay the whale 5 of the treasury's 50 DUAL."""
    treasury.fund(whale.id, "DUAL", D(50), now=T0)
    data = {"recipientAddress": whale.id, "amount": "5", "asset": "DUAL", "purpose": WHY}
    return passed(SPEND, data, whale)


# --- what each type changes --------------------------------------------------------------------
def test_a_parameter_is_changed_published_and_audited(whale):
    before = journal.position().seq
    effects = done(PARAMETER, KINK, whale)
    change = {"poolId": "usdc-main", "parameter": "kink", "from": "0.8", "to": "0.85"}
    assert effects == [change] and pool().kink == D("0.85")
    assert [e.key for e in journal.since(before, channels=["pools"])] == ["usdc-main"]
    entry = AuditEntry.objects.get(action="governance.execute")
    assert (entry.actor, entry.target) == (None, "DIP-1")
    assert entry.details == {"effects": effects, "executedBy": whale.id}


def test_anybody_executes_what_is_ready_and_nobody_what_is_not(whale):
    other = world.user("other")
    proposal = propose(whale)
    vote(whale, proposal)
    for moment in (T0, day(5), day(7, -1)):
        with pytest.raises(errors.ProposalNotReady):
            execute(proposal, other, moment)
    with pytest.raises(errors.ProposalNotReady):
        execute(proposal, other, day(14, 1))
    # the engine has not been here since the vote: time counts, and the deposit is settled
    assert execute(proposal, other, day(14)).status == "EXECUTED"
    assert wallet(whale, "DUAL") == 400_000_000
    told = [e.event for e in ProposalEvent.objects.order_by("number")]
    assert told == ["proposal_created", "vote_cast", *["proposal_status"] * 3, "proposal_executed"]
    with pytest.raises(errors.ProposalNotReady) as refusal:
        execute(proposal, other, day(14))
    assert refusal.value.details["status"] == "EXECUTED"
    with pytest.raises(errors.ProposalNotFound):
        execution.execute(other.id, "DIP-9", now=T0)


def test_a_lowered_threshold_ramps_and_a_raised_one_is_at_once(whale):
    (effect,) = done(PARAMETER, parameter("liquidationThreshold", "0.83"), whale)
    assert effect["effectiveAt"].startswith("2026-03-09T12:00:00")
    assert (pool().threshold, pool().threshold_to) == (D("0.85"), D("0.83"))
    (effect,) = execute(
        passed(PARAMETER, parameter("liquidationThreshold", "0.84", "eth-main"), whale, day(20)),
        whale,
    ).execution["effects"]
    assert "effectiveAt" not in effect and pool("eth-main").threshold == D("0.84")


@pytest.mark.parametrize(
    ("fee", "column", "name"),
    [
        ("PROTOCOL_FEE", "reserve_factor", "reserveFactor"),
        ("LIQUIDATION_PENALTY", "penalty", "liquidationPenalty"),
    ],
)
def test_fees(whale, fee, column, name):
    data = {"poolId": "usdc-main", "feeType": fee, "proposedRate": "0.06"}
    (effect,) = done(FEE, data, whale)
    assert getattr(pool(), column) == D("0.06") and effect["parameter"] == name


def test_a_new_pool_of_a_listed_asset_takes_the_catalogues_terms(whale):
    before = journal.position().seq
    assert done(NEW_POOL, {"assetSymbol": "T-BILL"}, whale) == [
        {"poolId": "t-bill-main", "asset": "T-BILL", "to": "opened"}
    ]
    opened = pool("t-bill-main")
    assert (opened.ltv, opened.kink, opened.haircut_tier) == (D("0.85"), D("0.9"), "rwa")
    assert [e.key for e in journal.since(before, channels=["pools"])] == ["t-bill-main"]
    user = rich("saver", {"T-BILL": "50"})
    supplying.supply(user.id, "t-bill-main", "10", now=day(9))


BTC = {
    "assetSymbol": "BTC",
    "assetType": "CryptoCurrency",
    "oracleSourceId": "simulated",
    "initialLtv": "0.7",
    "initialLiquidationThreshold": "0.8",
    "initialBaseBorrowRate": "0.01",
    "slope": "0.05",
    "kink": "0.7",
    "jump": "0.5",
    "reserveFactor": "0.15",
    "liquidationPenalty": "0.06",
    "supplyCap": "50000000",
    "borrowCap": "0",
}


def test_a_new_pool_of_another_asset_brings_its_terms_along(whale):
    done(NEW_POOL, BTC, whale)
    opened = pool("btc-main")
    assert (opened.ltv, opened.jump, opened.haircut_tier) == (D("0.7"), D("0.5"), "crypto")
    assert not opened.is_borrowable, "with a cap of nothing"


def test_a_deprecated_pool_takes_nothing_more_and_lets_everybody_out(whale):
    ada = rich("ada")
    supplying.supply(ada.id, "usdc-main", "1000", now=T0)
    (effect,) = done(DEPRECATION, {"poolId": "usdc-main", "reason": WHY}, whale)
    assert effect == {
        "poolId": "usdc-main",
        "parameter": "isActive",
        "from": "true",
        "to": "false",
    }
    with pytest.raises(errors.PoolInactive):
        supplying.supply(ada.id, "usdc-main", "1", now=day(11))
    supplying.withdraw(ada.id, "usdc-main", "max", now=day(11))


def test_removed_collateral_counts_on_and_is_taken_no_more(whale):
    lender, ada = rich("lender"), rich("ada")
    supplying.supply(lender.id, "usdc-main", "100000", now=T0)
    loan = borrowing.open_position(ada.id, "usdc-main", "1000", {"ETH": "5"}, now=T0).position
    before = loan.to_dict()["healthFactor"]
    done(REMOVE, {"assetSymbol": "ETH", "reason": WHY}, whale)
    loan.refresh_from_db()
    loan.view = None
    assert loan.to_dict()["healthFactor"] == pytest.approx(before, rel=0.01)
    with pytest.raises(errors.CollateralNotAccepted):
        borrowing.add_collateral(ada.id, loan.id, "ETH", "1", now=day(11))


def test_collateral_is_added_with_its_ratios(whale):
    parameters.change("cc-main", {"is_collateral": False}, now=T0)
    data = {"assetSymbol": "CC", "initialLtv": "0.5", "initialLiquidationThreshold": "0.66"}
    assert {e["parameter"] for e in done(ADD, data, whale)} == {
        "isCollateral",
        "loanToValue",
        "liquidationThreshold",
    }
    added = pool("cc-main")
    assert added.is_collateral and added.threshold == D("0.66") and added.ltv_to == D("0.5")


def test_the_treasury_pays_what_it_has(whale):
    treasury.fund(whale.id, "DUAL", D(5000), now=T0)
    ada = world.user("ada")
    data = {"recipientAddress": ada.id, "amount": "1250.5", "asset": "DUAL", "purpose": WHY}
    assert done(SPEND, data, whale) == [{"asset": "DUAL", "amount": "1250.5", "to": ada.id}]
    assert wallet(ada, "DUAL") == D("1250.5") and treasury.holds("DUAL") == D("3749.5")


@pytest.mark.parametrize("target", [None, "usdc-main"])
def test_an_emergency_pauses_and_another_resumes(whale, target):
    kind = "PROTOCOL" if target is None else "POOL"
    data = {"reason": WHY} | ({"targetPoolId": target} if target else {})
    done(EMERGENCY, data | {"action": f"PAUSE_{kind}"}, whale)
    row = pool()
    assert Market.objects.get().is_paused == (target is None)
    assert (row.is_supply_paused and row.is_borrow_paused) == (target is not None)
    proposal = passed(EMERGENCY, data | {"action": f"RESUME_{kind}"}, whale, day(3))
    assert execute(proposal, whale).status == "EXECUTED"
    row = pool()
    assert not (Market.objects.get().is_paused or row.is_supply_paused or row.is_borrow_paused)


def test_an_upgrade_is_a_signal(whale):
    data = {"version": "2.0.0", "releaseNotes": WHY, "darHash": "ab" * 32}
    assert done(UPGRADE, data, whale) == []


def test_a_feed_goes_to_staff_at_its_last_price(whale):
    data = {"assetSymbol": "CC", "newSourceId": "manual", "reason": WHY}
    assert done(ORACLE, data, whale) == [{"asset": "CC", "parameter": "source", "to": "manual"}]
    assert Asset.objects.get(symbol="CC").feed_kind == "manual"
    entry = ManualPrice.objects.get()
    assert (entry.price, entry.actor_id) == (D("0.1756"), "DIP-1")


# --- what is refused at creation ---------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "data", "refusal", "field"),
    [
        (NEW_POOL, {"assetSymbol": "DUAL"}, errors.ValidationError, "assetSymbol"),
        (NEW_POOL, {"assetSymbol": "USDC"}, errors.ValidationError, "assetSymbol"),
        (NEW_POOL, {"assetSymbol": "DOGE"}, errors.ValidationError, "assetSymbol"),
        (NEW_POOL, {"assetSymbol": "BTC"}, errors.ValidationError, "initialLtv"),
        (NEW_POOL, BTC | {"initialLtv": "0.9"}, errors.ValidationError, "parameters"),
        (NEW_POOL, BTC | {"kink": "1"}, errors.ValidationError, "parameters"),
        (NEW_POOL, BTC | {"assetType": "Stablecoin"}, errors.ValidationError, "assetType"),
        (NEW_POOL, BTC | {"oracleSourceId": "x"}, errors.ValidationError, "oracleSourceId"),
        (DEPRECATION, {"poolId": "no", "reason": WHY}, errors.PoolNotFound, None),
        (
            DEPRECATION,
            {"poolId": "cc-main", "reason": WHY, "migrationPoolId": "cc-main"},
            errors.ValidationError,
            "migrationPoolId",
        ),
        (ADD, {"assetSymbol": "USDT"}, errors.ValidationError, "assetSymbol"),
        (ADD, {"assetSymbol": "ETH"}, errors.ValidationError, "assetSymbol"),
        (REMOVE, {"assetSymbol": "USDT", "reason": WHY}, errors.ValidationError, "assetSymbol"),
        (
            EMERGENCY,
            {"action": "RESUME_PROTOCOL", "reason": WHY},
            errors.ValidationError,
            "action",
        ),
        (
            ORACLE,
            {"assetSymbol": "ETH", "newSourceId": "market", "reason": WHY},
            errors.ValidationError,
            "newSourceId",
        ),
        (
            ORACLE,
            {"assetSymbol": "DOGE", "newSourceId": "market", "reason": WHY},
            errors.ValidationError,
            "assetSymbol",
        ),
        (PARAMETER, parameter("kink", "1.5"), errors.ValidationError, "proposedValue"),
        (PARAMETER, parameter("slope", "90"), errors.ValidationError, "proposedValue"),
        (PARAMETER, parameter("loanToValue", "0.9"), errors.ValidationError, "proposedValue"),
    ],
)
def test_what_the_market_cannot_do_is_refused_at_creation(whale, kind, data, refusal, field):
    with pytest.raises(refusal) as found:
        propose(whale, kind, data)
    if field:
        assert field in found.value.details["fields"]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, errors.TreasuryInsufficient),
        ({"amount": "0"}, errors.ValidationError),
        ({"asset": "USDC", "amount": "0.0000001"}, errors.ValidationError),
        ({"asset": "DOGE"}, errors.ValidationError),
        ({"recipientAddress": "usr_nobody"}, errors.ValidationError),
    ],
)
def test_a_spend_that_cannot_be_paid_is_refused(whale, change, refusal):
    data = {"recipientAddress": whale.id, "amount": "5", "asset": "DUAL", "purpose": WHY}
    with pytest.raises(refusal):
        propose(whale, SPEND, data | change)


def test_a_feed_goes_back_to_the_market_only_near_its_price(whale):
    data = {"assetSymbol": "T-BILL-2026", "newSourceId": "market", "reason": WHY}
    assert done(ORACLE, data, whale)
    world.quote("SPY-2026", "600")  # the market says 512.45
    with pytest.raises(errors.ValidationError, match="within 2 %"):
        propose(whale, ORACLE, data | {"assetSymbol": "SPY-2026"}, day(20))


# --- what has become invalid -------------------------------------------------------------------
def test_what_became_invalid_fails_and_can_be_tried_again(whale):
    proposal = passed(PARAMETER, parameter("loanToValue", "0.84"), whale)
    by = {"actor": people.make_staff(), "address": ""}
    staff.change_pool("usdc-main", {"threshold": "0.83"}, now=day(7), **by)
    before = pool()
    found = execute(proposal, whale, day(8))
    assert (found.status, found.execution["result"]) == ("READY", "failed")
    assert "LTV < liquidation threshold" in found.execution["failureReason"]
    assert pool().ltv == before.ltv and not AuditEntry.objects.filter(actor=None).exists()
    told = ProposalEvent.objects.filter(event="execution_failed")
    row = json.loads(journal.since(0, channels=["governance"])[-1].text)
    assert (row["event"], row["execution"]["result"]) == ("execution_failed", "failed")
    seq = journal.position().seq
    execute(proposal, whale, day(8, 5))
    assert told.count() == 1 and journal.position().seq == seq, "the same is not told again"
    staff.change_pool("usdc-main", {"threshold": "0.86"}, now=day(9), **by)
    assert execute(proposal, whale, day(9)).execution["result"] == "success"
    assert pool().ltv == D("0.84")


def test_a_failure_halfway_leaves_nothing_behind(whale, monkeypatch):
    proposal = spend(whale)
    before = wallet(whale, "DUAL"), treasury.holds("DUAL"), journal.position().seq
    real = wallets.save

    def breaks(*args, **kwargs):
        real(*args, **kwargs)
        raise errors.AssetFrozen(asset="DUAL")

    monkeypatch.setattr(wallets, "save", breaks)
    found = execute(proposal, whale)
    monkeypatch.undo()
    assert found.execution["failureReason"].startswith("DUAL is frozen")
    assert (wallet(whale, "DUAL"), treasury.holds("DUAL")) == before[:2]
    assert [e.channel for e in journal.since(before[2])] == ["governance"]


def test_a_bug_is_no_refusal(whale, monkeypatch):
    proposal = passed(PARAMETER, KINK, whale)
    monkeypatch.setattr(parameters, "change", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        execute(proposal, whale)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.execution) == ("READY", None)


def test_an_expired_failure_keeps_its_reason(whale):
    proposal = passed(PARAMETER, KINK, whale)
    parameters.change("usdc-main", {"kink": "0.85"}, now=day(7))
    execute(proposal, whale)
    run(day(14, 1))
    proposal.refresh_from_db()
    assert (proposal.status, proposal.execution["result"]) == ("EXPIRED", "failed")


# --- cooldown ----------------------------------------------------------------------------------
def test_a_parameter_cools_down_for_fourteen_days(whale):
    execute(passed(PARAMETER, KINK, whale), whale, day(7))
    again = parameter("kink", "0.9")
    with pytest.raises(errors.ParameterCooldown) as refusal:
        propose(whale, PARAMETER, again, day(21, -1))
    assert refusal.value.details["until"] == "2026-03-22T12:00:00.000Z"
    propose(holder("other"), PARAMETER, parameter("kink", "0.7", "eth-main"), day(8))
    propose(holder("third"), PARAMETER, parameter("slope", "0.08"), day(8))
    assert propose(whale, PARAMETER, again, day(21))


def test_the_cooldown_holds_at_execution_and_for_a_fee_of_the_same_name(whale):
    first = passed(PARAMETER, parameter("reserveFactor", "0.2"), whale)
    data = {"poolId": "usdc-main", "feeType": "PROTOCOL_FEE", "proposedRate": "0.3"}
    second = passed(FEE, data, whale, day(6))
    assert execute(first, whale, day(13)).status == "EXECUTED"
    found = execute(second, whale, day(13))
    assert "was changed lately" in found.execution["failureReason"]
    assert pool().reserve_factor == D("0.2")


# --- once --------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_users_and_engines_at_once_one_executes(whale):
    proposal = spend(whale)
    at = proposal.timelock_ends_at + timedelta(hours=1)
    acts = [lambda: retried(lambda: execute(proposal, whale, at)) for _ in range(4)]
    results = together(*acts, lambda: run(at), lambda: run(at))
    refused = raised(results)
    assert len(refused) == 3 and all(isinstance(e, errors.ProposalNotReady) for e in refused)
    assert treasury.holds("DUAL") == 45
    assert ProposalEvent.objects.filter(event="proposal_executed").count() == 1
