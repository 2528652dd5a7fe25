import pytest

from governance import checks, forms, payloads
from governance.lifecycle import ProposalType
from tests.governance_world import KINK, PAUSE


def kinds(kind):
    return {field["name"]: field["kind"] for field in forms.fields(kind)}


def test_a_field_says_what_it_takes():
    assert kinds(ProposalType.PARAMETER_CHANGE) == {
        "poolId": "pool",
        "parameter": "choice",
        "proposedValue": "number",
        "rationale": "text",
    }
    assert kinds(ProposalType.TREASURY_SPEND) == {
        "recipientAddress": "user",
        "amount": "number",
        "asset": "asset",
        "purpose": "text",
    }
    assert kinds(ProposalType.PROTOCOL_UPGRADE)["version"] == "name"


def test_choices_are_those_that_are_taken():
    fields = {field["name"]: field for field in forms.fields(ProposalType.PARAMETER_CHANGE)}
    assert fields["parameter"]["choices"] == list(checks.NAMES)
    action, reason, target = forms.fields(ProposalType.EMERGENCY_ACTION)
    assert PAUSE["action"] in action["choices"] and len(action["choices"]) == 4
    assert (reason["isRequired"], target["isRequired"]) == (True, False)


@pytest.mark.parametrize("kind", list(ProposalType))
def test_every_type_has_a_form_and_what_it_leaves_out_is_not_needed(kind):
    asked = {field["name"]: field["kind"] for field in forms.fields(kind)}
    with pytest.raises(payloads.InvalidPayload) as refused:
        payloads.read(kind, {})
    assert refused.value.fields.keys() <= asked.keys()


def test_a_form_filled_in_is_a_payload():
    asked = {field["name"] for field in forms.fields(ProposalType.PARAMETER_CHANGE)}
    assert asked == KINK.keys()
