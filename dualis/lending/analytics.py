"""Figures of the whole market, for people to read: totals, activity, the health of loans.

Totals are exact. Health is not booked anywhere and is made with floats: it reads every loan.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from dualis.accounts.money import Movement
from dualis.exact import EXACT, ZERO, mul_down
from dualis.lending import health_score
from dualis.lending.models import BorrowPosition, Pool
from dualis.lending.risk import ONE, USD_PLACES

DAY = timedelta(hours=24)
# what users do in this market; deposits, the faucet and the market's own bookings are not
KINDS = ("supply", "withdraw", "borrow", "repay", "add_collateral", "remove_collateral", "close")
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Totals:
    """USD, rounded down to cents."""

    supplied: Decimal
    borrowed: Decimal
    reserves: Decimal


@dataclass(frozen=True, slots=True)
class Activity:
    """Of 24 hours."""

    users: int
    transactions: int


@dataclass(frozen=True, slots=True)
class Loans:
    """Health factors of all loans: the mean, 4 places, None without loans; how many in a bucket."""

    average: Decimal | None
    buckets: tuple[int, ...]


def totals(pools: Iterable[Pool]) -> Totals:
    """Add up what pools hold at their published prices."""
    supplied = borrowed = reserves = ZERO
    for pool in pools:
        books, price = pool.books, pool.price
        supplied = EXACT.fma(books.supplied, price, supplied)
        borrowed = EXACT.fma(books.borrowed, price, borrowed)
        reserves = EXACT.fma(books.reserves, price, reserves)
    return Totals(*(mul_down(value, ONE, USD_PLACES) for value in (supplied, borrowed, reserves)))


def activity(now: datetime) -> Activity:
    """Count the operations of the last 24 h and who made them."""
    rows = Movement.objects.filter(at__gt=now - DAY, at__lte=now, kind__in=KINDS).order_by()
    return Activity(rows.values("user_id").distinct().count(), rows.count())


def loans(pools: Sequence[Pool]) -> Loans:
    """Return how healthy all loans are at the pools' prices."""
    weights = {
        pool.asset_id: float(EXACT.multiply(pool.price, pool.terms.weight)) for pool in pools
    }
    owed = {
        (pool.id, tier): float(EXACT.multiply(pool.price, debt.index))
        for pool in pools
        for tier, debt in pool.books.debts.items()
    }
    rows = BorrowPosition.objects.filter(closed_at=None).order_by()
    columns = rows.values_list("pool_id", "credit_tier", "scaled", "collateral")
    buckets = [0] * len(health_score.BUCKETS)
    total = 0.0
    for pool_id, tier, scaled, collateral in columns.iterator(chunk_size=_CHUNK):
        debt = float(scaled) * owed[pool_id, tier]
        if debt:
            held = sum(float(amount) * weights[asset] for asset, amount in collateral.items())
            health = held / debt
            buckets[health_score.bucket(health)] += 1
            total += health
    count = sum(buckets)
    return Loans(Decimal(f"{total / count:.4f}") if count else None, tuple(buckets))
