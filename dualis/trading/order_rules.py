"""What an order must be before the book sees it: the codes and texts of a rejection. Pure.

Codes are those of the page's own list (notional 9.2). Knows numbers of one order and its market.
Knows nothing of accounts' rows, books or the wire.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from dualis.exact import EXACT, ZERO, mul_down, mul_up, plain_trimmed
from dualis.trading.markets import BAND, PRICE_DIGITS, Market
from dualis.trading.orderbook import Side, Tif

ONE = Decimal(1)
LEAST_USD = Decimal(10)  # of an order; as on Hyperliquid: a book full of dust costs its owner


class Code(StrEnum):
    INSUFFICIENT_MARGIN = "INSUFFICIENT_MARGIN"
    INVALID_PRICE = "INVALID_PRICE"
    INVALID_SIZE = "INVALID_SIZE"
    REDUCE_ONLY_VIOLATION = "REDUCE_ONLY_VIOLATION"
    MAX_LEVERAGE_EXCEEDED = "MAX_LEVERAGE_EXCEEDED"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    MARKET_CLOSED = "MARKET_CLOSED"
    RATE_LIMITED = "RATE_LIMITED"
    INVALID_SIGNATURE = "INVALID_SIGNATURE"


class Rejected(Exception):
    """An order that is not taken, with its code and a sentence for people."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


@dataclass(frozen=True, slots=True)
class Request:
    """An order as it is asked for. Without `price` it is a market order.

    `trigger` makes it wait until the mark reaches that price: `tpsl` says from which side.
    """

    coin: str
    side: Side
    size: Decimal
    price: Decimal | None = None
    tif: Tif = Tif.GTC
    is_reduce_only: bool = False
    trigger: Decimal | None = None
    tpsl: str = ""
    is_position_tpsl: bool = False
    cloid: str = ""

    @property
    def is_market(self) -> bool:
        return self.price is None


def check(request: Request, market: Market, mark: Decimal | None, position: Decimal) -> None:
    """Raise Rejected for an order that no book should see; `mark` is None without a live price."""
    if mark is None:
        raise Rejected(Code.MARKET_CLOSED, f"{market.coin} has no live price")
    if not market.is_size(request.size):
        raise Rejected(
            Code.INVALID_SIZE,
            f"A size is above 0 with at most {market.size_places} decimals",
        )
    for price in (request.price, request.trigger):
        if price is not None and not market.is_price(price):
            raise Rejected(
                Code.INVALID_PRICE,
                f"A price has at most {PRICE_DIGITS} digits and {market.price_places} decimals",
            )
    if request.price is not None and request.trigger is None:
        _check_band(request.price, market, mark)
    if request.is_reduce_only and request.trigger is None and not _reduces(request, position):
        raise Rejected(Code.REDUCE_ONLY_VIOLATION, "There is no position that it would reduce")


def check_value(request: Request, mark: Decimal, position: Decimal) -> None:
    """Raise Rejected for an order that is worth too little to stand in anybody's way.

    One that closes a whole position at once may be as small as that position is.
    """
    is_at_once = request.is_market or request.tif is Tif.IOC
    closes = is_at_once and request.is_reduce_only and request.size >= abs(position)
    if not closes and EXACT.multiply(request.size, mark) < LEAST_USD:
        raise Rejected(Code.INVALID_SIZE, f"An order is worth at least {LEAST_USD} USDC")


def limit_of(request: Request, market: Market, mark: Decimal) -> Decimal:
    """Return the price an order trades to: its own, or the edge of the band around the mark.

    The edge is rounded inwards to a price that the market takes.
    """
    if request.price is not None:
        return request.price
    if request.side is Side.BUY:
        edge = mul_down(mark, EXACT.add(ONE, BAND), market.price_places)
    else:
        edge = mul_up(mark, EXACT.subtract(ONE, BAND), market.price_places)
    return edge


def is_triggered(side: Side, tpsl: str, trigger: Decimal, mark: Decimal) -> bool:
    """Tell whether the mark has reached a trigger.

    A stop loss that sells waits for a fall and one that buys for a rise; a take profit the other
    way round.
    """
    waits_for_rise = (side is Side.BUY) == (tpsl == "sl")
    return mark >= trigger if waits_for_rise else mark <= trigger


def _check_band(price: Decimal, market: Market, mark: Decimal) -> None:
    if not market.is_in_band(price, mark):
        percent = plain_trimmed(EXACT.multiply(BAND, Decimal(100)))
        raise Rejected(
            Code.INVALID_PRICE,
            f"A price is at most {percent} % from the mark {plain_trimmed(mark)}",
        )


def _reduces(request: Request, position: Decimal) -> bool:
    against = position < ZERO if request.side is Side.BUY else position > ZERO
    return against
