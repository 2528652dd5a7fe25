"""The leverage that an account chooses in a market."""

from datetime import datetime

from django.db import transaction

from dualis import errors
from dualis.trading import state, summary
from dualis.trading.desk import lock_books, open_desk
from dualis.trading.markets import MARKETS
from dualis.trading.models import LeverageSetting


@transaction.atomic
def choose(address: str, coin: str, leverage: int, *, now: datetime) -> LeverageSetting:
    """Set an account's leverage in a market; positions and open orders must still be carried.

    ValidationError for an unknown market; LeverageRefused above the market's most or for too little
    margin; AccountNotFound.
    """
    market = MARKETS.get(coin)
    if market is None:
        raise errors.ValidationError({"coin": [f"there is no market {coin}."]})
    if not 1 <= leverage <= market.max_leverage:
        raise errors.LeverageRefused(
            coin=coin, reason=f"takes 1 to {market.max_leverage}", code="MAX_LEVERAGE_EXCEEDED"
        )
    lock_books([coin])
    desk = open_desk([address], now)
    desk.post(state.LEVERAGE, address, {"coin": coin, "leverage": leverage})
    orders = desk.accounts[address].open_orders()
    found = summary.margin_of(desk.ledger.account(address), desk.marks.prices, orders)
    if found.initial > found.total_margin:
        raise errors.LeverageRefused(
            coin=coin, reason="needs more margin than there is", code="INSUFFICIENT_MARGIN"
        )
    row, _ = LeverageSetting.objects.get_or_create(
        account_id=address, coin=coin, defaults={"leverage": leverage}
    )
    if row.leverage != leverage:
        row.leverage = leverage
        row.save()
    desk.save()
    return row
