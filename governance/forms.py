"""What a form for a proposal asks for: the fields of each type's payload, and what each takes.

Read from the payload's own types, so that a form and what is accepted cannot differ.
"""

from typing import Any, Literal, get_args, get_origin

import msgspec

from governance import checks, payloads
from governance.lifecycle import ProposalType

# filled in by the market, or of one value alone
_NOT_ASKED = {"currentValue", "currentRate", "executionMethod"}
_POOLS = {"poolId", "targetPoolId", "migrationPoolId"}
_ASSETS = {"assetSymbol", "asset"}


def fields(kind: ProposalType) -> list[dict[str, Any]]:
    """Return the fields of a type, in order.

    Their `kind` is pool, asset, user, choice (with its `choices`), number, text or name.
    """
    return [
        {
            "name": field.encode_name,
            "isRequired": field.required,
            **_takes(field.encode_name, field.type),
        }
        for field in msgspec.structs.fields(payloads.KINDS[kind])
        if field.encode_name not in _NOT_ASKED
    ]


def _takes(name: str, shape: Any) -> dict[str, Any]:
    if name in _POOLS:
        return {"kind": "pool"}
    if name in _ASSETS:
        return {"kind": "asset"}
    if name == "recipientAddress":
        return {"kind": "user"}
    if name == "parameter":
        return {"kind": "choice", "choices": list(checks.NAMES)}
    parts = get_args(shape) if type(None) in get_args(shape) else (shape,)
    for part in parts:
        if get_origin(part) is Literal:
            return {"kind": "choice", "choices": list(get_args(part))}
        if part == payloads.Number:
            return {"kind": "number"}
        if part == payloads.Text:
            return {"kind": "text"}
    return {"kind": "name"}
