"""EIP-712 signatures of `POST /exchange`: the published typed data, and who signed it.

An action is signed as its canonical JSON text (keys sorted, no spaces) with its nonce; so a wallet
shows what is signed, and nothing of an action can change without the signature.
Knows typed data and curves. Knows nothing of accounts, agents or used nonces.
"""

from typing import Any

import msgspec
from eth_account import Account
from eth_account.messages import SignableMessage, encode_typed_data
from eth_keys.exceptions import BadSignature, ValidationError

DOMAIN = {"name": "Notional", "version": "1", "chainId": 42161}
TYPES = {
    "Action": [
        {"name": "action", "type": "string"},
        {"name": "nonce", "type": "uint64"},
        {"name": "expiresAfter", "type": "uint64"},
    ],
    "Link": [
        {"name": "userId", "type": "string"},
        {"name": "nonce", "type": "uint64"},
    ],
}
MAX_UINT64 = 2**64 - 1

_encode = msgspec.json.Encoder(order="sorted").encode


class BadSigning(ValueError):
    """What was sent is no signature over this."""


def canonical(action: Any) -> str:
    """Return an action as the text that is signed."""
    return _encode(action).decode()


def action_message(action: Any, nonce: int, expires_after: int = 0) -> SignableMessage:
    """Return what is signed for an action; 0 stands for one that does not expire."""
    message = {"action": canonical(action), "nonce": nonce, "expiresAfter": expires_after}
    return _message("Action", message)


def link_message(user_id: str, nonce: int) -> SignableMessage:
    """Return what a wallet signs to be linked to a user."""
    return _message("Link", {"userId": user_id, "nonce": nonce})


def sign(message: SignableMessage, private_key: str) -> dict[str, Any]:
    """Return a signature as the wire carries it; for scripts and tests."""
    signed = Account.sign_message(message, private_key)
    return {"r": f"0x{signed.r:064x}", "s": f"0x{signed.s:064x}", "v": signed.v}


def recover(message: SignableMessage, signature: Any) -> str:
    """Return the address that signed, in lower case. BadSigning for what is no signature."""
    if not isinstance(signature, dict):
        raise BadSigning("a signature is an object with r, s and v")
    try:
        parts = (_number(signature["v"]), _number(signature["r"]), _number(signature["s"]))
        if parts[0] not in (27, 28):
            raise BadSigning("v is 27 or 28")
        return str(Account.recover_message(message, vrs=parts)).lower()
    except (KeyError, TypeError, BadSignature, ValidationError) as error:
        raise BadSigning("r, s and v make no signature") from error


def _message(primary: str, message: dict[str, Any]) -> SignableMessage:
    return encode_typed_data(DOMAIN, {primary: TYPES[primary]}, message)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise BadSigning("r, s and v are numbers or hex texts")
    try:
        number = int(value, 16) if isinstance(value, str) else value
    except ValueError as error:
        raise BadSigning("r, s and v are numbers or hex texts") from error
    if not 0 <= number < 2**256:
        raise BadSigning("r, s and v have at most 256 bits")
    return number
