"""One-way perpetual positions: what a fill makes of size, cost and money. Pure.

1. A position is a signed size and what it cost; the entry price is their quotient.
2. Realised profit is rounded down to the unit of USDC; what rounding takes, the venue keeps.

Knows fills. Knows nothing of margin, orders, accounts or rows.
"""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum

from dualis.exact import EXACT, ZERO, div_down, round_even
from dualis.trading.orderbook import Side

USDC_PLACES = 6
COST_PLACES = 18
PRICE_PLACES = 8
_UNIT = Decimal(1).scaleb(-USDC_PLACES)


class Direction(StrEnum):
    """What a fill does to the position, as the wire writes it (notional 4.1)."""

    OPEN_LONG = "Open Long"
    OPEN_SHORT = "Open Short"
    CLOSE_LONG = "Close Long"
    CLOSE_SHORT = "Close Short"


@dataclass(frozen=True, slots=True)
class Position:
    """`size` is signed, long is positive; `cost` has its sign: paid for a long, got for a short."""

    size: Decimal = ZERO
    cost: Decimal = ZERO

    @property
    def entry_price(self) -> Decimal:
        """Return the average price at which the position was opened; 0 without one."""
        return round_even(EXACT.divide(self.cost, self.size), PRICE_PLACES) if self.size else ZERO


@dataclass(frozen=True, slots=True)
class Filled:
    """A position after a fill, and the profit that the fill realised."""

    position: Position
    closed_pnl: Decimal
    direction: Direction


def fill(position: Position, side: Side, size: Decimal, price: Decimal) -> Filled:
    """Return what buying or selling `size` (above zero) at `price` makes of a position.

    A fill that turns the position round closes all of it and opens the rest at its price.
    """
    change = size if side is Side.BUY else size.copy_negate()
    is_long = position.size > 0
    if not position.size or (position.size > 0) == (change > 0):
        opened = Position(EXACT.add(position.size, change), EXACT.fma(change, price, position.cost))
        return Filled(opened, ZERO, _opens(side))
    closed = min(size, abs(position.size))
    signed = closed if is_long else closed.copy_negate()
    cost = _cost_of(position, closed)
    pnl = floor_usdc(EXACT.subtract(EXACT.multiply(signed, price), cost))
    left = Position(EXACT.subtract(position.size, signed), EXACT.subtract(position.cost, cost))
    rest = EXACT.subtract(change, signed.copy_negate())
    if rest:
        left = Position(rest, EXACT.multiply(rest, price))
    return Filled(left, pnl, Direction.CLOSE_LONG if is_long else Direction.CLOSE_SHORT)


def unrealized_pnl(position: Position, mark: Decimal) -> Decimal:
    """Return what closing at `mark` would realise, exactly."""
    return EXACT.subtract(EXACT.multiply(position.size, mark), position.cost)


def notional(position: Position, mark: Decimal) -> Decimal:
    """Return the size of the position in USDC at `mark`, without a sign."""
    return abs(EXACT.multiply(position.size, mark))


def floor_usdc(amount: Decimal) -> Decimal:
    """Return an amount of USDC rounded towards minus infinity: a gain less, a loss more."""
    found = amount.quantize(_UNIT, rounding=ROUND_FLOOR, context=EXACT)
    return found if found else abs(found)


def _cost_of(position: Position, closed: Decimal) -> Decimal:
    """Return the part of the cost that belongs to a closed part: all of it for all of the size."""
    if closed == abs(position.size):
        return position.cost
    share = EXACT.multiply(position.cost, closed)
    return div_down(share, abs(position.size), COST_PLACES)


def _opens(side: Side) -> Direction:
    return Direction.OPEN_LONG if side is Side.BUY else Direction.OPEN_SHORT
