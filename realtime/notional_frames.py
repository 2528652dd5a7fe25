"""Every frame of the Notional protocol as a type: what a client sends, and its answers. Pure."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from realtime.messages import CloseCode
from realtime.rows import Decimal
from realtime.topics import NOTIONAL

Address = Annotated[
    str, Meta(description="0x and hex digits; lower case in answers", examples=["0x742d35…"])
]
Milliseconds = Annotated[int, Meta(description="Milliseconds since the epoch")]
Hash = Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
OrderId = Annotated[str, Meta(pattern="^0x[0-9a-f]{32}$")]
FilledOrderId = Annotated[
    str,
    Meta(
        pattern="^(0x[0-9a-f]{32})?$",
        description="Empty if no order of the ledger was filled: a simulated maker's, a venue's "
        "own, a forced closure",
    ),
]
Side = Annotated[Literal["B", "A"], Meta(description="B buys, A sells")]


class _Part(Struct, forbid_unknown_fields=True, kw_only=True):
    pass


# --- what a client sends ------------------------------------------------------------------------
class Subscription(_Part):
    """`user` for what belongs to an account, `coin` for `activeAssetData` besides."""

    type: Literal[
        "userFills",
        "accountSummary",
        "orderUpdates",
        "userOrderRejections",
        "userTransactions",
        "activeAssetData",
        "twapUpdates",
        "newBlocks",
        "newTransactions",
    ]
    user: Address | UnsetType = UNSET
    coin: str | UnsetType = UNSET


class Subscribe(_Part, tag_field="method", tag="subscribe"):
    """Follow a stream; the confirmation comes first, then the snapshot if there is one."""

    subscription: Subscription


class Unsubscribe(_Part, tag_field="method", tag="unsubscribe"):
    """Follow a stream no longer."""

    subscription: Subscription


class Ping(_Part, tag_field="method", tag="ping"):
    """Any message within 60 s keeps the connection; this one asks for nothing else."""


# --- rows ---------------------------------------------------------------------------------------
class Fill(_Part):
    coin: str
    px: Decimal
    sz: Decimal
    side: Side
    time: Milliseconds
    startPosition: Decimal
    dir: Literal["Open Long", "Open Short", "Close Long", "Close Short"]
    closedPnl: Decimal
    hash: Hash
    oid: int
    orderId: FilledOrderId
    crossed: bool
    fee: Decimal
    tid: int
    feeToken: str
    forcedClosureType: str | UnsetType = UNSET


class AssetBalance(_Part):
    coin: str
    total: float
    available: float


class Position(_Part):
    coin: str
    szi: Decimal
    entryPx: Decimal
    positionValue: Decimal
    unrealizedPnl: Decimal
    marginUsed: Decimal
    leverage: Decimal
    liqPx: Decimal | None
    returnOnEquity: Decimal


class Summary(_Part):
    accountValue: float
    totalMarginUsed: float
    availableMargin: float
    crossMaintenanceMargin: float
    withdrawable: float
    assets: list[AssetBalance]
    positions: dict[str, Position]


class Order(_Part):
    coin: str
    side: Side
    limitPx: Decimal
    sz: Annotated[Decimal, Meta(description="What is left")]
    oid: OrderId
    venueOid: int | None
    timestamp: Milliseconds
    origSz: Decimal
    cloid: str | None
    orderType: str
    tif: Literal["Gtc", "Ioc", "Alo"]
    isPositionTpsl: bool
    isTrigger: bool
    triggerCondition: Literal["tp", "sl", ""]
    triggerPx: Decimal
    reduceOnly: bool
    parentOrderId: str | None
    twapOrderId: str | None
    twapSliceIndex: int | None


class OrderUpdate(_Part):
    order: Order
    status: str
    statusTimestamp: Milliseconds


class Rejection(_Part):
    orderId: str
    coin: str
    reason: str
    code: str
    timestamp: Milliseconds


class Transaction(_Part):
    transactionId: Hash
    type: str
    timestamp: Milliseconds
    blockNumber: int
    txIndex: int
    data: dict[str, Any]
    orderId: str | UnsetType = UNSET


class Block(_Part):
    blockNumber: int
    timestamp: Milliseconds
    transactionCount: int
    blockHash: Hash


# --- what the server sends: the `data` of each channel ------------------------------------------
class Fills(_Part):
    """Fills of the account; there is no snapshot."""

    user: Address
    isSnapshot: bool
    fills: list[Fill]


class AccountSummary(_Part):
    """Margin and positions of the account: the snapshot first, then every change."""

    user: Address
    summary: Summary


class Orders(_Part):
    """Active orders as a snapshot, if there are any, then those that changed."""

    user: Address
    isSnapshot: bool
    orders: list[OrderUpdate]


class Rejections(_Part):
    """Orders that were not taken, with code and reason."""

    user: Address
    rejections: list[Rejection]


class UserTransaction(_Part):
    """What the ledger booked for the account."""

    user: Address
    transaction: Transaction


class ActiveAsset(_Part):
    """The account's leverage of one market."""

    user: Address
    coin: str
    leverage: int


class Twap(_Part):
    twapId: str
    status: Literal[
        "pending", "active", "completed", "completed_partial", "canceled", "expired", "error"
    ]
    asset: str
    side: Literal["buy", "sell"]
    totalSz: Decimal
    filledSz: Decimal
    remainingSz: Decimal
    reduceOnly: bool
    slicesFilled: int
    slicesPartial: int
    slicesRejected: int
    totalNotional: Decimal
    avgFillPx: Decimal
    durationMs: int
    sliceIntervalMs: int
    createdAt: Milliseconds
    startedAt: Milliseconds
    expectedEndAt: Milliseconds
    currentSliceIndex: int
    totalExpectedSlices: int
    randomize: bool
    updatedAt: Milliseconds
    completedAt: Milliseconds | None
    canceledAt: Milliseconds | None
    reason: str | None


class Twaps(_Part):
    """TWAP orders and how far they are."""

    user: Address
    isSnapshot: bool
    twaps: list[Twap]


DATA_OF: dict[str, type[Struct]] = {
    "userFills": Fills,
    "accountSummary": AccountSummary,
    "orderUpdates": Orders,
    "userOrderRejections": Rejections,
    "userTransactions": UserTransaction,
    "activeAssetData": ActiveAsset,
    "twapUpdates": Twaps,
    "newBlocks": Block,
    "newTransactions": Transaction,
}
assert tuple(DATA_OF) == tuple(NOTIONAL), "every type has its data, in the same order"


# --- frames -------------------------------------------------------------------------------------
class Pong(_Part, tag_field="channel", tag="pong"):
    pass


class Confirmed(_Part):
    method: Literal["subscribe", "unsubscribe"]
    subscription: Subscription


class Confirmation(_Part, tag_field="channel", tag="subscriptionResponse"):
    data: Confirmed


class Reason(_Part):
    message: str


class Error(_Part, tag_field="channel", tag="error"):
    """Says in words what was wrong; the connection stays open."""

    data: Reason


def _frame(channel: str, data: type[Struct]) -> type[Struct]:
    name = f"{channel[0].upper()}{channel[1:]}Data"
    made = defstruct(
        name,
        [("data", data)],
        bases=(_Part,),
        tag_field="channel",
        tag=channel,
        module=__name__,
    )
    made.__doc__ = data.__doc__ if "__doc__" in vars(data) else None
    return made


DATA = {name: (_frame(name, data),) for name, data in DATA_OF.items()}
REQUESTS: tuple[type[Struct], ...] = (Subscribe, Unsubscribe, Ping)
ANSWERS: tuple[type[Struct], ...] = (Confirmation, Pong, Error)
CLOSES = {
    CloseCode.IDLE: "Nothing was heard from you for 60 s",
    CloseCode.TOO_BIG: "A message is larger than 16,384 bytes",
    CloseCode.SLOW_CONSUMER: "You read too slowly: reconnect and subscribe again",
    CloseCode.SERVICE_RESTART: "The server restarts: reconnect and subscribe again",
    CloseCode.INTERNAL_ERROR: "A fault of ours",
}
