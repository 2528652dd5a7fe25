"""REST of the recorded past of pools and of the whole market (spec 9); open to everyone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dualis import errors
from dualis.api import PublicView, asked, reply
from dualis.lending import history, protocol_health
from dualis.lending.models import Pool
from dualis.lending.points import HealthPoint, MarketPoint
from dualis.timestamps import iso
from realtime import journal, readers

METRICS: dict[str, Callable[[MarketPoint], Any]] = {
    "tvl": lambda point: format(point.tvl_usd, "f"),
    "borrowed": lambda point: format(point.borrowed_usd, "f"),
    "reserves": lambda point: format(point.reserves_usd, "f"),
    "users": lambda point: point.users_24h,
    "transactions": lambda point: point.transactions_24h,
    "health": lambda point: _number(point.average_health),
    "liquidations": lambda point: _measured(point, lambda p: p.liquidations_24h),
    "fees": lambda point: _measured(point, lambda p: format(p.fees_24h_usd, "f")),
    "score": lambda point: _measured(point, lambda p: protocol_health.score_of(p).value),
}


class _HistoryQuery(serializers.Serializer[Any]):
    period = serializers.ChoiceField(list(history.PERIODS), default="30d")


class _MetricQuery(_HistoryQuery):
    metric = serializers.ChoiceField(list(METRICS), default="tvl")


class PoolHistory(PublicView):
    """GET pools/<id>/history?period: what was recorded, oldest first, at most 500 points."""

    def get(self, request: Request, pool_id: str) -> Response:
        query = asked(_HistoryQuery, request)
        with readers.read_only():
            at = journal.position()
            if not Pool.objects.filter(id=pool_id).exists():
                raise errors.PoolNotFound(poolId=pool_id)
            points = history.pool_history(pool_id, query["period"], timezone.now())
        return reply([point.to_dict() for point in points], seq=at.seq, epoch=at.epoch)


class MarketHistory(PublicView):
    """GET analytics/history?metric&period: one recorded figure of the market over time."""

    def get(self, request: Request) -> Response:
        query = asked(_MetricQuery, request)
        value = METRICS[query["metric"]]
        with readers.read_only():
            at = journal.position()
            points = history.market_history(query["period"], timezone.now())
        rows = [{"timestamp": iso(point.at), "value": value(point)} for point in points]
        return reply(rows, seq=at.seq, epoch=at.epoch)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _measured(point: MarketPoint, value: Callable[[HealthPoint], Any]) -> Any:
    """Return a figure of the point's health; None where none was recorded."""
    health = getattr(point, "health", None)
    return None if health is None else value(health)
