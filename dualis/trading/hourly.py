"""What is settled at the top of the hour: funding of positions, interest on borrowed USDC.

One transaction a market, and one for interest: an hour is settled whole or not at all, and once.
An hour that nobody was there to settle is skipped.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis.exact import EXACT, ZERO
from dualis.trading import state
from dualis.trading.charges import UTILIZATION_CAP, borrow_apr, funding_down, funding_rate
from dualis.trading.charges import interest_up as interest
from dualis.trading.desk import lock_books, open_desk
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import BookState, ChainHead, MarginAccount
from dualis.trading.state import TREASURY, VENUE

ONE = Decimal(1)


def run(now: datetime) -> int:
    """Settle what the hour of `now` has not settled yet; return how many payments that made."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    paid = sum(settle_funding(coin, hour, now) for coin in MARKETS)
    return paid + charge_interest(hour, now)


@transaction.atomic
def settle_funding(coin: str, hour: datetime, now: datetime) -> int:
    """Pay the hour's funding between longs and shorts of a market; return how many were paid.

    A market without a live price settles nothing until it has one again.
    """
    market = MARKETS[coin]
    row = lock_books([coin])[coin]
    marks = Marks.read(now)
    if not _is_due(row.funding_at, hour) or not marks.is_live(market.feed):
        return 0
    first_time = row.funding_at is None
    row.funding_at = hour
    if first_time:  # positions are not an hour old
        row.save()
        return 0
    names = [a.name for a in MarginAccount.objects.all() if coin in a.positions and not a.is_system]
    desk = open_desk({*names, VENUE}, now, marks)
    price = marks.prices[market.feed]
    rate = funding_rate(_premium(row, price))
    paid = 0
    for name in sorted(names):
        held = desk.ledger.account(name).positions.get(coin)
        payment = funding_down(held, price, rate) if held else ZERO
        if payment:
            data = {
                "coin": coin,
                "rate": format(rate, "f"),
                "oracle": format(price, "f"),
                "payment": format(payment, "f"),
            }
            desk.post(state.FUNDING, name, data)
            paid += 1
    desk.save()
    row.save()
    return paid


@transaction.atomic
def charge_interest(hour: datetime, now: datetime) -> int:
    """Charge an hour's interest on borrowed USDC; return how many accounts paid."""
    head = ChainHead.objects.filter(id=1).first()
    if head is None or not _is_due(head.interest_at, hour):
        return 0
    names = [a.name for a in MarginAccount.objects.all() if a.usdc < 0 and not a.is_system]
    desk = open_desk({*names, TREASURY}, now)
    if not _is_due(desk.head.interest_at, hour):
        return 0  # another engine was faster
    first_time = desk.head.interest_at is None
    desk.head.interest_at = hour
    paid = 0
    if not first_time:
        apr = borrow_apr(utilization(desk.ledger, names))
        for name in sorted(names):
            charge = interest(desk.ledger.account(name).borrowed, apr)
            if charge:
                data = {"amount": format(charge, "f"), "apr": format(apr, "f")}
                desk.post(state.INTEREST, name, data)
                paid += 1
    desk.save()
    return paid


def utilization(ledger: state.State, names: list[str]) -> Decimal:
    """Return what share of the treasury's USDC is lent out; its cap where it has none."""
    funds = ledger.account(TREASURY).usdc
    lent = ZERO
    for name in names:
        lent = EXACT.add(lent, ledger.account(name).borrowed)
    return min(EXACT.divide(lent, funds), ONE) if funds > 0 else UTILIZATION_CAP


def _is_due(settled: datetime | None, hour: datetime) -> bool:
    return settled is None or settled < hour


def _premium(row: BookState, mark: Decimal) -> Decimal:
    """Return how far the middle of the makers' quotes stands from the mark; 0 without quotes."""
    prices = {side: Decimal(price) for _, side, price, _ in reversed(row.quotes)}
    if len(prices) < 2:
        return ZERO
    middle = EXACT.divide(EXACT.add(prices["B"], prices["A"]), Decimal(2))
    return EXACT.divide(EXACT.subtract(middle, mark), mark)
