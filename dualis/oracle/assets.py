"""The assets the market starts with, their first prices, and how they come into the database."""

from decimal import Decimal

from dualis.oracle.models import Asset, FeedKind, InstrumentType

# symbol: (name, type, decimals, feed); spec 3
CATALOGUE: dict[str, tuple[str, InstrumentType, int, FeedKind]] = {
    "BTC": ("Bitcoin", InstrumentType.CRYPTO, 8, FeedKind.MARKET),
    "wBTC": ("Wrapped Bitcoin", InstrumentType.CRYPTO, 8, FeedKind.MARKET),
    "ETH": ("Ether", InstrumentType.CRYPTO, 18, FeedKind.MARKET),
    "USDC": ("USD Coin", InstrumentType.STABLECOIN, 6, FeedKind.MARKET),
    "USDT": ("Tether USD", InstrumentType.STABLECOIN, 6, FeedKind.MARKET),
    "CC": ("Canton Coin", InstrumentType.CRYPTO, 10, FeedKind.MARKET),
    "DUAL": ("Dualis", InstrumentType.CRYPTO, 18, FeedKind.MARKET),
    "T-BILL-2026": ("US Treasury Bill 2026", InstrumentType.TREASURY, 6, FeedKind.MANUAL),
    "SPY-2026": ("S&P 500 Trust 2026", InstrumentType.EQUITY, 6, FeedKind.MANUAL),
    "US-T10Y": ("US Treasury Note 10 Years", InstrumentType.BOND, 6, FeedKind.MANUAL),
    "T-BILL": ("US Treasury Bill", InstrumentType.TREASURY, 6, FeedKind.MANUAL),
}

# of demo markets alone: what swings so much that loans are liquidated while one looks on
DEMO_CATALOGUE: dict[str, tuple[str, InstrumentType, int, FeedKind]] = {
    "SWING": ("Demo Swing", InstrumentType.CRYPTO, 6, FeedKind.MARKET),
}

# USD; where the simulation starts, and the net asset values of a demo market
START_PRICES: dict[str, Decimal] = {
    "BTC": Decimal("67710"),
    "wBTC": Decimal("67710"),
    "ETH": Decimal("2041"),
    "USDC": Decimal("1"),
    "USDT": Decimal("1"),
    "CC": Decimal("0.1756"),
    "DUAL": Decimal("2.45"),
    "T-BILL-2026": Decimal("99.87"),
    "SPY-2026": Decimal("512.45"),
    "US-T10Y": Decimal("96.45"),
    "T-BILL": Decimal("1"),
}


def seed_assets(*, is_demo: bool = False) -> None:
    """Create the assets of the catalogue that are missing; those that exist stay as they are."""
    catalogue = CATALOGUE | DEMO_CATALOGUE if is_demo else CATALOGUE
    Asset.objects.bulk_create(
        [
            Asset(symbol=symbol, name=name, instrument_type=kind, decimals=decimals, feed_kind=feed)
            for symbol, (name, kind, decimals, feed) in catalogue.items()
        ],
        ignore_conflicts=True,
    )
