"""REST of the market as it is (spec 9): totals, pools side by side, the protocol's health; public.

Totals are of now; what takes reading every row is as of `recordedAt`, null before the first record.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from dualis.api import PublicView, reply
from dualis.exact import EXACT, ZERO
from dualis.lending import analytics, figures, health_score, history, protocol_health
from dualis.lending.liquidation_models import OPEN, Liquidation
from dualis.lending.models import Market, Pool
from dualis.lending.points import MarketPoint
from dualis.timestamps import iso
from realtime import journal, readers


class Overview(PublicView):
    """GET analytics/overview."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            totals = analytics.totals(Pool.objects.all())
            point = _newest()
        health = getattr(point, "health", None)
        data = {
            **_totals(totals),
            "uniqueUsers24h": point.users_24h if point else None,
            "totalTransactions24h": point.transactions_24h if point else None,
            "avgHealthFactor": _number(point.average_health) if point else None,
            "totalLiquidations24h": health.liquidations_24h if health else None,
            "totalFees24h": format(health.fees_24h_usd, "f") if health else None,
            "recordedAt": iso(point.at) if point else None,
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


class Pools(PublicView):
    """GET analytics/pools: each pool's figures, its share, and what was recorded a day ago."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            pools = list(Pool.objects.all())
            before = history.points_before(timezone.now() - analytics.DAY)
        rows = []
        for pool, row in zip(pools, _shares(pools), strict=True):
            shown, past = figures.pool_row(pool), before.get(pool.id)
            rows.append(
                {
                    **row,
                    "totalBorrowUSD": figures.usd_text(pool.books.borrowed, pool.price),
                    "reservesUSD": figures.usd_text(pool.books.reserves, pool.price),
                    **{name: shown[name] for name in ("utilization", "supplyAPY", "borrowAPY")},
                    "dayAgo": past.to_dict() if past else None,
                }
            )
        return reply(rows, seq=at.seq, epoch=at.epoch)


class Tvl(PublicView):
    """GET analytics/protocol/tvl: what is supplied, in total and by pool."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            pools = list(Pool.objects.all())
        data = {"tvl": format(analytics.totals(pools).supplied, "f"), "pools": _shares(pools)}
        return reply(data, seq=at.seq, epoch=at.epoch)


class Stats(PublicView):
    """GET analytics/protocol/stats: totals and counts; `loans` as recorded."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            pools = list(Pool.objects.all())
            market = Market.objects.get(id=1)
            auctions = Liquidation.objects.filter(status=OPEN).count()
            health = getattr(_newest(), "health", None)
        totals = analytics.totals(pools)
        data = {
            **_totals(totals),
            "utilization": _number(health_score.ratio(totals.borrowed, totals.supplied)),
            "pools": len(pools),
            "loans": sum(health.buckets) if health else None,
            "openLiquidations": auctions,
            "block": market.block,
            "protocolPaused": market.is_paused,
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


class ProtocolHealth(PublicView):
    """GET analytics/protocol-health: the score, what it is made of, loans by health factor.

    A figure that was not measured is null and outside the score; `measuredWeight` is of 100.
    """

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            point = _newest()
        health = getattr(point, "health", None)
        if point is None or health is None:
            score = health_score.score(dict.fromkeys(health_score.FIGURES))
        else:
            score = protocol_health.score_of(health)
        counts = health.buckets if health else [None] * len(health_score.BUCKETS)
        data = {
            "score": score.value,
            "rating": score.rating,
            "measuredWeight": score.weight,
            "inputs": {
                name: {
                    "value": _number(part.value),
                    "points": _number(part.points),
                    "weight": part.weight,
                }
                for name, part in score.parts.items()
            },
            "healthFactorBuckets": [
                {"range": name, "count": count}
                for name, count in zip(health_score.BUCKETS, counts, strict=True)
            ],
            "recordedAt": iso(point.at) if health and point else None,
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


def _newest() -> MarketPoint | None:
    return MarketPoint.objects.select_related("health").order_by("-at", "-id").first()


def _totals(totals: analytics.Totals) -> dict[str, str]:
    return {
        "tvl": format(totals.supplied, "f"),
        "totalBorrowed": format(totals.borrowed, "f"),
        "protocolReserves": format(totals.reserves, "f"),
    }


def _shares(pools: Sequence[Pool]) -> list[dict[str, Any]]:
    """Return what each pool has of everything that is supplied; a share of nothing is null."""
    supplied = [EXACT.multiply(pool.books.supplied, pool.price) for pool in pools]
    whole = sum(supplied, ZERO)
    return [
        {
            "poolId": pool.id,
            "asset": pool.asset_id,
            "tvlUSD": figures.usd_text(value),
            "share": _number(health_score.ratio(value, whole)),
        }
        for pool, value in zip(pools, supplied, strict=True)
    ]


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
