"""What a client may write as an amount: a decimal text with the asset's decimals, or "max"."""

from decimal import Decimal, InvalidOperation

from dualis import errors
from dualis.exact import EXACT, TOO_BIG, written

MAX = "max"


def parse(text: str, places: int, *, field: str = "amount") -> Decimal | None:
    """Return the amount, None for "max"; ValidationError for anything else."""
    if text == MAX:
        return None
    try:
        amount = written(text)
    except InvalidOperation:
        raise errors.ValidationError({field: ['must be a decimal number or "max".']}) from None
    if not amount.is_finite() or not 0 < amount < TOO_BIG:
        raise errors.ValidationError({field: ["must be above 0 and below 10^20."]})
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        rounded = EXACT.quantize(amount, Decimal(1).scaleb(-places))
        if rounded != amount:
            raise errors.ValidationError({field: [f"has at most {places} decimals."]})
        amount = rounded
    return amount
