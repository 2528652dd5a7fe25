"""Simulated makers renew their quotes at every tick, and trade with orders that these reach.

Quotes are no orders: they stand in the market's row of the book and are marked by their maker's
account, which is simulated. What they trade is booked as anybody's.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis.trading import books, ladder, matching
from dualis.trading.desk import lock_books, open_desk
from dualis.trading.markets import MARKETS, Market
from dualis.trading.marks import Marks
from dualis.trading.models import BookState, MarginOrder
from dualis.trading.orderbook import Order, Side, Tif
from dualis.trading.state import FEES, VENUE

# marked by `is_simulated` of the account; the first digits spell "sim"
MAKERS = (
    "0x51300000000000000000000000000000000000a1",
    "0x51300000000000000000000000000000000000b2",
)


def run(now: datetime) -> int:
    """Renew the quotes of every market, a transaction each; return how many trades came of it."""
    marks = Marks.read(now)
    return sum(renew(coin, marks, now) for coin in MARKETS)


@transaction.atomic
def renew(coin: str, marks: Marks, now: datetime) -> int:
    """Put new quotes around the mark; a market without a live price has none.

    Returns the number of trades with resting orders that the new quotes reached. Locks as `desk`.
    """
    market = MARKETS[coin]
    row = lock_books([coin])[coin]
    row.quotes, row.quoted_at = [], now
    if marks.is_live(market.feed):
        row.quotes = [
            [MAKERS[place % 2], quote.side.value, format(quote.price, "f"), format(quote.size, "f")]
            for place, quote in enumerate(ladder.quotes(market, marks.prices[market.feed]))
        ]
    trades = _meet(row, market, marks, now)
    row.save()
    return trades


def _meet(row: BookState, market: Market, marks: Marks, now: datetime) -> int:
    """Trade the quotes that cross resting orders, at the orders' prices."""
    reached: dict[Side, books.Reached] = {}
    for side in Side:
        own = [q for q in row.quotes if q[1] == side]
        if own:
            found = books.reach(row, market, side, Decimal(own[0][2]))
            if found.orders:
                reached[side] = found
    if not reached:
        return 0
    owners = {o.account_id for found in reached.values() for o in found.orders.values()}
    desk = open_desk({*owners, *MAKERS, VENUE, FEES}, now, marks)
    changed: dict[str, MarginOrder] = {}
    count = 0
    for side, found in reached.items():
        desk.take_orders(found.orders.values())
        resting = found.resting(side)
        for quote in row.quotes:
            maker, quoted, price, size = quote
            if quoted != side:
                continue
            order = Order("quote", maker, side, Decimal(price), Decimal(size), Tif.IOC)
            matched = matching.match(desk, found, order, resting)
            changed |= {one.id: one for one in matching.settle(desk, found, matched)}
            for trade in matched.outcome.trades:
                quote[3] = format(Decimal(quote[3]) - trade.size, "f")
                count += 1
            if not matched.outcome.trades and not matched.ended:
                break
        found.clear_quotes(side)
    desk.save(*changed.values())
    return count
