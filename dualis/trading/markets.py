"""The perpetual markets, and what counts as collateral: constants and their checks. Pure.

Asset ids are the 8 hex digits of `POST /exchange` (notional 6): 0001 an asset, 0002 a perpetual.
Knows sizes, ticks and leverage. Knows nothing of accounts, orders' lives or rows.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from dualis.exact import EXACT
from dualis.trading.orderbook import Side

USDC = "USDC"
PRICE_DIGITS = 5  # significant digits of a price, whole numbers excepted
PRICE_AND_SIZE_PLACES = 6  # decimals of price and size together
_MOST_PRICE = Decimal(10) ** 12  # its ticks fit a column
BAND = Decimal("0.05")  # of the mark; rulings, 33


@dataclass(frozen=True, slots=True)
class Market:
    """`feed` is the oracle's asset that gives the mark."""

    coin: str
    asset_id: str
    feed: str
    size_places: int
    max_leverage: int

    @property
    def price_places(self) -> int:
        return PRICE_AND_SIZE_PLACES - self.size_places

    def is_size(self, size: Decimal) -> bool:
        """Tell whether an order may have this size."""
        return size > 0 and size == _cut(size, self.size_places)

    def is_price(self, price: Decimal) -> bool:
        """Tell whether an order may have this price: enough for any mark, and no finer."""
        if not 0 < price < _MOST_PRICE or price != _cut(price, self.price_places):
            return False
        is_whole = price == price.to_integral_value()
        return is_whole or len(price.normalize(EXACT).as_tuple().digits) <= PRICE_DIGITS

    def is_in_band(self, price: Decimal, mark: Decimal) -> bool:
        """Tell whether a price is at most 5 % away from the mark."""
        return abs(EXACT.subtract(price, mark)) <= EXACT.multiply(mark, BAND)

    def rounded(self, price: Decimal, side: Side) -> Decimal:
        """Return a valid price: the next lower one for a buyer, the next higher for a seller."""
        places = max(min(self.price_places, PRICE_DIGITS - 1 - price.adjusted()), 0)
        rounding = ROUND_DOWN if side is Side.BUY else ROUND_UP
        return price.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=EXACT)

    def ticks(self, price: Decimal) -> int:
        """Return a price as a whole number that SQL can compare and order."""
        return int(price.scaleb(self.price_places, context=EXACT))


@dataclass(frozen=True, slots=True)
class Collateral:
    """`ltv` is the share of its worth that counts as margin; `feed` prices it, USDC is 1."""

    asset: str
    asset_id: str
    feed: str
    places: int
    ltv: Decimal


MARKETS: dict[str, Market] = {
    market.coin: market
    for market in (
        Market("BTC", "00020000", "BTC", 5, 20),
        Market("ETH", "00020001", "ETH", 4, 10),
        Market("CC", "00020002", "CC", 0, 5),
    )
}
BY_ASSET_ID = {market.asset_id: market for market in MARKETS.values()}

COLLATERAL: dict[str, Collateral] = {
    one.asset: one
    for one in (
        Collateral(USDC, "00012710", USDC, 6, Decimal(1)),
        Collateral("BTC", "00010000", "BTC", 8, Decimal("0.85")),
        Collateral("ETH", "00010001", "ETH", 18, Decimal("0.85")),
    )
}


def _cut(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN, context=EXACT)
