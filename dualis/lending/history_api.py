"""REST of the recorded past and of the whole market (spec 9); open to everyone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dualis import errors
from dualis.api import PublicView, reply
from dualis.lending import analytics, history
from dualis.lending.models import Pool
from dualis.lending.points import MarketPoint
from dualis.timestamps import iso
from realtime import journal, readers

METRICS: dict[str, Callable[[MarketPoint], Any]] = {
    "tvl": lambda point: format(point.tvl_usd, "f"),
    "borrowed": lambda point: format(point.borrowed_usd, "f"),
    "reserves": lambda point: format(point.reserves_usd, "f"),
    "users": lambda point: point.users_24h,
    "transactions": lambda point: point.transactions_24h,
    "health": lambda point: _number(point.average_health),
}


class _HistoryQuery(serializers.Serializer[Any]):
    period = serializers.ChoiceField(list(history.PERIODS), default="30d")


class _MetricQuery(_HistoryQuery):
    metric = serializers.ChoiceField(list(METRICS), default="tvl")


class PoolHistory(PublicView):
    """GET pools/<id>/history?period: what was recorded, oldest first, at most 500 points."""

    def get(self, request: Request, pool_id: str) -> Response:
        query = _HistoryQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        with readers.read_only():
            at = journal.position()
            if not Pool.objects.filter(id=pool_id).exists():
                raise errors.PoolNotFound(poolId=pool_id)
            points = history.pool_history(pool_id, query.validated_data["period"], timezone.now())
        return reply([point.to_dict() for point in points], seq=at.seq, epoch=at.epoch)


class MarketHistory(PublicView):
    """GET analytics/history?metric&period: one recorded figure of the market over time."""

    def get(self, request: Request) -> Response:
        query = _MetricQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        value = METRICS[query.validated_data["metric"]]
        with readers.read_only():
            at = journal.position()
            points = history.market_history(query.validated_data["period"], timezone.now())
        rows = [{"timestamp": iso(point.at), "value": value(point)} for point in points]
        return reply(rows, seq=at.seq, epoch=at.epoch)


class Overview(PublicView):
    """GET analytics/overview: totals of now; what takes reading every row as of `recordedAt`."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            totals = analytics.totals(Pool.objects.all())
            point = MarketPoint.objects.order_by("-at", "-id").first()
        data = {
            "tvl": format(totals.supplied, "f"),
            "totalBorrowed": format(totals.borrowed, "f"),
            "protocolReserves": format(totals.reserves, "f"),
            "uniqueUsers24h": point.users_24h if point else None,
            "totalTransactions24h": point.transactions_24h if point else None,
            "avgHealthFactor": _number(point.average_health) if point else None,
            "recordedAt": iso(point.at) if point else None,
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
