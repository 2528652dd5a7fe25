"""The rows of the Dualis channels as types: what a client may rely on, field by field. Pure.

Amounts, prices and votes are decimal strings; ratios, rates and health factors are numbers; a
moment is ISO 8601 in UTC. The reference pages and their tests read these; the wire itself is made
by each row's own `to_dict`.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Decimal = Annotated[str, Meta(pattern=r"^-?\d+(\.\d+)?$", description="A decimal, as text")]
Moment = Annotated[str, Meta(description="ISO 8601, UTC, milliseconds")]
Ratio = Annotated[float, Meta(description="A fraction: 0.05 is 5 %")]
Flag = bool | UnsetType


class Row(Struct, forbid_unknown_fields=True, kw_only=True):
    """What every row of a channel may carry besides its own fields."""

    snapshot: Annotated[Flag, Meta(description="True in the rows of a snapshot")] = UNSET
    deleted: Annotated[Flag, Meta(description="True if the key is gone")] = UNSET


class Price(Row):
    """The newest price of an asset; `simulated` says that no market stands behind it."""

    asset: str
    price: Decimal
    change24h: Ratio | None
    source: str
    simulated: bool
    confidence: float
    twap5m: Decimal | None
    twap15m: Decimal | None
    twap1h: Decimal | None
    stale: bool
    circuitBreaker: bool


class Pool(Row):
    """A pool as of its last published block."""

    poolId: str
    asset: str
    totalSupply: Decimal
    totalBorrow: Decimal
    available: Decimal
    tvlUSD: Decimal
    utilization: Ratio
    supplyAPY: Ratio
    borrowAPY: Ratio
    isActive: bool
    supplyPaused: bool
    borrowPaused: bool
    protocolPaused: bool
    reason: str
    block: int


class SupplyPosition(Row, tag_field="kind", tag="supply"):
    positionId: str
    poolId: str
    asset: str
    balance: Decimal
    valueUSD: Decimal
    interestEarned: Decimal
    apy: Ratio
    status: Literal["open", "closed"]


class Collateral(Struct, forbid_unknown_fields=True):
    symbol: str
    amount: Decimal
    valueUSD: Decimal
    liquidationPrice: Decimal | None
    distance: Ratio | None


Zone = Literal["safe", "caution", "danger", "critical", "margin_call", "liquidatable", "closed"]


class BorrowPosition(Row, tag_field="kind", tag="borrow"):
    """A debt with its own collateral; an infinite health factor is null."""

    positionId: str
    poolId: str
    asset: str
    principal: Decimal
    debt: Decimal
    interestAccrued: Decimal
    apy: Ratio
    healthFactor: float | None
    status: Zone
    alertLevel: str | None
    collateralValueUSD: Decimal
    weightedCollateralValueUSD: Decimal
    borrowValueUSD: Decimal
    weightedLTV: Ratio | None
    creditTier: str
    isLiquidatable: bool
    collateral: list[Collateral]


class Account(Row, tag_field="kind", tag="account"):
    """The totals of the user; the health factor is the lowest of the positions."""

    totalSuppliedUSD: Decimal
    totalCollateralUSD: Decimal
    totalBorrowedUSD: Decimal
    netWorthUSD: Decimal
    healthFactor: float | None


class Protection(Row, tag_field="kind", tag="protection"):
    """An auto-protect rule of a position."""

    ruleId: str
    protects: str
    triggerHealthFactor: float
    action: str
    asset: str
    limit: Annotated[str, Meta(description='A decimal, or "max"')]
    status: Literal["active", "closed"]
    outcome: str | None
    reason: str | None
    amount: Decimal | None
    createdAt: Moment
    endedAt: Moment | None


class _Liquidation(Row):
    liquidationId: str
    positionId: str
    borrowerAlias: str
    poolId: str
    tier: Literal["SoftLiquidation", "ForcedLiquidation", "FullLiquidation"]


class Trigger(_Liquidation):
    """A position fell below its line."""

    stage: Literal["trigger"]
    healthFactor: float | None
    debtUSD: Decimal
    collateralUSD: Decimal
    share: Ratio
    triggeredAt: Moment


class Lot(Struct, forbid_unknown_fields=True):
    symbol: str
    amount: Decimal
    valueUSD: Decimal
    oraclePrice: Decimal
    maxBonus: Ratio


class AuctionStart(_Liquidation):
    """The auction is open: bid at POST /v1/liquidations/{auctionId}/bid."""

    stage: Literal["auction_start"]
    healthFactor: float | None
    auctionId: str
    debtAsset: str
    debtTarget: Decimal
    collateralAsset: str
    collateralAvailable: Decimal
    oraclePrice: Decimal
    startBonus: Ratio
    maxBonus: Ratio
    collateral: list[Lot]
    startsAt: Moment
    endsAt: Moment


class Amount(Struct, forbid_unknown_fields=True):
    symbol: str
    amount: Decimal


class Settlement(_Liquidation):
    """The auction has ended: what was repaid, what it cost, who bears what is missing."""

    stage: Literal["settlement"]
    auctionId: str
    debtAsset: str
    finalTier: str
    outcome: str | None
    debtRepaid: Decimal
    collateralAsset: str | None
    collateralSeized: Decimal
    seized: list[Amount]
    bonus: Decimal
    liquidatorReward: Decimal
    protocolFee: Decimal
    returnedToBorrower: list[Amount]
    badDebt: Decimal
    badDebtBorneBy: dict[str, str]
    healthFactorBefore: float | None
    healthFactorAfter: float | None
    settledAt: Moment | None
    healthFactor: float | None


class _Resale(Row):
    kind: Literal["resale"]
    resaleId: str
    auctionId: str
    poolId: str
    tier: Literal["Resale"]
    paymentAsset: str
    collateralAsset: str


class ResaleStart(_Resale):
    """Collateral that the backstop took is for sale."""

    stage: Literal["auction_start"]
    collateralAvailable: Decimal
    valueUSD: Decimal
    oraclePrice: Decimal
    startDiscount: Ratio
    maxDiscount: Ratio
    startsAt: Moment
    fullDiscountAt: Moment


class ResaleSettlement(_Resale):
    stage: Literal["settlement"]
    outcome: str | None
    collateralSold: Decimal
    proceeds: Decimal
    settledAt: Moment | None


class ProposalVote(Struct, forbid_unknown_fields=True):
    direction: Literal["FOR", "AGAINST", "ABSTAIN"]
    weight: Decimal
    previousDirection: str | None | UnsetType = UNSET


class Proposal(Row):
    """What happened to a proposal, and how it stands since."""

    event: Literal[
        "proposal_created",
        "vote_cast",
        "vote_changed",
        "proposal_status",
        "proposal_executed",
        "execution_failed",
        "proposal_vetoed",
        "proposal_cancelled",
    ]
    proposalId: str
    proposalNumber: int
    type: str
    title: str
    status: str
    votesFor: Decimal
    votesAgainst: Decimal
    votesAbstain: Decimal
    totalVoters: int
    quorumRequired: Decimal
    quorumMet: bool
    votingEndsAt: Moment
    timelockEndsAt: Moment
    executionDeadline: Moment
    execution: dict[str, Any] | UnsetType = UNSET
    vote: ProposalVote | UnsetType = UNSET


class Notification(Row):
    id: str
    type: str
    category: Literal["financial", "auth", "governance", "system"]
    severity: Literal["info", "warning", "critical"]
    title: str
    message: str
    data: dict[str, Any]
    link: str | None
    readAt: Moment | None
    createdAt: Moment


class UnreadCount(Row):
    event: Literal["unread_count"]
    count: int


ROWS: dict[str, tuple[type[Row], ...]] = {
    "prices": (Price,),
    "pools": (Pool,),
    "positions": (SupplyPosition, BorrowPosition, Account, Protection),
    "liquidations": (Trigger, AuctionStart, Settlement, ResaleStart, ResaleSettlement),
    "governance": (Proposal,),
    "notifications": (Notification, UnreadCount),
}
