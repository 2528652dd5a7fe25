"""REST of the oracle, below /v1/oracle/: prices, averages, health, and what staff may do."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis import errors
from dualis.api import PublicView, asked, reply, valid
from dualis.oracle import health, history, market, staff
from dualis.oracle.aggregate import PRICE_PLACES
from dualis.oracle.models import PRICE_DIGITS, OracleAlert, Quote
from dualis.oracle.valuation import price_text, price_text_or_none
from dualis.paging import MOST, PageQuery, paged
from dualis.permissions import IsStaff
from dualis.timestamps import iso
from realtime import journal, readers

_PERCENT_PLACES = 2


class Prices(PublicView):
    """GET prices?assets=ETH,BTC: the newest price of each asset."""

    def get(self, request: Request) -> Response:
        named = request.query_params.get("assets", "")
        assets = [symbol for symbol in named.split(",") if symbol]
        with readers.read_only():
            at = journal.position()
            rows = [rest_row(quote) for quote in market.current_quotes(assets)]
        return reply(rows, seq=at.seq, epoch=at.epoch)


class Price(PublicView):
    """GET prices/<asset>?history=true&period=24h: the newest price, with 101 earlier ones."""

    def get(self, request: Request, asset: str) -> Response:
        is_with_history = request.query_params.get("history") == "true"
        period = request.query_params.get("period", "24h")
        with readers.read_only():
            at = journal.position()
            current = rest_row(_quote(asset))
            points = history.price_history(asset, period) if is_with_history else []
        if not is_with_history:
            return reply(current, seq=at.seq, epoch=at.epoch)
        past = [
            {"timestamp": iso(point.at), "price": price_text_or_none(point.price)}
            for point in points
        ]
        return reply({"current": current, "history": past}, seq=at.seq, epoch=at.epoch)


class Twap(PublicView):
    """GET twap/<asset>: the time-weighted averages and what they rest on."""

    def get(self, request: Request, asset: str) -> Response:
        with readers.read_only():
            at = journal.position()
            quote = _quote(asset)
            samples = health.samples_of_last_hour(quote)
        row = {
            "asset": asset,
            "price5m": price_text_or_none(quote.twap_5m),
            "price15m": price_text_or_none(quote.twap_15m),
            "price1h": price_text_or_none(quote.twap_1h),
            "sampleCount": samples.count,
            "lastSampleTs": iso(samples.last_at or quote.source_at),
        }
        return reply(row, seq=at.seq, epoch=at.epoch)


class Sources(PublicView):
    """GET sources: who answers for which assets."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            quotes = market.current_quotes()
        return reply(health.sources(quotes), seq=at.seq, epoch=at.epoch)


class Status(PublicView):
    """GET status: whether the oracle runs, and each asset's breaker and staleness."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            quotes = market.current_quotes()
        row = health.status(quotes, settings.PRICE_SOURCE, now=timezone.now())
        return reply(row, seq=at.seq, epoch=at.epoch)


class _AlertsQuery(PageQuery):
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=MOST)  # spec 3: 100


class Alerts(PublicView):
    """GET alerts?page&limit: the newest first."""

    def get(self, request: Request) -> Response:
        query = asked(_AlertsQuery, request)
        with readers.read_only():
            at = journal.position()
            page, pagination = paged(OracleAlert.objects.all(), query)
        rows = [_alert(alert) for alert in page]
        return reply(rows, pagination=pagination, seq=at.seq, epoch=at.epoch)


class ManualPriceBody(serializers.Serializer[Any]):
    price = serializers.DecimalField(max_digits=PRICE_DIGITS, decimal_places=PRICE_PLACES)


class SetManualPrice(APIView):
    """POST manual/<asset> {price}: staff enter a net asset value."""

    permission_classes = (IsStaff,)

    def post(self, request: Request, asset: str) -> Response:
        price = valid(ManualPriceBody, request)["price"]
        entry = staff.set_manual_price(asset, price, actor=str(request.user.pk), now=timezone.now())
        row = {
            "asset": asset,
            "price": price_text(entry.price),
            "enteredAt": iso(entry.entered_at),
            "validUntil": iso(entry.valid_until),
        }
        return reply(row, status=201)


class ResetBreaker(APIView):
    """POST circuit-breaker/<asset>/reset: staff accept the level; the next tick publishes it."""

    permission_classes = (IsStaff,)

    def post(self, request: Request, asset: str) -> Response:
        quote = staff.reset_breaker(asset, actor=str(request.user.pk), now=timezone.now())
        row = {
            "asset": asset,
            "price": price_text(quote.price),
            "candidate": price_text_or_none(quote.candidate),
        }
        return reply(row, status=202)


def rest_row(quote: Quote) -> dict[str, Any]:
    """Return the quote's row on the wire with the keys that REST adds."""
    row = quote.to_dict()
    change = row["change24h"]
    return {
        **row,
        "quoteCurrency": "USD",
        "sources": quote.sources,
        "spread": None if quote.spread is None else float(quote.spread),
        "change24hPercent": None if change is None else round(change * 100, _PERCENT_PLACES),
        "timestamp": iso(quote.source_at),
    }


def _quote(asset: str) -> Quote:
    quotes = market.current_quotes([asset])
    if not quotes:
        raise errors.NotFound(what="price of", id=asset)
    return quotes[0]


def _alert(alert: OracleAlert) -> dict[str, Any]:
    metadata = {key: value for key, value in alert.metadata.items() if key != "actor"}
    return {
        "id": alert.id,
        "type": alert.type,
        "asset": alert.asset_id,
        "message": alert.message,
        "severity": alert.severity,
        "metadata": metadata,
        "timestamp": iso(alert.at),
    }
