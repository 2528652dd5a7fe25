"""What an account says of itself at given marks: the wire's accountSummary and its parts. Pure.

The shape is that of the seed's generation (notional 4.2, G1): account figures are JSON numbers,
figures of a position decimal strings. Shown values are rounded half to even.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, ZERO, mul_down, mul_up, plain, plain_trimmed, round_even
from dualis.oracle.valuation import moved_in_favour
from dualis.trading import margin
from dualis.trading.markets import COLLATERAL, MARKETS, USDC
from dualis.trading.positions import notional, unrealized_pnl
from dualis.trading.state import Account

USD_PLACES = 2
ROE_PLACES = 4
_ONE = Decimal(1)

Marks = Mapping[str, Decimal]  # oracle asset -> price; USDC is 1
_NONE: frozenset[str] = frozenset()


def feeds_of(account: Account, orders: Sequence[margin.OpenOrder] = ()) -> frozenset[str]:
    """Return the feeds that an account's margin leans on: of collateral, positions and orders."""
    coins = {*account.positions, *(order.coin for order in orders if order.size)}
    return frozenset(
        {COLLATERAL[asset].feed for asset in account.assets} | {MARKETS[c].feed for c in coins}
    )


def is_lent_on(account: Account, found: margin.Margin) -> bool:
    """Tell whether what the account has is needed for a debt, a position or an open order."""
    return bool(found.initial or account.positions) or account.usdc < account.held(USDC)


def balances_of(
    account: Account, marks: Marks, frozen: frozenset[str] = _NONE
) -> list[margin.Balance]:
    """Return what the account holds as margin sees it; what has no price counts for nothing.

    What a pending withdrawal holds back is on its way out and is no margin. Of feeds in `frozen`
    the price counts moved in the owner's favour.
    """
    free = EXACT.subtract(account.usdc, account.held(USDC))
    usdc = margin.Balance(USDC, free, _ONE, COLLATERAL[USDC].ltv)
    return [
        usdc,
        *(
            margin.Balance(
                asset,
                EXACT.subtract(amount, account.held(asset)),
                _price_of(COLLATERAL[asset].feed, marks, frozen, is_higher_better=True),
                COLLATERAL[asset].ltv,
            )
            for asset, amount in account.assets.items()
        ),
    ]


def held_of(account: Account, marks: Marks, frozen: frozenset[str] = _NONE) -> list[margin.Held]:
    """Return the account's markets as margin sees them, those without a position included."""
    found = []
    for coin, market in MARKETS.items():
        if market.feed in marks:
            position = account.positions.get(coin, margin.Position())
            found.append(
                margin.Held(
                    coin,
                    position,
                    _price_of(market.feed, marks, frozen, is_higher_better=position.size > 0),
                    Decimal(account.leverage.get(coin, market.max_leverage)),
                    Decimal(market.max_leverage),
                )
            )
    return found


def margin_of(
    account: Account, marks: Marks, orders: list[margin.OpenOrder] | None = None
) -> margin.Margin:
    """Return the margin of an account at these marks."""
    return margin.margin_of(balances_of(account, marks), held_of(account, marks), orders or ())


def margin_at_risk(account: Account, marks: Marks, frozen: frozenset[str]) -> margin.Margin:
    """Return the margin that a liquidation decides by: frozen prices in the owner's favour."""
    return margin.margin_of(balances_of(account, marks, frozen), held_of(account, marks, frozen))


def withdrawable_down(
    account: Account,
    found: margin.Margin,
    orders: Sequence[margin.OpenOrder] = (),
    frozen: frozenset[str] = _NONE,
) -> Decimal:
    """Return the USDC that can leave: free of margin, of holds, and never borrowed.

    Nothing while a price is frozen that is needed to know what margin needs.
    """
    if feeds_of(account, orders) & frozen and is_lent_on(account, found):
        return ZERO
    free = EXACT.subtract(account.usdc, account.held(USDC))
    return max(min(free, found.available), ZERO)


def summary(
    account: Account,
    marks: Marks,
    orders: list[margin.OpenOrder] | None = None,
    frozen: frozenset[str] = _NONE,
) -> dict[str, Any]:
    """Return the summary of an account (G1)."""
    found = margin_of(account, marks, orders)
    return {
        "accountValue": _number(found.account_value),
        "totalMarginUsed": _number(found.initial),
        "availableMargin": _number(found.available),
        "crossMaintenanceMargin": _number(found.maintenance),
        "withdrawable": _number(withdrawable_down(account, found, orders or (), frozen)),
        "assets": assets(account),
        "positions": positions(account, marks, found),
    }


def assets(account: Account) -> list[dict[str, Any]]:
    """Return total and available of each asset; USDC is always there."""
    return [
        {
            "coin": asset,
            "total": float(account.balance(asset)),
            "available": float(EXACT.subtract(account.balance(asset), account.held(asset))),
        }
        for asset in (USDC, *sorted(account.assets))
    ]


def positions(account: Account, marks: Marks, found: margin.Margin) -> dict[str, dict[str, str]]:
    """Return the open positions by coin."""
    shown: dict[str, dict[str, str]] = {}
    for held in held_of(account, marks):
        if held.position.size:
            shown[held.coin] = position(held, account, found)
    return shown


def position(held: margin.Held, account: Account, found: margin.Margin) -> dict[str, Any]:
    """Return one position; `liqPx` is null where no price endangers it."""
    pnl = unrealized_pnl(held.position, held.mark)
    collateral = COLLATERAL.get(held.coin)
    price = margin.liquidation_price(
        held,
        found,
        collateral=account.assets.get(held.coin, ZERO),
        ltv=collateral.ltv if collateral else ZERO,
    )
    roe = EXACT.divide(pnl, held.initial) if held.initial else ZERO
    return {
        "coin": held.coin,
        "szi": plain_trimmed(held.position.size),
        "entryPx": _price(held.position.entry_price),
        "positionValue": plain(notional(held.position, held.mark), USD_PLACES),
        "unrealizedPnl": plain(pnl, USD_PLACES),
        "marginUsed": plain(held.initial, USD_PLACES),
        "leverage": plain_trimmed(held.leverage),
        "liqPx": None if price is None else _price(price),
        "returnOnEquity": plain(roe, ROE_PLACES),
    }


def usd_up(value: Decimal) -> Decimal:
    """Return an amount as a requirement is shown, in cents."""
    return mul_up(value, _ONE, USD_PLACES)


def usd_down(value: Decimal) -> Decimal:
    """Return an amount as means are shown, in cents."""
    return mul_down(value, _ONE, USD_PLACES)


def _price_of(
    feed: str, marks: Marks, frozen: frozenset[str], *, is_higher_better: bool
) -> Decimal:
    price = marks.get(feed, ZERO)
    return moved_in_favour(price, is_higher_better=is_higher_better) if feed in frozen else price


def _number(value: Decimal) -> float:
    return float(round_even(value, USD_PLACES))


def _price(value: Decimal) -> str:
    """Return a price with cents, or with more decimals below 1."""
    return plain(value, USD_PLACES if abs(value) >= 1 else 6)
