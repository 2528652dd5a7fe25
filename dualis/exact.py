"""Exact decimal arithmetic: every rounding names its direction.

Knows scales and contexts. Knows nothing of assets, rows or the wire.
"""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Context, Decimal, InvalidOperation

# 80 digits hold the product of two numeric(38,18) without rounding.
EXACT = Context(prec=80)
ZERO = Decimal(0)
TOO_BIG = Decimal(10) ** 20  # numeric(38,18) keeps 20 digits before the point


def mul_down(a: Decimal, b: Decimal, places: int) -> Decimal:
    """Return a x b rounded towards zero to `places` decimals."""
    return _quantize(EXACT.multiply(a, b), places, ROUND_DOWN)


def mul_up(a: Decimal, b: Decimal, places: int) -> Decimal:
    """Return a x b rounded away from zero to `places` decimals."""
    return _quantize(EXACT.multiply(a, b), places, ROUND_UP)


def div_down(a: Decimal, b: Decimal, places: int) -> Decimal:
    """Return a / b rounded towards zero to `places` decimals; b is not zero."""
    return _quantize(EXACT.divide(a, b), places, ROUND_DOWN)


def div_up(a: Decimal, b: Decimal, places: int) -> Decimal:
    """Return a / b rounded away from zero to `places` decimals; b is not zero."""
    return _quantize(EXACT.divide(a, b), places, ROUND_UP)


def round_even(value: Decimal, places: int) -> Decimal:
    """Return value rounded half to even: for figures nobody gains by, such as a mean price."""
    return _quantize(value, places, ROUND_HALF_EVEN)


def written(text: str) -> Decimal:
    """Return the number a text says; InvalidOperation for what only Python reads as one."""
    if "_" in text or not text.isascii():  # Decimal takes 1_000, and digits of any script
        raise InvalidOperation
    return Decimal(text)


def plain(value: Decimal, places: int) -> str:
    """Return value as text with exactly `places` decimals, half to even, without an exponent."""
    return format(round_even(value, places), "f")


def plain_trimmed(value: Decimal) -> str:
    """Return value as text without trailing zeros and without an exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _quantize(value: Decimal, places: int, rounding: str) -> Decimal:
    result = value.quantize(Decimal(1).scaleb(-places), rounding=rounding, context=EXACT)
    return result if result else abs(result)  # no negative zero
