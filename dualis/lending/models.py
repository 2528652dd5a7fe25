"""Pools, supply and borrow positions, and the one row of the market. Written by services alone.

1. A pool's numbers are those of `books.PoolBooks`; its indices are the published ones: what REST,
   stream and admin show is computed from the row, never from the clock (rulings, 7).
2. What a row shows of prices comes from a `View`: the caller gives one, else it is read.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from dualis.fields import ExactDecimalField
from dualis.identifiers import public_id
from dualis.lending import figures
from dualis.lending.books import PoolBooks, TierDebt
from dualis.lending.rates import RateModel
from dualis.lending.terms import AssetTerms, CollateralTier, CreditTier
from dualis.lending.view import View
from dualis.lookups import built_once, read_all
from dualis.oracle.models import Asset
from dualis.published import Published

RATE_DIGITS, RATE_PLACES = 20, 10


def _supply_id() -> str:
    return public_id("sup")


def _borrow_id() -> str:
    return public_id("brw")


def rate_field(*, null: bool = False) -> ExactDecimalField:
    return ExactDecimalField(max_digits=RATE_DIGITS, decimal_places=RATE_PLACES, null=null)


class Market(models.Model):
    """One row: the block, the switch and the outages of the whole protocol."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    block = models.PositiveBigIntegerField(default=0)
    block_at = models.DateTimeField(null=True)
    is_paused = models.BooleanField(default=False)
    # of the liquidation step; `freezes` is symbol -> {"since", "until"}, ISO texts (see `grace`)
    ticked_at = models.DateTimeField(null=True)
    resumed_at = models.DateTimeField(null=True)
    freezes = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"block {self.block}"


class CreditRating(models.Model):
    """The credit tier that staff assigned to a user; without a row it is Unrated."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="credit_rating",
    )
    tier = models.CharField(max_length=8, choices=[(t.value, t.value) for t in CreditTier])
    assigned_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user_id} {self.tier}"


class Pool(Published):
    """One asset that is supplied and lent out, its books, its rate model and its terms."""

    CHANNEL: ClassVar[str] = "pools"

    id = models.CharField(primary_key=True, max_length=32)
    asset = models.OneToOneField(Asset, on_delete=models.PROTECT, related_name="pool")
    asset_id: str
    places = models.PositiveSmallIntegerField()  # the asset's decimals

    cash = ExactDecimalField()
    reserves = ExactDecimalField()
    supply_shares = ExactDecimalField()
    supply_index = ExactDecimalField()
    debts = models.JSONField(default=dict)  # tier -> [scaled, index], exact texts
    accrued_at = models.DateTimeField()
    # interest that the ledger has not booked yet; booked with the next operation, at least hourly
    unbooked_to_suppliers = ExactDecimalField(default=0)
    unbooked_to_reserves = ExactDecimalField(default=0)

    base = rate_field()
    slope = rate_field()
    kink = rate_field()
    jump = rate_field()
    reserve_factor = rate_field()

    ltv = rate_field()
    threshold = rate_field()
    penalty = rate_field()
    # ratios on their way down (`ramps`); null when nothing ramps
    ltv_from = rate_field(null=True)
    ltv_to = rate_field(null=True)
    threshold_from = rate_field(null=True)
    threshold_to = rate_field(null=True)
    ramp_from_at = models.DateTimeField(null=True)
    ramp_to_at = models.DateTimeField(null=True)
    haircut_tier = models.CharField(
        max_length=8, choices=[(t.value, t.value) for t in CollateralTier]
    )
    supply_cap_usd = ExactDecimalField(max_digits=28, decimal_places=2)
    borrow_cap_usd = ExactDecimalField(max_digits=28, decimal_places=2)
    is_borrowable = models.BooleanField()
    is_collateral = models.BooleanField()

    is_active = models.BooleanField(default=True)
    is_supply_paused = models.BooleanField(default=False)
    is_borrow_paused = models.BooleanField(default=False)
    is_protocol_paused = models.BooleanField(default=False)  # the market's switch, for the row

    price = ExactDecimalField(max_digits=28, decimal_places=8)  # USD, at the last publication
    reason = models.CharField(max_length=12, default="params")
    block = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.id

    def stream_dims(self) -> tuple[str, ...]:
        return (self.id,)

    @property
    def model(self) -> RateModel:
        return RateModel(self.base, self.slope, self.kink, self.jump, self.reserve_factor)

    @property
    def terms(self) -> AssetTerms:
        return AssetTerms(
            self.ltv,
            self.threshold,
            self.penalty,
            self.borrow_cap_usd,
            self.supply_cap_usd,
            self.is_borrowable,
            CollateralTier(self.haircut_tier),
        )

    @property
    def books(self) -> PoolBooks:
        return _books(
            self.places,
            self.cash,
            self.reserves,
            self.supply_shares,
            self.supply_index,
            tuple((tier, scaled, index) for tier, (scaled, index) in self.debts.items()),
        )

    def set_books(self, books: PoolBooks) -> None:
        """Take over new books; the caller saves."""
        self.cash, self.reserves = books.cash, books.reserves
        self.supply_shares, self.supply_index = books.supply_shares, books.supply_index
        self.debts = {
            tier: [format(debt.scaled, "f"), format(debt.index, "f")]
            for tier, debt in books.debts.items()
        }

    def to_dict(self) -> dict[str, Any]:
        return figures.pool_row(self)


@lru_cache(maxsize=256)
def _books(
    places: int,
    cash: Decimal,
    reserves: Decimal,
    shares: Decimal,
    index: Decimal,
    debts: tuple[tuple[str, str, str], ...],
) -> PoolBooks:
    """Return the books of these numbers: one operation asks for the same ones ten times."""
    by_tier = {tier: TierDebt(Decimal(scaled), Decimal(at)) for tier, scaled, at in debts}
    return PoolBooks(places, cash, reserves, shares, index, by_tier)


class _Position(Published):
    """What both kinds of position share."""

    CHANNEL: ClassVar[str] = "positions"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    user_id: str
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="+")
    pool_id: str
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    view: View | None = None

    class Meta:
        abstract = True

    def stream_owner(self) -> str:
        return self.user_id

    def stream_dims(self) -> tuple[str, ...]:
        return (str(self.pk),)

    def is_open(self) -> bool:
        return self.closed_at is None

    def close(self, now: datetime) -> None:
        """Mark the position as ended; the caller saves."""
        self.closed_at = now


class SupplyPosition(_Position):
    """A user's shares of one pool; `principal` is what went in less what came out."""

    id = models.CharField(primary_key=True, max_length=32, default=_supply_id, editable=False)
    shares = ExactDecimalField()
    principal = ExactDecimalField()
    booked = ExactDecimalField(default=0)  # the balance that the ledger's entries sum to

    class Meta:
        ordering = ["opened_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "pool"],
                condition=models.Q(closed_at=None),
                name="one_open_supply_per_pool",
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} in {self.pool_id}"

    def to_dict(self) -> dict[str, Any]:
        return figures.supply_row(self, self.view or View.read())


class BorrowPosition(_Position):
    """An isolated loan (rulings, 12): its own collateral, one debt asset, its own health."""

    id = models.CharField(primary_key=True, max_length=32, default=_borrow_id, editable=False)
    credit_tier = models.CharField(max_length=8)  # frozen when it was opened (rulings, 13)
    scaled = ExactDecimalField()
    principal = ExactDecimalField()
    booked = ExactDecimalField(default=0)  # the debt that the ledger's entries sum to
    collateral = models.JSONField(default=dict)  # symbol -> amount, exact text
    zone = models.CharField(max_length=16, default="safe")

    class Meta:
        ordering = ["opened_at", "id"]
        indexes = [models.Index(fields=["user", "closed_at"])]

    def __str__(self) -> str:
        return f"{self.id} of {self.pool_id}"

    @cached_property
    def tier(self) -> CreditTier:
        return CreditTier(self.credit_tier)

    def held(self) -> dict[str, Decimal]:
        """Return the locked collateral by asset."""
        return {symbol: Decimal(amount) for symbol, amount in self.collateral.items()}

    def set_held(self, held: dict[str, Decimal]) -> None:
        """Take over new collateral, without what is zero; the caller saves."""
        self.collateral = {symbol: format(a, "f") for symbol, a in held.items() if a}

    def to_dict(self) -> dict[str, Any]:
        return figures.borrow_row(self, self.view or View.read())


class Account(Published):
    """A user's totals over all positions: one row of the channel, always sent (rulings, 15)."""

    CHANNEL: ClassVar[str] = "positions"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        primary_key=True,
        related_name="lending_account",
    )
    user_id: str
    changed_at = models.DateTimeField()

    view: View | None = None
    held: tuple[Sequence[SupplyPosition], Sequence[BorrowPosition]] | None = None  # if read already

    def __str__(self) -> str:
        return f"account of {self.user_id}"

    def stream_key(self) -> str:
        return "account"

    def stream_owner(self) -> str:
        return self.user_id

    def to_dict(self) -> dict[str, Any]:
        supplies, borrows = self.held or read_all(
            _supplies.of(self.user_id), _borrows.of(self.user_id)
        )
        return figures.account_row(supplies, borrows, self.view or View.read())


@built_once
def _supplies(user_id: str) -> models.QuerySet[SupplyPosition]:
    return SupplyPosition.objects.filter(user_id=user_id, closed_at=None)


@built_once
def _borrows(user_id: str) -> models.QuerySet[BorrowPosition]:
    return BorrowPosition.objects.filter(user_id=user_id, closed_at=None)


# Django finds the models of an app in this module alone.
from dualis.lending.alert_models import (  # noqa: E402
    HealthAlert,
    OwnStanding,
    PoolAlert,
    PoolWatch,
)
from dualis.lending.liquidation_models import (  # noqa: E402
    BackstopAccount,
    Bid,
    Liquidation,
    LiquidationStage,
)
from dualis.lending.points import HealthPoint, MarketPoint, PoolPoint  # noqa: E402
from dualis.lending.protection_models import ProtectionRule  # noqa: E402
from dualis.lending.resale_models import Resale, ResaleBid, ResaleStage  # noqa: E402

__all__ = [
    "Account",
    "BackstopAccount",
    "Bid",
    "BorrowPosition",
    "CreditRating",
    "HealthAlert",
    "HealthPoint",
    "Liquidation",
    "LiquidationStage",
    "Market",
    "MarketPoint",
    "OwnStanding",
    "Pool",
    "PoolAlert",
    "PoolPoint",
    "Resale",
    "ResaleBid",
    "ResaleStage",
    "PoolWatch",
    "ProtectionRule",
    "SupplyPosition",
]
