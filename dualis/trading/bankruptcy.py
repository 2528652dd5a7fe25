"""The price at which a position is taken over: its owner is left with nothing. Pure."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from dualis.exact import EXACT
from dualis.trading.margin import Held
from dualis.trading.positions import PRICE_PLACES, notional

_UNIT = Decimal(1).scaleb(-PRICE_PLACES)


def takeover_price(held: Held, value: Decimal, whole: Decimal) -> Decimal:
    """Return the price at which closing a position uses up its part of an account's value.

    `value` is the account's value at the marks, `whole` the notional of all its positions: each
    bears its share by notional. With value left the price is the mark moved in the taker's favour
    by that share, without it is moved against him. Rounded in the taker's favour; at least 0.
    """
    share = EXACT.divide(EXACT.multiply(value, notional(held.position, held.mark)), whole)
    move = EXACT.divide(share, held.position.size)
    price = EXACT.subtract(held.mark, move)
    rounding = ROUND_FLOOR if held.position.size > 0 else ROUND_CEILING
    return max(price.quantize(_UNIT, rounding=rounding, context=EXACT), _UNIT)
