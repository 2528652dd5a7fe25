"""When the slices of a TWAP order are due, how large each is, and how such an order ends. Pure.

1. Slice i of n is due at start + duration x i / (n - 1): the first at once, the last at the end.
2. After slice i an (i + 1) / n of the size should be filled. A slice asks for what that lacks, at
   most 3 times an even slice. Slices that nobody was there to run are made up for in this way,
   and those that would be worth too little for an order.

Knows numbers of one order. Knows nothing of accounts, rows or who draws the random part.
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from dualis.exact import EXACT, ZERO
from dualis.trading import order_rules
from dualis.trading.markets import Market
from dualis.trading.order_rules import LEAST_USD, Code, Rejected
from dualis.trading.orderbook import Side

# notional 9.3
PENDING, ACTIVE = "pending", "active"
COMPLETED, COMPLETED_PARTIAL, CANCELED = "completed", "completed_partial", "canceled"
EXPIRED, ERROR = "expired", "error"
LIVE = (PENDING, ACTIVE)
WHOLE, PARTLY, REFUSED = "filled", "partial", "rejected"  # what came of a slice

SLICE_SECONDS = 30  # Hyperliquid's, where a client does not say how many slices it wants
MIN_SLICE_SECONDS, MAX_SLICE_SECONDS = 10, 600  # notional 7
MAX_MINUTES = 1_440
MAX_LIVE = 20  # of an account
CATCH_UP = Decimal(3)  # even slices that one slice makes up for, as Hyperliquid's
SPREAD = 20  # per cent by which a random slice is larger or smaller, as Hyperliquid's
SLIPPAGE = Decimal("0.03")  # of the mark, to which a slice trades, as Hyperliquid's
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A TWAP order as it is asked for; without `slices` there is one every 30 s."""

    coin: str
    side: Side
    size: Decimal
    minutes: int
    slices: int | None = None
    is_reduce_only: bool = False
    is_randomized: bool = False

    @property
    def duration_ms(self) -> int:
        return self.minutes * 60_000

    @property
    def slice_count(self) -> int:
        if self.slices is not None:
            return self.slices
        return self.duration_ms // (1_000 * SLICE_SECONDS) + 1


def check(
    asked: Asked, market: Market, position: Decimal, live: int, mark: Decimal | None = None
) -> None:
    """Raise Rejected for what no slice could be made of; `live` such orders run already.

    Without a mark nobody knows what a slice is worth, and the slices are left to be judged.
    """
    count = asked.slice_count
    if live >= MAX_LIVE:
        raise Rejected(Code.RATE_LIMITED, f"At most {MAX_LIVE} TWAP orders run at once")
    if not 1 <= asked.minutes <= MAX_MINUTES:
        raise Rejected(Code.INVALID_SIZE, f"A TWAP order takes 1 to {MAX_MINUTES} minutes")
    shortest, longest = 1_000 * MIN_SLICE_SECONDS, 1_000 * MAX_SLICE_SECONDS
    if count < 2 or not shortest <= asked.duration_ms / (count - 1) <= longest:
        raise Rejected(
            Code.INVALID_SIZE,
            f"Slices are {MIN_SLICE_SECONDS} s to {MAX_SLICE_SECONDS} s apart, and at least 2",
        )
    unit = Decimal(1).scaleb(-market.size_places)
    if not market.is_size(asked.size) or asked.size < EXACT.multiply(unit, Decimal(count)):
        raise Rejected(
            Code.INVALID_SIZE,
            f"A size has at most {market.size_places} decimals, and gives each slice at least one",
        )
    least = EXACT.multiply(LEAST_USD, Decimal(2 if asked.is_randomized else 1))
    if mark is not None and EXACT.multiply(asked.size, mark) < EXACT.multiply(
        least, Decimal(count)
    ):
        raise Rejected(Code.INVALID_SIZE, f"Each slice is worth at least {least} USDC")
    if asked.is_reduce_only and not order_rules.reduces(asked.side, position):
        raise Rejected(Code.REDUCE_ONLY_VIOLATION, "There is no position that it would reduce")


def due_ms(start_ms: int, duration_ms: int, count: int, index: int) -> int:
    """Return when a slice is due, rounded up: `slot` gives it from then on."""
    return start_ms - (-duration_ms * index // (count - 1))


def slot(start_ms: int, duration_ms: int, count: int, now_ms: int) -> int:
    """Return the last slice that is due."""
    passed = max(now_ms - start_ms, 0)
    return min(passed * (count - 1) // duration_ms, count - 1)


def slice_size(
    size: Decimal, filled: Decimal, count: int, index: int, places: int, *, draw: int | None = None
) -> Decimal:
    """Return the size of a slice, cut to `places` decimals; 0 where nothing is lacking.

    `draw` from -SPREAD to SPREAD is the per cent by which it is moved; the last one takes the rest.
    """
    even = EXACT.divide(size, Decimal(count))
    wanted = EXACT.subtract(EXACT.multiply(even, Decimal(index + 1)), filled)
    if index == count - 1:
        wanted = EXACT.subtract(size, filled)
    elif draw is not None:
        wanted = EXACT.multiply(wanted, EXACT.add(_ONE, Decimal(draw).scaleb(-2)))
    wanted = min(wanted, EXACT.multiply(even, CATCH_UP), EXACT.subtract(size, filled))
    unit = Decimal(1).scaleb(-places)
    return max(wanted.quantize(unit, rounding=ROUND_DOWN, context=EXACT), ZERO)


def limit_of(side: Side, market: Market, mark: Decimal) -> Decimal:
    """Return the price to which a slice trades."""
    share = EXACT.add(_ONE, SLIPPAGE) if side is Side.BUY else EXACT.subtract(_ONE, SLIPPAGE)
    return market.rounded(EXACT.multiply(mark, share), side)


def ending(*, is_whole: bool, has_filled: bool, has_placed: bool) -> str:
    """Return how an order ends whose slices are over: `has_placed` if not all were rejected."""
    if is_whole:
        return COMPLETED
    if has_filled:
        return COMPLETED_PARTIAL
    return EXPIRED if has_placed else ERROR
