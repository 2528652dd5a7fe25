"""Payloads: typed, and every error named by its field."""

import pytest

from governance import payloads
from governance.lifecycle import ProposalType

WHY = "Utilization has been above the kink for weeks."
GOOD = {
    "PARAMETER_CHANGE": {
        "poolId": "usdc-main",
        "parameter": "kink",
        "proposedValue": "0.85",
        "rationale": WHY,
    },
    "NEW_POOL": {"assetSymbol": "USDT", "initialLtv": "0.8"},
    "POOL_DEPRECATION": {"poolId": "cc-main", "reason": WHY, "migrationPoolId": "usdc-main"},
    "COLLATERAL_ADD": {"assetSymbol": "CC"},
    "COLLATERAL_REMOVE": {"assetSymbol": "CC", "reason": WHY},
    "TREASURY_SPEND": {
        "recipientAddress": "usr_1",
        "amount": "5",
        "asset": "DUAL",
        "purpose": WHY,
    },
    "EMERGENCY_ACTION": {"action": "PAUSE_POOL", "targetPoolId": "cc-main", "reason": WHY},
    "PROTOCOL_UPGRADE": {"version": "2.1.0", "releaseNotes": WHY, "darHash": "ab" * 32},
    "FEE_CHANGE": {"poolId": "cc-main", "feeType": "PROTOCOL_FEE", "proposedRate": "0.1"},
    "ORACLE_CONFIG": {"assetSymbol": "T-BILL", "newSourceId": "market", "reason": WHY},
}


def refused(kind, data):
    with pytest.raises(payloads.InvalidPayload) as refusal:
        payloads.read(ProposalType(kind), data)
    return refusal.value.fields


@pytest.mark.parametrize("kind", list(ProposalType))
def test_a_payload_of_each_type_is_read_and_written(kind):
    read = payloads.read(kind, GOOD[kind])
    again = payloads.to_dict(read)
    assert {name: again[name] for name in GOOD[kind]} == GOOD[kind]
    assert payloads.read(kind, again) == read


@pytest.mark.parametrize("kind", list(ProposalType))
def test_everything_that_is_missing_is_named_at_once(kind):
    missing = refused(kind, {})
    optional = {"migrationPoolId", "targetPoolId", "initialLtv"}
    assert set(missing) == set(GOOD[kind]) - optional


@pytest.mark.parametrize(
    ("kind", "change", "field", "said"),
    [
        ("PARAMETER_CHANGE", {"proposedValue": 0.85}, "proposedValue", "decimal number as text"),
        ("PARAMETER_CHANGE", {"proposedValue": "1e3"}, "proposedValue", "decimal number"),
        ("PARAMETER_CHANGE", {"proposedValue": "-1"}, "proposedValue", "decimal number"),
        ("PARAMETER_CHANGE", {"proposedValue": "NaN"}, "proposedValue", "decimal number"),
        ("PARAMETER_CHANGE", {"proposedValue": "0.85\n"}, "proposedValue", "decimal number"),
        ("PARAMETER_CHANGE", {"proposedValue": "٣"}, "proposedValue", "decimal number"),
        ("PARAMETER_CHANGE", {"poolId": "x" * 33}, "poolId", "1 to 32"),
        ("PARAMETER_CHANGE", {"rationale": "short"}, "rationale", "10 to 2,000"),
        ("PARAMETER_CHANGE", {"rationale": WHY + "\0"}, "rationale", "10 to 2,000"),
        ("PARAMETER_CHANGE", {"rationale": WHY + "\ud800"}, "rationale", "10 to 2,000"),
        ("PARAMETER_CHANGE", {"veto": "x"}, "data", "unknown: 'veto'"),
        ("EMERGENCY_ACTION", {"action": "OVERRIDE_ORACLE"}, "action", "one of PAUSE_PROTOCOL"),
        ("EMERGENCY_ACTION", {"action": "FORCE_LIQUIDATION"}, "action", "one of PAUSE_PROTOCOL"),
        ("EMERGENCY_ACTION", {"targetPoolId": None}, "targetPoolId", "is missing"),
        ("EMERGENCY_ACTION", {"action": "PAUSE_PROTOCOL"}, "targetPoolId", "actions on a pool"),
        ("TREASURY_SPEND", {"executionMethod": "vesting"}, "executionMethod", "one of direct"),
        ("FEE_CHANGE", {"feeType": "BORROW_FEE"}, "feeType", "PROTOCOL_FEE, LIQUIDATION_PENALTY"),
        ("PROTOCOL_UPGRADE", {"darHash": "abc"}, "darHash", "SHA-256"),
        ("ORACLE_CONFIG", {"newSourceId": "chainlink"}, "newSourceId", "one of market, manual"),
    ],
)
def test_a_field_that_is_wrong_is_named_and_told_what_it_takes(kind, change, field, said):
    fields = refused(kind, GOOD[kind] | change)
    assert list(fields) == [field] and said in fields[field][0]


def test_several_wrong_fields_are_all_named():
    assert set(refused("FEE_CHANGE", {"poolId": 1, "feeType": "X"})) == {
        "poolId",
        "feeType",
        "proposedRate",
    }


@pytest.mark.parametrize("data", [None, [], "x", 5])
def test_what_is_no_object_is_refused(data):
    assert refused("COLLATERAL_ADD", data) == {"data": ["must be an object."]}
