"""REST of liquidations: the list and one of them for everybody, bids for who is signed in."""

from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis import errors
from dualis.accounts.permissions import identity_of
from dualis.api import PublicView, asked, idempotent, reply, valid
from dualis.lending import (
    auction,
    bidding,
    liquidation_desk,
    liquidation_figures,
    quoting,
    resale_figures,
    resales,
)
from dualis.lending.liquidation_models import OPEN, SETTLED, Liquidation
from dualis.lending.models import Market
from dualis.lending.resale_models import Resale
from dualis.lending.view import View
from dualis.paging import SortedQuery, paged
from realtime import journal, readers

_TIERS = [tier.value for tier in auction.CLOCK_SECONDS]
_SORTS = {"openedAt": "opened_at", "settledAt": "settled_at"}


class _Query(SortedQuery):
    sortBy = serializers.ChoiceField(list(_SORTS), default="openedAt")
    status = serializers.ChoiceField([OPEN, SETTLED], required=False)
    pool = serializers.CharField(max_length=32, required=False)
    tier = serializers.ChoiceField(_TIERS, required=False)


class _Bid(serializers.Serializer[Any]):
    amount = serializers.CharField(max_length=80)


class Liquidations(PublicView):
    """GET liquidations?status&pool&tier&sortBy&sortOrder&page&limit.

    `tier` is that of the trigger; by `settledAt` those that still run come last.
    """

    def get(self, request: Request) -> Response:
        query = asked(_Query, request)
        names = {"status": "status", "pool": "pool_id", "tier": "opened_tier"}
        wanted = {name: query[param] for param, name in names.items() if param in query}
        is_descending = query["sortOrder"] == "desc"
        by = F(_SORTS[query["sortBy"]])
        order = (
            by.desc(nulls_last=True) if is_descending else by.asc(nulls_last=True),
            "-id" if is_descending else "id",
        )
        with readers.read_only():
            at = journal.position()
            found = Liquidation.objects.filter(**wanted).select_related("position", "pool")
            page, pagination = paged(found.order_by(*order), query)
            shown = _Shown(timezone.now())
            rows = [shown.row(row) for row in page]
        return reply(rows, pagination=pagination, seq=at.seq, epoch=at.epoch)


class LiquidationDetail(PublicView):
    """GET liquidations/<id of the liquidation or of its auction>: with its bids."""

    def get(self, request: Request, liquidation_id: str) -> Response:
        with readers.read_only():
            at = journal.position()
            row = (
                Liquidation.objects.select_related("position", "pool")
                .filter(Q(id=liquidation_id) | Q(auction_id=liquidation_id))
                .first()
            )
            if row is None:
                raise errors.NotFound(what="liquidation", id=liquidation_id)
            bids = [liquidation_figures.bid_row(bid) for bid in row.bids.all()]
            shown = {**_Shown(timezone.now()).row(row), "bids": bids}
        return reply(shown, seq=at.seq, epoch=at.epoch)


class Quote(PublicView):
    """GET liquidations/<auction id>/quote?amount: what a bid would pay and get now."""

    def get(self, request: Request, auction_id: str) -> Response:
        amount = asked(_Bid, request)["amount"]
        with readers.read_only():
            at = journal.position()
            row = quoting.quote(auction_id, amount, timezone.now())
        return reply(row, seq=at.seq, epoch=at.epoch)


class PlaceBid(APIView):
    """POST liquidations/<auction id>/bid {amount}: an amount of the debt asset, or "max".

    In a resale it is an amount of the backstop's asset.
    """

    @idempotent
    def post(self, request: Request, auction_id: str) -> Response:
        amount = valid(_Bid, request)["amount"]
        user_id = identity_of(request).user_id
        if Resale.objects.filter(id=auction_id).exists():
            bought = resales.bid(user_id, auction_id, amount, now=timezone.now())
            return reply(resale_figures.bought_row(bought.bid, bought.resale), status=201)
        done = bidding.bid(user_id, auction_id, amount, now=timezone.now())
        row = {
            **liquidation_figures.bid_row(done.bid),
            "auctionId": auction_id,
            "liquidationId": done.liquidation.id,
            "status": done.liquidation.status,
        }
        return reply(row, status=201)


class _Shown:
    """Rows of one answer, at the same prices."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._market = Market.objects.get(id=1)
        self._view = View.read(now)

    def row(self, row: Liquidation) -> dict[str, Any]:
        """Return a liquidation; one that runs with what can be bid for now."""
        shown = liquidation_figures.liquidation_row(row, row.pool)
        if row.status != OPEN or not row.position.is_open():
            return shown
        found = liquidation_figures.risk_of(row, self._view)
        is_live = liquidation_desk.is_live(found, self._market, self._now)
        return shown | liquidation_figures.running_row(row, found, is_live=is_live)
