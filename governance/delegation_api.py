"""REST of voting power (spec 9): the caller's own, whom it counts for, and who delegates to him."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis.accounts import votes
from dualis.accounts.permissions import user_of
from dualis.api import idempotent, reply, valid
from dualis.exact import plain_trimmed
from realtime import journal, readers

_LAST_PAGE = 1_000_000


class _Delegate(serializers.Serializer[Any]):
    delegateeId = serializers.CharField(max_length=32)


class _Page(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, max_value=_LAST_PAGE, default=1)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50)


class Delegate(APIView):
    """POST governance/delegate {delegateeId}: all of the caller's power, from now on."""

    @idempotent
    def post(self, request: Request) -> Response:
        user_id, delegatee_id = user_of(request).id, valid(_Delegate, request)["delegateeId"]
        votes.delegate(user_id, delegatee_id, now=timezone.now())
        return reply(votes.standing(user_id))


class Undelegate(APIView):
    """POST governance/undelegate: the caller's power is his own again."""

    @idempotent
    def post(self, request: Request) -> Response:
        user_id = user_of(request).id
        votes.undelegate(user_id, now=timezone.now())
        return reply(votes.standing(user_id))


class Delegations(APIView):
    """GET governance/delegations?page&limit: given, and a page of those received."""

    def get(self, request: Request) -> Response:
        query = _Page(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        page, limit = query.validated_data["page"], query.validated_data["limit"]
        offset = (page - 1) * limit
        user_id = user_of(request).id
        with readers.read_only():
            at = journal.position()
            own = votes.standing(user_id)
            rows = votes.delegators(user_id)
            total = rows.count()
            received = [
                {"delegatorId": row.user_id, "votingPower": plain_trimmed(row.own)}
                for row in rows[offset : offset + limit]
            ]
        given = {"delegateeId": own["delegate"], "votingPower": own["delegatedOut"]}
        pagination = {
            "total": total,
            "limit": limit,
            "offset": offset,
            "page": page,
            "totalPages": -(-total // limit),
            "hasMore": offset + limit < total,
        }
        data = {"given": given if own["delegate"] else None, "received": received}
        return reply(data, pagination=pagination, seq=at.seq, epoch=at.epoch)


class VotingPowerView(APIView):
    """GET governance/voting-power: the caller's, and what it is made of."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            row = votes.standing(user_of(request).id)
        return reply(row, seq=at.seq, epoch=at.epoch)
