"""REST of a user's money: balances, statement (also as CSV), the development faucet."""

from collections.abc import AsyncIterator
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis.accounts import ledger, statement_csv, wallets
from dualis.accounts.ledger import Filters
from dualis.accounts.money import (
    ASSET_LENGTH,
    KIND_LENGTH,
    REFERENCE_LENGTH,
    Entry,
)
from dualis.accounts.permissions import user_of
from dualis.api import ConditionalView, asked, idempotent, reply
from dualis.lending.accounts import interest_accrued
from dualis.paging import PageQuery, pagination
from realtime import journal, readers

CSV_CHUNK = 1_000  # lines read, and sent, at a time
_LAST_ID = 2**63 - 1


class BalancesView(ConditionalView):
    """GET balances: what the caller's wallets hold."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            rows = [wallet.to_dict() for wallet in wallets.balances(user_of(request).id)]
        return reply(rows, seq=at.seq, epoch=at.epoch)


class FaucetView(APIView):
    """POST faucet: the demo money, once in 24 h; not in production."""

    @idempotent
    def post(self, request: Request) -> Response:
        movement = wallets.faucet(user_of(request).id, timezone.now())
        given = [
            {"asset": asset, "amount": str(amount)}
            for asset, amount in wallets.FAUCET_AMOUNTS.items()
        ]
        return reply(given, status=201, transaction=movement.receipt())


class _Query(PageQuery):
    cursor = serializers.IntegerField(min_value=1, max_value=_LAST_ID, required=False)
    type = serializers.CharField(max_length=KIND_LENGTH, default="")
    asset = serializers.CharField(max_length=ASSET_LENGTH, default="")
    reference = serializers.CharField(max_length=REFERENCE_LENGTH, default="")
    to = serializers.DateTimeField(default=None)

    def get_fields(self) -> dict[str, Any]:
        """Add `from`, which cannot be an attribute's name."""
        return {**super().get_fields(), "from": serializers.DateTimeField(default=None)}


class _Csv(BaseRenderer):
    """Lets `?format=csv` and `Accept: text/csv` choose; the view itself writes the lines."""

    media_type = "text/csv"
    format = "csv"


class StatementView(ConditionalView):
    """GET statement: every entry of the caller, newest first; filters type, asset, reference, from,
    to (exclusive). By `page`, or by `cursor` (the last answer's `nextCursor`), which counts nothing
    and costs the same at any depth. As CSV: all that match, streamed; pages do not apply.

    `accrued` is interest of open positions that no entry tells of yet: with it the entries of an
    account sum to its balance, or to minus its debt.
    """

    http_method_names = ["get"]
    renderer_classes = [JSONRenderer, _Csv]

    def get(self, request: Request) -> HttpResponseBase:
        query = asked(_Query, request)
        filters = Filters(
            kind=query["type"],
            asset=query["asset"],
            reference=query["reference"],
            since=query["from"],
            until=query["to"],
        )
        user_id = user_of(request).id
        if isinstance(request.accepted_renderer, _Csv):
            return StreamingHttpResponse(
                _csv(user_id, filters),
                content_type="text/csv; charset=utf-8",
                headers={
                    "Cache-Control": "no-store",
                    "Content-Disposition": 'attachment; filename="statement.csv"',
                },
            )
        return _page(user_id, filters, query)

    def handle_exception(self, exc: Exception) -> Response:
        """Refuse in JSON, whatever was asked for."""
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return super().handle_exception(exc)


def _page(user_id: str, filters: Filters, query: dict[str, Any]) -> Response:
    limit, cursor = query["limit"], query.get("cursor")
    offset = 0 if cursor else query["offset"]
    with readers.read_only():
        at = journal.position()
        rows = ledger.statement(user_id, filters, cursor=cursor, offset=offset, limit=limit + 1)
        total = None if cursor else ledger.count(user_id, filters)
        accrued = interest_accrued(user_id)
    shown, has_more = rows[:limit], len(rows) > limit
    told: dict[str, Any] = {"limit": limit, "hasMore": has_more}
    if total is not None:
        told = pagination(total, offset=offset, limit=limit)
    told["nextCursor"] = str(shown[-1].pk) if has_more else None
    data = [row.to_dict() for row in shown]
    return reply(data, accrued=accrued, pagination=told, seq=at.seq, epoch=at.epoch)


async def _csv(user_id: str, filters: Filters) -> AsyncIterator[str]:
    """Yield the statement in chunks, each read by itself: no transaction waits for a slow client.

    Entries are never changed, and those posted meanwhile are newer than where the reading stands.
    """
    yield statement_csv.header()
    cursor: int | None = None
    while rows := await readers.run(_chunk, user_id, filters, cursor):
        yield statement_csv.lines(row.to_dict() for row in rows)
        cursor = rows[-1].pk


def _chunk(user_id: str, filters: Filters, cursor: int | None) -> list[Entry]:
    return ledger.statement(user_id, filters, cursor=cursor, limit=CSV_CHUNK)
