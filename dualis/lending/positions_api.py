"""REST of positions as they are (spec 9): lists and one of each. The caller's own alone.

Every answer carries `seq`; a row is the socket's row.
"""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dualis import errors
from dualis.accounts.permissions import identity_of
from dualis.api import ConditionalView, asked, reply
from dualis.lending import figures
from dualis.lending.models import BorrowPosition, SupplyPosition
from dualis.paging import MOST, PageQuery, paged
from realtime import journal, readers, views

_STATUSES: dict[str, dict[str, bool]] = {
    "open": {"closed_at__isnull": True},
    "closed": {"closed_at__isnull": False},
    "all": {},
}


class _Query(PageQuery):
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=MOST)
    pool = serializers.CharField(max_length=32, required=False)
    status = serializers.ChoiceField(list(_STATUSES), default="open")


class SupplyPositions(ConditionalView):
    """GET supply/positions?pool&status=open|closed|all&page&limit: the oldest first."""

    def get(self, request: Request) -> Response:
        query = asked(_Query, request)
        with readers.read_only():
            at = journal.position()
            view = views.at(at)
            found, pagination = paged(_narrowed(_supplies(request), query), query)
            rows = [figures.supply_row(position, view) for position in found]
        return reply(rows, pagination=pagination, seq=at.seq, epoch=at.epoch)


class SupplyPositionDetail(ConditionalView):
    """GET supply/positions/<id of the pool, or of a position>: the open one there; closed by id."""

    def get(self, request: Request, wanted_id: str) -> Response:
        with readers.read_only():
            at = journal.position()
            found = _supplies(request).filter(
                Q(id=wanted_id) | Q(pool_id=wanted_id, closed_at=None)
            )
            row = figures.supply_row(_one(found, wanted_id), views.at(at))
        return reply(row, seq=at.seq, epoch=at.epoch)


class BorrowPositions(ConditionalView):
    """GET borrow/positions?pool&status&page&limit: the oldest first; and the account's totals."""

    def get(self, request: Request) -> Response:
        query = asked(_Query, request)
        with readers.read_only():
            at = journal.position()
            view = views.at(at)
            found, pagination = paged(_narrowed(_borrows(request), query), query)
            rows = [figures.borrow_row(position, view) for position in found]
            is_all = _is_all(query) and len(found) == pagination["total"]
            account = figures.account_row(
                _supplies(request).filter(closed_at=None),
                found if is_all else _borrows(request).filter(closed_at=None),
                view,
            )
        return reply(rows, account=account, pagination=pagination, seq=at.seq, epoch=at.epoch)


class BorrowPositionDetail(ConditionalView):
    """GET borrow/positions/<id>: open or closed."""

    def get(self, request: Request, position_id: str) -> Response:
        with readers.read_only():
            at = journal.position()
            found = _borrows(request).filter(id=position_id)
            row = figures.borrow_row(_one(found, position_id), views.at(at))
        return reply(row, seq=at.seq, epoch=at.epoch)


def _supplies(request: Request) -> QuerySet[SupplyPosition]:
    return SupplyPosition.objects.filter(user_id=identity_of(request).user_id)


def _borrows(request: Request) -> QuerySet[BorrowPosition]:
    return BorrowPosition.objects.filter(user_id=identity_of(request).user_id)


def _narrowed(rows: QuerySet[Any], query: dict[str, Any]) -> QuerySet[Any]:
    if "pool" in query:
        rows = rows.filter(pool_id=query["pool"])
    return rows.filter(**_STATUSES[query["status"]])


def _is_all(query: dict[str, Any]) -> bool:
    """Tell whether a list is of everything that is open."""
    return query["status"] == "open" and "pool" not in query


def _one(rows: QuerySet[Any], position_id: str) -> Any:
    row = rows.first()
    if row is None:
        raise errors.PositionNotFound(positionId=position_id)
    return row
