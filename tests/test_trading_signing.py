"""Signatures: who signed, and that nothing of what is signed can change."""

import pytest

from dualis.trading import signing
from tests.wallets_of_tests import KEY, address_of

ACTION = {"type": "order", "orders": [{"a": "00020001", "b": True}]}


def test_the_signer_is_recovered_in_lower_case():
    message = signing.action_message(ACTION, 7)
    assert signing.recover(message, signing.sign(message, KEY)) == address_of(KEY)


def test_the_order_of_keys_does_not_matter():
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert signing.canonical(one) == signing.canonical(other) == '{"a":1,"b":2}'


@pytest.mark.parametrize(
    ("action", "nonce", "expires"),
    [({**ACTION, "x": 1}, 7, 0), (ACTION, 8, 0), (ACTION, 7, 1), ({"type": "cancel"}, 7, 0)],
)
def test_another_message_has_another_signer(action, nonce, expires):
    signature = signing.sign(signing.action_message(ACTION, 7), KEY)
    assert signing.recover(signing.action_message(action, nonce, expires), signature) != address_of(
        KEY
    )


GOOD = signing.sign(signing.action_message(ACTION, 7), KEY)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "0x00",
        {},
        {**GOOD, "v": 29},
        {**GOOD, "v": True},
        {**GOOD, "r": "zz"},
        {**GOOD, "s": None},
        {**GOOD, "r": "0x" + "0" * 64},
        {**GOOD, "r": "0x" + "f" * 65},
        {**GOOD, "s": "0x" + "f" * 64},
        {"r": GOOD["r"], "s": GOOD["s"]},
    ],
)
def test_what_is_no_signature_is_refused(signature):
    with pytest.raises(signing.BadSigning):
        signing.recover(signing.action_message(ACTION, 7), signature)


def test_a_link_names_the_user():
    signature = signing.sign(signing.link_message("usr_a", 7), KEY)
    assert signing.recover(signing.link_message("usr_b", 7), signature) != address_of(KEY)
