"""What a proposal would change: as it then does, and refused where creating it would be."""

from decimal import Decimal

import pytest

from dualis.lending import parameters
from dualis.lending.models import Pool
from governance import execution, treasury
from governance.lifecycle import ProposalType
from governance.preview import effects
from tests import lending_market as lm
from tests.governance_world import KINK, PAUSE, WHY, holder, passed
from tests.lending_market import T0
from tests.test_governance_api import client, code

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    lm.opened()


@pytest.fixture
def whale():
    return holder("whale", "600000000")


def change(parameter, value, pool="usdc-main"):
    data = {"poolId": pool, "parameter": parameter, "proposedValue": value, "rationale": WHY}
    return effects(ProposalType.PARAMETER_CHANGE, data, T0)


def test_a_parameter_shows_its_present_value_and_what_follows_for_the_yields():
    kink, *yields = effects(ProposalType.PARAMETER_CHANGE, KINK, T0)
    assert kink == {"parameter": "kink", "from": "0.8", "to": "0.85", "poolId": "usdc-main"}
    assert [row["parameter"] for row in yields] == ["borrowAPY", "supplyAPY"]
    base = {row["parameter"]: row for row in change("base", "0.05")}
    assert (base["borrowAPY"]["from"], base["borrowAPY"]["to"]) == ("0.020202", "0.051272")
    assert base["borrowAPY"]["isEstimate"] == "true"


def test_a_lowered_ratio_says_how_long_it_takes_and_a_cap_changes_no_yield():
    (ratio,) = change("liquidationThreshold", "0.82")
    assert (ratio["from"], ratio["to"], ratio["rampSeconds"]) == ("0.85", "0.82", "86400")
    (raised,) = change("liquidationThreshold", "0.86")
    assert "rampSeconds" not in raised
    (cap,) = change("supplyCap", "5")
    assert (cap["from"], cap["to"]) == ("1000000000", "5")


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (ProposalType.PARAMETER_CHANGE, KINK),
        (
            ProposalType.FEE_CHANGE,
            {"poolId": "eth-main", "feeType": "LIQUIDATION_PENALTY", "proposedRate": "0.07"},
        ),
        (ProposalType.POOL_DEPRECATION, {"poolId": "cc-main", "reason": WHY}),
        (ProposalType.COLLATERAL_REMOVE, {"assetSymbol": "CC", "reason": WHY}),
        (ProposalType.EMERGENCY_ACTION, PAUSE),
        (ProposalType.EMERGENCY_ACTION, {"action": "PAUSE_PROTOCOL", "reason": WHY}),
    ],
)
def test_what_is_shown_is_what_is_done(whale, kind, data):
    shown = effects(kind, data, T0)
    proposal = passed(kind, data, whale)
    done = execution.execute(whale.id, proposal.id, now=proposal.timelock_ends_at).execution
    assert done["result"] == "success"
    told = [row for row in shown if "isEstimate" not in row]
    assert [(row["parameter"], row["to"]) for row in told] == [
        (row["parameter"], row["to"]) for row in done["effects"]
    ]
    for before, after in zip(told, done["effects"], strict=True):
        assert after.get("from", before["from"]) == before["from"]


def test_other_types_show_money_sources_pools_and_nothing(whale):
    treasury.fund(whale.id, "DUAL", Decimal(1000), now=T0)
    spend = {"recipientAddress": whale.id, "amount": "400", "asset": "DUAL", "purpose": WHY}
    assert effects(ProposalType.TREASURY_SPEND, spend, T0) == [
        {"parameter": "treasury", "from": "1000", "to": "600", "asset": "DUAL"}
    ]
    source = {"assetSymbol": "ETH", "newSourceId": "manual", "reason": WHY}
    assert effects(ProposalType.ORACLE_CONFIG, source, T0) == [
        {"parameter": "source", "from": "market", "to": "manual", "asset": "ETH"}
    ]
    upgrade = {"version": "2.0", "releaseNotes": WHY, "darHash": "a" * 64}
    assert effects(ProposalType.PROTOCOL_UPGRADE, upgrade, T0) == []
    parameters.change("cc-main", {"is_collateral": False}, now=T0)
    back = {"assetSymbol": "CC", "initialLtv": "0.5"}
    assert [row["parameter"] for row in effects(ProposalType.COLLATERAL_ADD, back, T0)] == [
        "isCollateral",
        "loanToValue",
    ]
    Pool.objects.filter(id="cc-main").delete()
    opened = effects(ProposalType.NEW_POOL, {"assetSymbol": "CC"}, T0)
    assert {row["poolId"] for row in opened} == {"cc-main"}
    assert {row["from"] for row in opened} == {None}
    assert {"parameter": "kink", "from": None, "to": "0.6", "poolId": "cc-main"} in opened


# --- over REST -----------------------------------------------------------------------------------
def ask(user, kind="PARAMETER_CHANGE", data=KINK, payload_type=None):
    body = {"type": kind, "payload": {"type": payload_type or kind, "data": data}}
    return client(user).post("/v1/governance/preview", body, format="json")


def test_a_preview_over_rest_creates_nothing(whale):
    answer = ask(whale)
    assert answer.status_code == 200
    assert answer.json()["data"]["effects"][0]["from"] == "0.8"
    assert client().get("/v1/governance/proposals").json()["data"] == []


def test_a_preview_is_refused_as_the_proposal_would_be(whale):
    wrong = ask(whale, data=KINK | {"proposedValue": "0.8"})
    assert code(wrong) == (400, "VALIDATION_ERROR")
    assert wrong.json()["error"]["details"]["fields"] == {
        "proposedValue": ["is what it is already."]
    }
    assert code(ask(whale, data=KINK | {"poolId": "no-main"})) == (404, "POOL_NOT_FOUND")
    assert code(ask(whale, payload_type="FEE_CHANGE")) == (400, "VALIDATION_ERROR")
    assert ask(None).status_code == 401
