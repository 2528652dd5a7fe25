"""The terms of the market: what each asset and each credit tier may do. Pure.

The tables are what a market starts with; pools and positions keep their own copy (rulings, 13).
Knows nothing of amounts, prices, feeds or rows.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from dualis.exact import EXACT


class InvalidTerms(ValueError):
    """The parameters contradict each other."""


class CollateralTier(StrEnum):
    """What kind of collateral an asset is."""

    CRYPTO = "crypto"
    RWA = "rwa"
    TIFA = "tifa"


class CreditTier(StrEnum):
    """Assigned by staff, frozen on a position when it is opened (rulings, 13)."""

    DIAMOND = "Diamond"
    GOLD = "Gold"
    SILVER = "Silver"
    BRONZE = "Bronze"
    UNRATED = "Unrated"


# spec 5: haircut multipliers by collateral tier
HAIRCUTS: dict[CollateralTier, Decimal] = {
    CollateralTier.CRYPTO: Decimal("1.00"),
    CollateralTier.RWA: Decimal("0.95"),
    CollateralTier.TIFA: Decimal("0.80"),
}


@dataclass(frozen=True, slots=True)
class AssetTerms:
    """Ratios are fractions of value; caps are USD."""

    ltv: Decimal
    threshold: Decimal
    penalty: Decimal
    borrow_cap: Decimal
    supply_cap: Decimal
    is_borrowable: bool
    tier: CollateralTier

    def __post_init__(self) -> None:
        if not 0 <= self.ltv < self.threshold < 1:
            raise InvalidTerms("0 <= LTV < liquidation threshold < 1")
        if self.penalty < 0 or min(self.borrow_cap, self.supply_cap) < 0:
            raise InvalidTerms("the penalty and the caps are not negative")
        if self.full_line >= 1:
            raise InvalidTerms("threshold x haircut x (1 + penalty) is below 1")

    @property
    def haircut(self) -> Decimal:
        """The multiplier of the collateral tier."""
        return HAIRCUTS[self.tier]

    @property
    def weight(self) -> Decimal:
        """Threshold x haircut: what a dollar of this collateral counts in health."""
        return EXACT.multiply(self.threshold, self.haircut)

    @property
    def full_line(self) -> Decimal:
        """Threshold x haircut x (1 + penalty): below it a part liquidated lowers health."""
        return EXACT.multiply(self.weight, EXACT.add(Decimal(1), self.penalty))


@dataclass(frozen=True, slots=True)
class TierTerms:
    """Health factors `warning`, `danger`, `critical` raise alerts at or below them.

    `min_collateral_ratio` and `liquidation_buffer` are shown and used in no formula (spec 5).
    """

    max_ltv: Decimal
    discount: Decimal
    min_collateral_ratio: Decimal
    liquidation_buffer: Decimal
    warning: Decimal
    danger: Decimal
    critical: Decimal

    def __post_init__(self) -> None:
        if not (0 < self.max_ltv < 1 and 0 <= self.discount < 1):
            raise InvalidTerms("0 < max LTV < 1 and 0 <= discount < 1")
        if not 1 <= self.critical < self.danger < self.warning:
            raise InvalidTerms("1 <= critical < danger < warning")


def _asset(
    ltv: str, threshold: str, penalty: str, caps: tuple[str, str], tier: CollateralTier
) -> AssetTerms:
    """`caps` are millions of USD to borrow and to supply; "-" is not borrowable."""
    borrow, supply = caps
    return AssetTerms(
        Decimal(ltv),
        Decimal(threshold),
        Decimal(penalty),
        Decimal(0 if borrow == "-" else borrow) * 1_000_000,
        Decimal(supply) * 1_000_000,
        borrow != "-",
        tier,
    )


_CRYPTO, _RWA, _TIFA = CollateralTier
_ETH = _asset("0.75", "0.82", "0.05", ("100", "200"), _CRYPTO)
_SPY = _asset("0.65", "0.75", "0.06", ("50", "100"), _CRYPTO)
_BILL = _asset("0.85", "0.90", "0.03", ("200", "500"), _RWA)

# spec 4; no default row and no DUAL: what is not listed is refused (rulings, 1). Of what is
# listed, only what has a live feed can be used, which the service sees.
ASSETS: dict[str, AssetTerms] = {
    "USDC": _asset("0.80", "0.85", "0.04", ("500", "1000"), _CRYPTO),
    "wBTC": _asset("0.73", "0.80", "0.06", ("50", "100"), _CRYPTO),
    "ETH": _ETH,
    "wETH": _ETH,
    "CC": _asset("0.55", "0.65", "0.08", ("20", "50"), _CRYPTO),
    "CC-REC": _asset("0.60", "0.70", "0.08", ("50", "100"), _CRYPTO),
    "SPY": _SPY,
    "SPY-2026": _SPY,
    "T-BILL": _BILL,
    "T-BILL-2026": _BILL,
    "RWA-TBILL": _asset("0.85", "0.90", "0.03", ("-", "500"), _RWA),
    "TIFA-REC": _asset("0.50", "0.60", "0.10", ("-", "100"), _TIFA),
    "SWING": _asset("0.70", "0.80", "0.06", ("1", "10"), _CRYPTO),  # ours, of demo markets
}


def _tier(*numbers: str) -> TierTerms:
    return TierTerms(*map(Decimal, numbers))


# spec 5
TIERS: dict[CreditTier, TierTerms] = {
    CreditTier.DIAMOND: _tier("0.85", "0.25", "1.15", "0.05", "1.30", "1.20", "1.10"),
    CreditTier.GOLD: _tier("0.78", "0.15", "1.25", "0.08", "1.40", "1.30", "1.15"),
    CreditTier.SILVER: _tier("0.70", "0.08", "1.35", "0.10", "1.50", "1.35", "1.20"),
    CreditTier.BRONZE: _tier("0.60", "0", "1.50", "0.12", "1.60", "1.40", "1.25"),
    CreditTier.UNRATED: _tier("0.50", "0", "1.75", "0.15", "1.80", "1.50", "1.30"),
}
