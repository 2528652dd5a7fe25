"""REST of resales: the list and one of them, for everybody; bids go where all auctions' bids go."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dualis import errors
from dualis.api import PublicView, asked, reply
from dualis.lending import resale_figures, resales
from dualis.lending.liquidation_models import OPEN, SETTLED
from dualis.lending.models import Market
from dualis.lending.resale_models import Resale
from dualis.lending.view import View
from dualis.paging import PageQuery, paged
from realtime import journal, readers


class _Query(PageQuery):
    status = serializers.ChoiceField([OPEN, SETTLED], required=False)
    pool = serializers.CharField(max_length=32, required=False)


class Resales(PublicView):
    """GET liquidations/resales?status&pool&page&limit: newest first; `pool` is who is paid."""

    def get(self, request: Request) -> Response:
        query = asked(_Query, request)
        names = {"status": "status", "pool": "pool_id"}
        wanted = {name: query[param] for param, name in names.items() if param in query}
        with readers.read_only():
            at = journal.position()
            found = Resale.objects.filter(**wanted).select_related("pool")
            page, pagination = paged(found, query)
            shown = _Shown(timezone.now())
            rows = [shown.row(row) for row in page]
        return reply(rows, pagination=pagination, seq=at.seq, epoch=at.epoch)


class ResaleDetail(PublicView):
    """GET liquidations/resales/<id>: with its bids."""

    def get(self, request: Request, resale_id: str) -> Response:
        with readers.read_only():
            at = journal.position()
            row = Resale.objects.select_related("pool").filter(id=resale_id).first()
            if row is None:
                raise errors.NotFound(what="resale", id=resale_id)
            bids = [resale_figures.bid_row(bid) for bid in row.bids.all()]
            shown = {**_Shown(timezone.now()).row(row), "bids": bids}
        return reply(shown, seq=at.seq, epoch=at.epoch)


class _Shown:
    """Rows of one answer, at the same prices."""

    def __init__(self, now: datetime) -> None:
        self._market = Market.objects.get(id=1)
        self._view = View.read(now)

    def row(self, row: Resale) -> dict[str, Any]:
        """Return a resale; one that runs with what can be bid for now."""
        shown = resale_figures.resale_row(row)
        if not row.is_open:
            return shown
        is_live = resales.is_live(row, self._market, self._view)
        return shown | resale_figures.running_row(row, self._view, is_live=is_live)
