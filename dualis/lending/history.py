"""The recorded past of pools and market: recording, thinning out, reading. Nothing is made up.

Every 5 minutes a point; after 90 days the last one of each UTC day is kept, for ever (rulings, 35).
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import TruncDate

from dualis import errors
from dualis.exact import round_even
from dualis.lending import analytics, figures, protocol_health, rates
from dualis.lending.models import Pool
from dualis.lending.points import MarketPoint, PoolPoint

FINE_KEPT = timedelta(days=90)
MOST_POINTS = 500
PERIODS: dict[str, timedelta | None] = {
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
    "1y": timedelta(days=365),
    "all": None,
}


@transaction.atomic
def record(now: datetime) -> None:
    """Record what every pool shows and what the market adds up to."""
    pools = list(Pool.objects.select_related("asset"))
    PoolPoint.objects.bulk_create([_point(pool, now) for pool in pools])
    totals = analytics.totals(pools)
    activity = analytics.activity(now)
    loans = analytics.loans(pools)
    market = MarketPoint.objects.create(
        at=now,
        tvl_usd=totals.supplied,
        borrowed_usd=totals.borrowed,
        reserves_usd=totals.reserves,
        average_health=loans.average,
        users_24h=activity.users,
        transactions_24h=activity.transactions,
    )
    protocol_health.measure(market, pools, loans, now).save(force_insert=True)


@transaction.atomic
def prune(now: datetime) -> None:
    """Keep of each whole day older than 90 days the last point alone."""
    limit = (now - FINE_KEPT).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    _keep_last_of_days(PoolPoint.objects.filter(at__lt=limit), "pool")
    _keep_last_of_days(MarketPoint.objects.filter(at__lt=limit))


def pool_history(pool_id: str, period: str, now: datetime) -> list[PoolPoint]:
    """Return the recorded points of a period, oldest first, at most 500 spread over its time.

    ValidationError for the period; an unknown pool has no points.
    """
    return _spread(PoolPoint.objects.filter(pool_id=pool_id), period, now)


def points_before(at: datetime) -> dict[str, PoolPoint]:
    """Return each pool's newest point of the hour up to a moment; a pool without one is missing."""
    found = PoolPoint.objects.filter(at__gt=at - timedelta(hours=1), at__lte=at)
    return {point.pool_id: point for point in found.order_by("at", "id")}


def market_history(period: str, now: datetime) -> list[MarketPoint]:
    """Return the recorded points of the whole market, as `pool_history` does of a pool."""
    return _spread(MarketPoint.objects.select_related("health"), period, now)


def thinned(rows: Sequence[tuple[int, datetime]], most: int) -> list[int]:
    """Return at most `most` ids of rows in order of time: the last of each equal stretch."""
    if len(rows) <= most:
        return [row_id for row_id, _ in rows]
    first = rows[0][1]
    stretch = (rows[-1][1] - first) / most
    if not stretch:
        return [row_id for row_id, _ in rows[-most:]]
    last_of = {min((at - first) // stretch, most - 1): row_id for row_id, at in rows}
    return list(last_of.values())


def _spread(points: QuerySet[Any], period: str, now: datetime) -> list[Any]:
    if period not in PERIODS:
        raise errors.ValidationError({"period": [f"must be one of {', '.join(PERIODS)}."]})
    rows = points.filter(at__lte=now).order_by("at", "id")
    span = PERIODS[period]
    if span is not None:
        rows = rows.filter(at__gte=now - span)
    return list(rows.filter(id__in=thinned(list(rows.values_list("id", "at")), MOST_POINTS)))


def _point(pool: Pool, now: datetime) -> PoolPoint:
    books, found = pool.books, figures.pool_rates(pool)
    return PoolPoint(
        pool=pool,
        at=now,
        total_supply=books.supplied,
        total_borrow=books.borrowed,
        supply_apy=rates.apy_down(found.supply_apr, figures.SHOWN_PLACES),
        borrow_apy=rates.apy_up(found.borrow_apr, figures.SHOWN_PLACES),
        utilization=round_even(found.utilization, figures.SHOWN_PLACES),
        price_usd=pool.price,
    )


def _keep_last_of_days(old: QuerySet[Any], *group: str) -> None:
    days = old.order_by().annotate(day=TruncDate("at", tzinfo=UTC)).values(*group, "day")
    old.exclude(id__in=days.annotate(last=Max("id")).values("last")).delete()
