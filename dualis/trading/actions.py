"""The actions of `POST /exchange` as typed values: what a client sends, checked field by field.

Pure. Knows the wire's field names (notional 7). Knows nothing of accounts, signatures or rows.
"""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

import msgspec

from dualis.exact import EXACT, written
from dualis.trading.markets import BY_ASSET_ID
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side, Tif

MAX_CANCELS = 256
_MOST = Decimal(10) ** 15
_UNIT = Decimal(1).scaleb(-18)
_Text = Annotated[str, msgspec.Meta(max_length=140)]


class Malformed(ValueError):
    """A field that is missing or wrong; `field` is its dotted path."""

    def __init__(self, text: str, field: str) -> None:
        super().__init__(text)
        self.field = field


class Limit(msgspec.Struct):
    tif: Tif


class Trigger(msgspec.Struct):
    isMarket: bool
    triggerPx: _Text
    tpsl: Literal["tp", "sl"]


class OrderType(msgspec.Struct):
    limit: Limit | None = None
    trigger: Trigger | None = None


class OrderWire(msgspec.Struct):
    """`p` "0" is a market order; `c` is the client's own id."""

    a: _Text
    b: bool
    p: _Text
    s: _Text
    t: OrderType
    r: bool = False
    c: _Text | int | None = None
    isPositionTpsl: bool = False


class Order(msgspec.Struct, tag_field="type", tag="order"):
    orders: Annotated[list[OrderWire], msgspec.Meta(min_length=1, max_length=20)]
    grouping: Literal["na", "normalTpsl", "positionTpsl"] = "na"


class CancelWire(msgspec.Struct):
    o: _Text
    a: Any = None


class Cancel(msgspec.Struct, tag_field="type", tag="cancel"):
    cancels: Annotated[list[CancelWire], msgspec.Meta(min_length=1, max_length=MAX_CANCELS)]


class NewOrder(msgspec.Struct):
    """What a modification makes of an order: its price and its new total size."""

    p: _Text
    s: _Text
    r: bool | None = None


class Modify(msgspec.Struct, tag_field="type", tag="modify"):
    oid: _Text
    order: NewOrder


class ModifyWire(msgspec.Struct):
    oid: _Text
    order: NewOrder


class BatchModify(msgspec.Struct, tag_field="type", tag="batchModify"):
    modifies: Annotated[list[ModifyWire], msgspec.Meta(min_length=1, max_length=20)]


class UpdateLeverage(msgspec.Struct, tag_field="type", tag="updateLeverage"):
    asset: _Text
    leverage: int
    isCross: bool = True


class TwapOrder(msgspec.Struct, tag_field="type", tag="twapOrder"):
    """Without `numSlices` a slice runs every 30 s."""

    asset: _Text
    isBuy: bool
    sz: _Text
    durationMinutes: int
    numSlices: int | None = None
    reduceOnly: bool = False
    randomize: bool = False


class TwapCancel(msgspec.Struct, tag_field="type", tag="twapCancel"):
    twapOrderId: _Text


class Withdraw(msgspec.Struct, tag_field="type", tag="withdraw"):
    destination: _Text
    token: _Text
    amount: _Text
    source: Literal["balance"] = "balance"


class ApproveAgent(msgspec.Struct, tag_field="type", tag="approveAgent"):
    agentAddress: _Text
    agentName: _Text = ""


class ReportDeposit(msgspec.Struct, tag_field="type", tag="reportDeposit"):
    txHash: _Text
    userAddress: _Text


Action = (
    Order
    | Cancel
    | Modify
    | BatchModify
    | UpdateLeverage
    | TwapOrder
    | TwapCancel
    | Withdraw
    | ApproveAgent
    | ReportDeposit
)
NAMES = tuple(sorted(str(t.__struct_config__.tag) for t in Action.__args__))


def parse(action: Any) -> Action:
    """Return an action from decoded JSON; Malformed with the field that is wrong."""
    if not isinstance(action, dict) or "type" not in action:
        raise Malformed("Missing 'action.type' field", "action.type")
    if action["type"] not in NAMES:
        raise Malformed(f"Unknown action type: {str(action['type'])[:40]}", "action.type")
    try:
        return msgspec.convert(action, Action)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise Malformed(f"{text}", f"action{path.rstrip('`')}") from error


def request_of(wire: OrderWire, place: int) -> Request:
    """Return the order that the wire describes; Malformed."""
    path = f"action.orders[{place}]"
    market = BY_ASSET_ID.get(wire.a.lower())
    if market is None:
        raise Malformed(f"Unknown asset {wire.a[:20]}", f"{path}.a")
    price = number(wire.p, f"{path}.p")
    kind = wire.t
    if (kind.limit is None) == (kind.trigger is None):
        raise Malformed("An order type is either limit or trigger", f"{path}.t")
    is_market = not price or (kind.trigger is not None and kind.trigger.isMarket)
    return Request(
        market.coin,
        Side.BUY if wire.b else Side.SELL,
        number(wire.s, f"{path}.s"),
        None if is_market else price,
        kind.limit.tif if kind.limit else Tif.GTC,
        wire.r,
        number(kind.trigger.triggerPx, f"{path}.t.trigger.triggerPx") if kind.trigger else None,
        kind.trigger.tpsl if kind.trigger else "",
        wire.isPositionTpsl,
        "" if wire.c is None else str(wire.c)[:34],
    )


def number(text: str, field: str) -> Decimal:
    """Return a decimal that is not negative; Malformed."""
    try:
        value = written(text)
    except InvalidOperation:
        raise Malformed("is no decimal number", field) from None
    if not value.is_finite() or not 0 <= value < _MOST or value != EXACT.quantize(value, _UNIT):
        raise Malformed("is no number from 0 to 10^15 with at most 18 decimals", field)
    return value
