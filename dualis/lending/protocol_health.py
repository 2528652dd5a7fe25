"""What the protocol's health score is made of, read from what was booked and recorded.

Read by the history step every few minutes, not on request: it looks at every liquidation of 30 days
and at every booking since its last point.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import QuerySet

from dualis.accounts.money import Entry
from dualis.exact import EXACT, ZERO, mul_down
from dualis.lending import analytics, backstop, bookings, health_score
from dualis.lending.analytics import DAY
from dualis.lending.liquidation_models import BY_BID, CANCELLED, SETTLED, Liquidation
from dualis.lending.models import Pool
from dualis.lending.points import FEE_PLACES, HealthPoint, MarketPoint
from dualis.lending.risk import ONE, USD_PLACES
from dualis.lending.view import View

LIQUIDATIONS_COUNT = timedelta(days=30)
_LATE = timedelta(minutes=1)
_CHUNK = 2_000


def measure(
    market: MarketPoint, pools: Sequence[Pool], loans: analytics.Loans, now: datetime
) -> HealthPoint:
    """Return the figures of now, not saved, for a point of the market that is."""
    borrowed, lost = market.borrowed_usd, _bad_debt_usd(pools, now)
    fees = _fees_usd(pools, now)
    return HealthPoint(
        market=market,
        bad_debt_ratio=health_score.ratio(lost, borrowed),
        reserve_coverage=health_score.ratio(market.reserves_usd, borrowed),
        liquidation_efficiency=_liquidation_efficiency(now),
        concentration=_concentration(pools),
        live_feeds=_live_feeds(pools, now),
        oracle_uptime=_oracle_uptime(now),
        buckets=list(loans.buckets),
        liquidations_24h=Liquidation.objects.filter(opened_at__gt=now - DAY).count(),
        fees_usd=fees,
        fees_24h_usd=mul_down(EXACT.add(fees, _fees_before(now)), ONE, USD_PLACES),
    )


def score_of(point: HealthPoint) -> health_score.Score:
    """Return the score of a recorded point."""
    return health_score.score(
        {
            "badDebtRatio": point.bad_debt_ratio,
            "reserveCoverage": point.reserve_coverage,
            "averageHealthFactor": point.market.average_health,
            "liquidationEfficiency": point.liquidation_efficiency,
            "oracleUptime": point.oracle_uptime,
            "concentration": point.concentration,
        }
    )


def _bad_debt_usd(pools: Sequence[Pool], now: datetime) -> Decimal:
    """Return what was written off in 30 days, at the pools' prices of now."""
    prices = {pool.id: pool.price for pool in pools}
    lost = ZERO
    rows = _settled(now).exclude(bad_debt=ZERO).values_list("pool_id", "bad_debt")
    for pool_id, amount in rows:
        lost = EXACT.fma(amount, prices[pool_id], lost)
    return lost


def _liquidation_efficiency(now: datetime) -> Decimal | None:
    """Return the share that bidders settled without bad debt; what recovered needed no one."""
    sold = _settled(now).exclude(outcome=CANCELLED)
    clean = sold.filter(outcome=BY_BID, bad_debt=ZERO).count()
    return health_score.ratio(Decimal(clean), Decimal(sold.count()))


def _settled(now: datetime) -> QuerySet[Liquidation]:
    return Liquidation.objects.filter(status=SETTLED, settled_at__gt=now - LIQUIDATIONS_COUNT)


def _concentration(pools: Sequence[Pool]) -> Decimal | None:
    """Return the largest pool's share of what is supplied."""
    supplied = [EXACT.multiply(pool.books.supplied, pool.price) for pool in pools]
    return health_score.ratio(max(supplied, default=ZERO), sum(supplied, ZERO))


def _live_feeds(pools: Sequence[Pool], now: datetime) -> Decimal | None:
    """Return the share of the pools' assets that are not frozen."""
    view = View.read(now)
    live = [pool for pool in pools if not view.is_frozen(pool.asset_id)]
    return health_score.ratio(Decimal(len(live)), Decimal(len(pools)))


def _oracle_uptime(now: datetime) -> Decimal | None:
    """Return the share of live prices over the last 24 h, or since the first recorded moment."""
    recorded = HealthPoint.objects.filter(live_feeds__isnull=False, market__at__lt=now)
    moments = recorded.order_by("market__at").values_list("market__at", "live_feeds")
    first = moments.first()
    if first is None:
        return None
    since = max(first[0], now - DAY)
    lately = moments.filter(market__at__gt=since - health_score.SPEAKS)
    return health_score.uptime(list(lately), since, now)


def _fees_usd(pools: Sequence[Pool], now: datetime) -> Decimal:
    """Return what the protocol took since the last point: of interest, and of liquidations.

    At the prices of now; what it spent on bad debt is not taken off. A minute late: what was begun
    before then has been committed, so nothing is counted twice or never.
    """
    prices = {pool.asset_id: pool.price for pool in pools}
    accounts = [backstop.FEES, *(f"{bookings.RESERVES}:{pool.id}" for pool in pools)]
    last = HealthPoint.objects.order_by("-market__at").values_list("market__at", flat=True).first()
    since = now - DAY if last is None else max(last, now - DAY)
    booked = Entry.objects.filter(
        movement__at__gt=since - _LATE, movement__at__lte=now - _LATE, account__in=accounts
    )
    taken = ZERO
    for asset, amount in booked.order_by().values_list("asset", "amount").iterator(_CHUNK):
        if amount > 0:
            taken = EXACT.fma(amount, prices[asset], taken)
    return mul_down(taken, ONE, FEE_PLACES)


def _fees_before(now: datetime) -> Decimal:
    """Return what the other points of 24 h have counted."""
    points = HealthPoint.objects.filter(market__at__gt=now - DAY, market__at__lt=now)
    return sum(points.values_list("fees_usd", flat=True), ZERO)
