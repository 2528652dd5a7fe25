"""Liquidations, their stages and bids, and the backstop; rows only, written by services alone.

1. A position has at most one open liquidation, and a liquidation each stage at most once.
2. Nothing that is public names the borrower or a bidder: a position's id and an alias that is made
   for one liquidation stand for the borrower.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from dualis.accounts.money import ASSET_LENGTH, Appended
from dualis.exact import ZERO
from dualis.fields import ExactDecimalField
from dualis.identifiers import public_id
from dualis.lending.auction import Auction, LiquidationTier
from dualis.published import PublishedOnce

OPEN, SETTLED = "open", "settled"
TRIGGER, AUCTION_START, SETTLEMENT = "trigger", "auction_start", "settlement"
BY_BID, BY_BACKSTOP, CANCELLED = "bid", "backstop", "cancelled"


def _liquidation_id() -> str:
    return public_id("liq")


def _auction_id() -> str:
    return public_id("auc")


def _bid_id() -> str:
    return public_id("bid")


def _alias() -> str:
    return public_id("anon")


def texts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    """Return amounts as a JSON field keeps them: exact texts, without what is zero."""
    return {symbol: format(amount, "f") for symbol, amount in amounts.items() if amount}


def exact(kept: Mapping[str, str]) -> dict[str, Decimal]:
    """Return the amounts that a JSON field keeps."""
    return {symbol: Decimal(amount) for symbol, amount in kept.items()}


class Liquidation(models.Model):
    """One lot of a position, from the trigger to the settlement.

    `opened_with`, `filled` and `bad_debt` are in the debt asset; `seized`, `fees` (what of it the
    protocol still holds) and `returned` are amounts by asset; `losses` says who bore `bad_debt`.
    """

    id = models.CharField(primary_key=True, max_length=32, default=_liquidation_id, editable=False)
    auction_id = models.CharField(max_length=32, unique=True, default=_auction_id, editable=False)
    alias = models.CharField(max_length=32, default=_alias, editable=False)
    position = models.ForeignKey(
        "lending.BorrowPosition", on_delete=models.PROTECT, related_name="liquidations"
    )
    position_id: str
    pool = models.ForeignKey("lending.Pool", on_delete=models.PROTECT, related_name="+")
    pool_id: str
    status = models.CharField(max_length=8, default=OPEN)
    opened_tier = models.CharField(max_length=24)
    tier = models.CharField(max_length=24)
    opened_at = models.DateTimeField()
    live_seconds = ExactDecimalField(default=ZERO)
    opened_with = ExactDecimalField()
    filled = ExactDecimalField(default=ZERO)

    seized = models.JSONField(default=dict)
    fees = models.JSONField(default=dict)
    returned = models.JSONField(default=dict)
    bonus_usd = ExactDecimalField(default=ZERO)
    fee_usd = ExactDecimalField(default=ZERO)
    bad_debt = ExactDecimalField(default=ZERO)
    losses = models.JSONField(default=dict)
    health_before = ExactDecimalField()
    health_after = ExactDecimalField(null=True)
    outcome = models.CharField(max_length=12, blank=True)
    settled_at = models.DateTimeField(null=True)
    has_cooldown = models.BooleanField(default=False)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["position"],
                condition=models.Q(status="open"),
                name="one_open_liquidation_per_position",
            )
        ]
        indexes = [models.Index(fields=["status", "-opened_at"], name="liquidation_by_status")]

    def __str__(self) -> str:
        return f"{self.id} of {self.position_id}"

    @property
    def is_open(self) -> bool:
        return self.status == OPEN

    @property
    def auction(self) -> Auction:
        return Auction(LiquidationTier(self.tier), self.opened_with, self.filled, self.live_seconds)

    def set_auction(self, auction: Auction) -> None:
        """Take over the auction after a tick or a sale; the caller saves."""
        self.tier = auction.tier.value
        self.filled, self.live_seconds = auction.filled, auction.live_seconds


class Stage(PublishedOnce):
    """A stage that an auction has reached: the row is what it tells. Appended once.

    It belongs into snapshots while its auction runs; the settlement ends all of its stages.
    """

    key = models.CharField(primary_key=True, max_length=64)  # "<id>:<stage>"
    stage = models.CharField(max_length=16)
    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        abstract = True
        ordering = ["at", "key"]

    def __str__(self) -> str:
        return self.key

    def stream_dims(self) -> tuple[str, ...]:
        return (self.data["poolId"], self.data["tier"], self.stage)

    def to_dict(self) -> dict[str, Any]:
        return dict(self.data)


class LiquidationStage(Stage):
    """A stage of a liquidation."""

    CHANNEL: ClassVar[str] = "liquidations"

    liquidation = models.ForeignKey(Liquidation, on_delete=models.PROTECT, related_name="stages")

    class Meta(Stage.Meta):
        pass

    def is_open(self) -> bool:
        return self.liquidation.is_open


class Bid(Appended):
    """What one bidder, or the backstop (no user), bought. `seized` is by asset, fees included."""

    id = models.CharField(primary_key=True, max_length=32, default=_bid_id, editable=False)
    liquidation = models.ForeignKey(Liquidation, on_delete=models.PROTECT, related_name="bids")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    at = models.DateTimeField()
    repaid = ExactDecimalField()
    seized = models.JSONField()
    reward = models.JSONField()
    bonus_usd = ExactDecimalField()

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.id} on {self.liquidation_id}"


class BackstopAccount(models.Model):
    """What stands behind loans of one asset: cash in it, and collateral it has bought (`held`)."""

    asset = models.CharField(primary_key=True, max_length=ASSET_LENGTH)
    cash = ExactDecimalField(default=ZERO)
    held = models.JSONField(default=dict)

    class Meta:
        ordering = ["asset"]

    def __str__(self) -> str:
        return f"backstop of {self.asset}"
