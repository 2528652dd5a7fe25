"""What time and trading cost: fees, funding, interest on borrowed USDC. Pure.

Every charge is rounded against the account; what rounding takes goes to who is paid.
"""

from decimal import Decimal

from dualis.exact import EXACT, ZERO, mul_up
from dualis.trading.positions import USDC_PLACES, Position, floor_usdc

TAKER_FEE = Decimal("0.0005")  # notional 4.1: the sample fee is 5 bps of price x size
MAKER_FEE = Decimal("0.0002")
FUNDING_CAP = Decimal("0.04")  # an hour; notional 10
INTEREST_8H = Decimal("0.0001")
CLAMP = Decimal("0.0005")
HOURS_A_YEAR = Decimal(8_760)
UTILIZATION_CAP = Decimal("0.80")
KINK = Decimal("0.65")
APR_FLOOR, APR_CAP = Decimal("0.04"), Decimal("0.60")
_JUMP = Decimal("3.467")


def fee_up(price: Decimal, size: Decimal, *, is_taker: bool) -> Decimal:
    """Return the fee of a fill in USDC."""
    rate = TAKER_FEE if is_taker else MAKER_FEE
    return mul_up(EXACT.multiply(price, size), rate, USDC_PLACES)


def funding_down(position: Position, oracle_price: Decimal, rate: Decimal) -> Decimal:
    """Return what an hour of funding brings: a long pays a positive rate, a short gets it.

    `rate` is that of an hour. Size x oracle price x rate.
    """
    value = EXACT.multiply(EXACT.multiply(position.size, oracle_price), rate)
    return floor_usdc(value.copy_negate())


def funding_rate(premium: Decimal) -> Decimal:
    """Return an hour's rate from the book's premium over the oracle: an eighth of 8 hours'.

    premium + clamp(0.01 % - premium, +-0.05 %), as Hyperliquid's, and capped at 4 %.
    """
    clamp = max(min(EXACT.subtract(INTEREST_8H, premium), CLAMP), CLAMP.copy_negate())
    rate = EXACT.divide(EXACT.add(premium, clamp), Decimal(8))
    return max(min(rate, FUNDING_CAP), FUNDING_CAP.copy_negate())


def borrow_apr(utilization: Decimal) -> Decimal:
    """Return the yearly rate of borrowed USDC: min(4 % + P(U), 60 %).

    P rises to 4 % at 65 % utilization, and by 346.7 % a unit above it (notional 10).
    """
    if utilization <= KINK:
        premium = EXACT.divide(EXACT.multiply(Decimal("0.04"), utilization), KINK)
    else:
        over = EXACT.subtract(utilization, KINK)
        premium = EXACT.add(Decimal("0.04"), EXACT.multiply(over, _JUMP))
    return min(EXACT.add(APR_FLOOR, premium), APR_CAP)


def interest_up(borrowed: Decimal, apr: Decimal) -> Decimal:
    """Return the interest of an hour on borrowed USDC; nothing on nothing."""
    if borrowed <= 0:
        return ZERO
    return mul_up(borrowed, EXACT.divide(apr, HOURS_A_YEAR), USDC_PLACES)
