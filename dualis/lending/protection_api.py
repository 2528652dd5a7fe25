"""REST of protection rules: what the engine may do once for a position. The caller's own alone.

A rule is the socket's row, of kind `protection`.
"""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis import errors
from dualis.accounts.permissions import identity_of
from dualis.api import ConditionalView, asked, idempotent, reply, valid
from dualis.lending import protecting
from dualis.lending.models import BorrowPosition
from dualis.lending.protection_models import Action
from dualis.paging import MOST, PageQuery, paged
from realtime import journal, readers

_STATUSES: dict[str, dict[str, bool]] = {
    "active": {"ended_at__isnull": True},
    "closed": {"ended_at__isnull": False},
    "all": {},
}


class _Query(PageQuery):
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=MOST)
    status = serializers.ChoiceField(list(_STATUSES), default="active")


class _Rule(serializers.Serializer[Any]):
    triggerHealthFactor = serializers.CharField(max_length=16)  # a number too
    action = serializers.ChoiceField([action.value for action in Action])
    asset = serializers.CharField(max_length=16, default="")
    limit = serializers.CharField(max_length=80)


class Protections(ConditionalView):
    """GET borrow/protections?status=active|closed|all&page&limit: the newest first."""

    def get(self, request: Request) -> Response:
        return _listed(request, {})


class PositionProtections(ConditionalView):
    """GET borrow/positions/<id>/protection, as the list of all; POST sets a rule.

    {triggerHealthFactor, action: repay|add_collateral, asset, limit: amount|"max"}.
    """

    def get(self, request: Request, position_id: str) -> Response:
        own = BorrowPosition.objects.filter(user_id=_user(request), id=position_id)
        if not own.exists():
            raise errors.PositionNotFound(positionId=position_id)
        return _listed(request, {"position_id": position_id})

    @idempotent
    def post(self, request: Request, position_id: str) -> Response:
        body = valid(_Rule, request)
        rule = protecting.set_rule(
            _user(request),
            position_id,
            trigger=body["triggerHealthFactor"],
            action=body["action"],
            limit=body["limit"],
            asset=body["asset"],
            now=timezone.now(),
        )
        return reply(rule.to_dict(), status=201)


class PositionProtection(APIView):
    """DELETE borrow/positions/<id>/protection/<rule>: revokes it; an ended one stays as it is."""

    def delete(self, request: Request, position_id: str, rule_id: str) -> Response:
        rule = protecting.revoke(_user(request), position_id, rule_id, now=timezone.now())
        return reply(rule.to_dict())


def _listed(request: Request, of: dict[str, str]) -> Response:
    query = asked(_Query, request)
    with readers.read_only():
        at = journal.position()
        found = protecting.of_user(_user(request)).filter(**of, **_STATUSES[query["status"]])
        page, pagination = paged(found, query)
        rows = [rule.to_dict() for rule in page]
    return reply(rows, pagination=pagination, seq=at.seq, epoch=at.epoch)


def _user(request: Request) -> str:
    return identity_of(request).user_id
