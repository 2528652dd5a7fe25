"""Positions for tests of risk and liquidation: prices, terms and amounts in a line."""

from dataclasses import replace
from decimal import Decimal

from dualis.lending.risk import Collateral, Debt, Position, Price
from dualis.lending.terms import ASSETS, TIERS, CreditTier

D = Decimal
PLACES = {"ETH": 18, "wBTC": 8, "USDC": 6, "CC": 10, "T-BILL-2026": 6, "TIFA-REC": 6}


def live(spot, twap=None):
    """A price whose feed is live."""
    spot = D(spot)
    return Price(spot, spot if twap is None else min(spot, D(twap)), spot)


def frozen_collateral(spot):
    return replace(live(spot), liquidation=D(spot) * D("1.1"), is_frozen=True)


def frozen_debt(spot):
    return replace(live(spot), liquidation=D(spot) * D("0.9"), is_frozen=True)


def held(asset, amount, price):
    price = price if isinstance(price, Price) else live(price)
    return Collateral(asset, D(amount), PLACES.get(asset, 6), price, ASSETS[asset])


def position(*collaterals, debt, price="1", tier=CreditTier.UNRATED, places=6):
    price = price if isinstance(price, Price) else live(price)
    return Position(collaterals, Debt("USDC", D(debt), places, price), TIERS[tier])


def ten_eth(eth, debt="15000", **others):
    """The worked example of the facts: 10 ETH against 15,000 USDC."""
    return position(held("ETH", "10", eth), debt=debt, **others)


def worked_mix(tier=CreditTier.UNRATED, debt="25000"):
    """The worked mix of the facts: crypto, a treasury bill and a receivable."""
    return position(
        held("ETH", "10", "3245.67"),
        held("T-BILL-2026", "100", "99.87"),
        held("TIFA-REC", "5000", "1"),
        debt=debt,
        tier=tier,
    )
