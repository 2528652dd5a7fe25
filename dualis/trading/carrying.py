"""Whether an account carries what it would trade: margin after the fill, at the mark. Pure.

Rulings, 33. Knows accounts, trades and marks. Knows nothing of books, rows or time.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from dualis.exact import EXACT, ZERO
from dualis.trading import summary
from dualis.trading.charges import fee_up
from dualis.trading.margin import Stage
from dualis.trading.orderbook import Side
from dualis.trading.positions import Position, fill
from dualis.trading.state import Account

_CARRIED = (Stage.HEALTHY, Stage.WARNING)


def after_fill(
    account: Account, coin: str, side: Side, size: Decimal, price: Decimal, *, is_taker: bool
) -> Account:
    """Return what a fill and its fee would make of an account, which stays as it is."""
    done = fill(account.positions.get(coin, Position()), side, size, price)
    fee = fee_up(price, size, is_taker=is_taker)
    usdc = EXACT.add(account.usdc, EXACT.subtract(done.closed_pnl, fee))
    return replace(account, usdc=usdc, positions={**account.positions, coin: done.position})


def is_reduced(before: Account, after: Account, coin: str) -> bool:
    """Tell whether a position is no larger than before, and has not turned round."""
    old = before.positions.get(coin, Position()).size
    new = after.positions.get(coin, Position()).size
    return abs(new) <= abs(old) and new * old >= 0


def may_fill(
    before: Account,
    after: Account,
    coin: str,
    marks: Mapping[str, Decimal],
    frozen: frozenset[str],
) -> bool:
    """Tell whether an order that rests may fill, now that somebody meets it.

    Its margin was checked when it was taken, and the mark has moved since: the fill must not make
    the account one to liquidate, nor lean on frozen prices; what only reduces leaves no new debt.
    """
    found = summary.margin_of(after, marks)
    if is_reduced(before, after, coin):
        old = summary.margin_of(before, marks)
        return found.total_margin >= min(old.total_margin, ZERO)
    return found.stage in _CARRIED and not summary.feeds_of(after) & frozen
