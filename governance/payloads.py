"""What a proposal asks for: one typed value per type, read from JSON field by field. Pure.

Knows shapes and ranges. Knows nothing of the market: whether a pool exists is for `checks`.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta, Struct

from governance.lifecycle import ProposalType

# PostgreSQL keeps no NUL, and UTF-8 no half of a surrogate pair.
_TEXT = r"\A[^\x00\ud800-\udfff]*\Z"

Name = Annotated[
    str,
    Meta(pattern=r"\A[!-~]{1,32}\Z", description="must be a name of 1 to 32 characters."),
]
Text = Annotated[
    str,
    Meta(
        min_length=10,
        max_length=2_000,
        pattern=_TEXT,
        description="must be a text of 10 to 2,000 characters.",
    ),
]
Number = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9]{1,20}(\.[0-9]{1,18})?\Z",
        description='must be a decimal number as text, such as "0.05".',
    ),
]
_CHOICE = "must be one of {}."


class InvalidPayload(ValueError):
    """`fields` maps a field's name to what is wrong with it."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__("; ".join(sorted(fields)))
        self.fields = fields


class Payload(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What every payload is: a frozen value whose JSON names are in camel case."""


class ParameterChange(Payload, frozen=True):
    """`current_value` is filled in from the market; one that is given has to be true."""

    pool_id: Name
    parameter: Name
    proposed_value: Number
    rationale: Text
    current_value: Number | None = None


class FeeChange(Payload, frozen=True):
    pool_id: Name
    fee_type: Literal["PROTOCOL_FEE", "LIQUIDATION_PENALTY"]
    proposed_rate: Number
    current_rate: Number | None = None


class NewPool(Payload, frozen=True):
    """What is left out is that of the catalogue, if the asset stands there."""

    asset_symbol: Name
    asset_type: Name | None = None
    oracle_source_id: Name | None = None
    initial_ltv: Number | None = None
    initial_liquidation_threshold: Number | None = None
    initial_base_borrow_rate: Number | None = None
    slope: Number | None = None
    kink: Number | None = None
    jump: Number | None = None
    reserve_factor: Number | None = None
    liquidation_penalty: Number | None = None
    supply_cap: Number | None = None
    borrow_cap: Number | None = None


class PoolDeprecation(Payload, frozen=True):
    pool_id: Name
    reason: Text
    migration_pool_id: Name | None = None


class CollateralAdd(Payload, frozen=True):
    asset_symbol: Name
    asset_type: Name | None = None
    oracle_source_id: Name | None = None
    initial_ltv: Number | None = None
    initial_liquidation_threshold: Number | None = None
    initial_base_borrow_rate: Number | None = None


class CollateralRemove(Payload, frozen=True):
    asset_symbol: Name
    reason: Text


class TreasurySpend(Payload, frozen=True):
    """The recipient's address is a user's id: what the treasury pays comes into a wallet."""

    recipient_address: Name
    amount: Number
    asset: Name
    purpose: Text
    execution_method: Literal["direct"] = "direct"


class EmergencyAction(Payload, frozen=True):
    action: Literal["PAUSE_PROTOCOL", "RESUME_PROTOCOL", "PAUSE_POOL", "RESUME_POOL"]
    reason: Text
    target_pool_id: Name | None = None


class ProtocolUpgrade(Payload, frozen=True):
    """A signal without effect (rulings, 24)."""

    version: Name
    release_notes: Text
    dar_hash: Annotated[
        str,
        Meta(pattern=r"\A[0-9a-fA-F]{64}\Z", description="must be the 64 hex digits of a SHA-256."),
    ]


class OracleConfig(Payload, frozen=True):
    """From then on the asset's price comes from the market, or is entered by staff."""

    asset_symbol: Name
    new_source_id: Literal["market", "manual"]
    reason: Text


KINDS: dict[ProposalType, type[Payload]] = {
    ProposalType.PARAMETER_CHANGE: ParameterChange,
    ProposalType.NEW_POOL: NewPool,
    ProposalType.POOL_DEPRECATION: PoolDeprecation,
    ProposalType.COLLATERAL_ADD: CollateralAdd,
    ProposalType.COLLATERAL_REMOVE: CollateralRemove,
    ProposalType.TREASURY_SPEND: TreasurySpend,
    ProposalType.EMERGENCY_ACTION: EmergencyAction,
    ProposalType.PROTOCOL_UPGRADE: ProtocolUpgrade,
    ProposalType.FEE_CHANGE: FeeChange,
    ProposalType.ORACLE_CONFIG: OracleConfig,
}


def read(kind: ProposalType, data: Any) -> Payload:
    """Return the payload of a type; InvalidPayload with everything that is wrong with it."""
    if not isinstance(data, Mapping):
        raise InvalidPayload({"data": ["must be an object."]})
    shape = KINDS[kind]
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    wrong: dict[str, list[str]] = {}
    if unknown := sorted(str(name) for name in data if name not in fields):
        said = ", ".join(ascii(name[:40]) for name in unknown[:10])
        wrong["data"] = [f"takes {', '.join(fields)}; unknown: {said}."]
    for name, field in fields.items():
        if name not in data:
            if field.required:
                wrong[name] = ["is missing."]
            continue
        try:
            msgspec.convert(data[name], field.type)
        except msgspec.ValidationError:
            wrong[name] = [_said_of(field.type)]
    if not wrong and isinstance(data.get("action"), str):
        wrong |= _emergency(data)
    if wrong:
        raise InvalidPayload(wrong)
    return msgspec.convert(data, shape)


def to_dict(payload: Payload) -> dict[str, Any]:
    """Return a payload as JSON has it."""
    found: dict[str, Any] = msgspec.to_builtins(payload)
    return found


def exact(text: str | None) -> Decimal | None:
    """Return the number of a field; None for one that was left out."""
    return None if text is None else Decimal(text)


def _emergency(data: Mapping[str, Any]) -> dict[str, list[str]]:
    is_pool = data["action"].endswith("_POOL")
    if is_pool and data.get("targetPoolId") is None:
        return {"targetPoolId": ["is missing."]}
    if not is_pool and data.get("targetPoolId") is not None:
        return {"targetPoolId": ["is for the actions on a pool."]}
    return {}


def _said_of(shape: Any) -> str:
    """Return the sentence that says what a field takes."""
    for part in _parts(shape):
        if isinstance(part, Meta) and part.description:
            return part.description
    return _CHOICE.format(", ".join(part for part in _parts(shape) if isinstance(part, str)))


def _parts(shape: Any) -> Iterator[Any]:
    yield shape
    for part in get_args(shape):
        yield from _parts(part)
    yield from getattr(shape, "__metadata__", ())
