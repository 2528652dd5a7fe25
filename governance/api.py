"""REST of governance: proposals and votes for everybody, proposing and voting for who is signed in.

Every GET carries `seq`; a proposal is the socket's row, with keys added. Executing answers 200 with
`execution.result`: what the market refused is recorded, so it is no refusal of the request.
"""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis import errors
from dualis.accounts.permissions import identity_of, user_of
from dualis.api import ConditionalView, PublicView, idempotent, reply, valid
from dualis.exact import plain_trimmed
from dualis.permissions import IsStaff
from governance import (
    docket,
    execution,
    figures,
    forms,
    lifecycle,
    preview,
    proposals,
    tally,
    timing,
    treasury,
    voting,
)
from governance.lifecycle import ProposalType, Status
from governance.proposal_models import TITLE_LENGTH, VOTE_REASON_LENGTH, Proposal, Vote
from governance.tally import Direction
from realtime import journal, readers

_LAST_PAGE = 100_000
_VOTES = (docket.VOTE_CAST, docket.VOTE_CHANGED)


class _Page(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, max_value=_LAST_PAGE, default=1)
    limit = serializers.IntegerField(min_value=1, max_value=50, default=20)


_STATES = {"open": lifecycle.OPEN, "waiting": lifecycle.WAITING, "ended": lifecycle.ENDED}


class _Query(_Page):
    state = serializers.ChoiceField(list(_STATES), required=False)
    status = serializers.ChoiceField([s.value for s in Status], required=False)
    type = serializers.ChoiceField([t.value for t in ProposalType], required=False)


class _Payload(serializers.Serializer[Any]):
    type = serializers.CharField(max_length=24)

    def get_fields(self) -> Any:
        return {**super().get_fields(), "data": serializers.JSONField()}  # a word of DRF's own


class _Asked(serializers.Serializer[Any]):
    """What is proposed; the payload says its type once more."""

    type = serializers.ChoiceField([t.value for t in ProposalType])
    payload = _Payload()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["payload"]["type"] != attrs["type"]:
            raise errors.ValidationError({"payload": ["type: must be that of the proposal."]})
        return attrs


class _New(_Asked):
    title = serializers.CharField(min_length=10, max_length=TITLE_LENGTH)
    description = serializers.CharField(min_length=50, max_length=10_000)
    discussionUrl = serializers.URLField(max_length=300, required=False, default="")


class _Vote(serializers.Serializer[Any]):
    direction = serializers.ChoiceField([d.value for d in Direction])
    reason = serializers.CharField(
        max_length=VOTE_REASON_LENGTH, required=False, allow_blank=True, default=""
    )


class _Veto(serializers.Serializer[Any]):
    reason = serializers.CharField(
        min_length=proposals.LEAST_REASON, max_length=proposals.MOST_REASON
    )


class Config(PublicView):
    """GET governance/config: thresholds; of each type quorum, clocks as they run here, and form."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
        data = {
            "totalSupply": plain_trimmed(tally.TOTAL_SUPPLY),
            "proposalThreshold": plain_trimmed(proposals.THRESHOLD),
            "proposalDeposit": plain_trimmed(treasury.DEPOSIT),
            "maxOpenProposals": proposals.MOST_OPEN,
            "minVoteWeight": plain_trimmed(tally.LEAST_WEIGHT),
            "executionWindowSeconds": timing.span(lifecycle.EXECUTION_WINDOW).total_seconds(),
            "cooldownSeconds": timing.span(lifecycle.COOLDOWN).total_seconds(),
            "types": {
                kind.value: {
                    "quorumPercent": terms.quorum_percent,
                    "quorumRequired": figures.weight_text(
                        tally.quorum_required(terms.quorum_percent)
                    ),
                    "votingSeconds": timing.span(terms.voting).total_seconds(),
                    "timelockSeconds": timing.span(terms.timelock).total_seconds(),
                }
                for kind, terms in lifecycle.TERMS.items()
            },
            "forms": {kind.value: forms.fields(kind) for kind in ProposalType},
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


class Proposals(ConditionalView):
    """GET governance/proposals?state&status&type&page&limit, newest first; POST creates one."""

    cache_control = "public, no-cache"
    varies_by = ()

    def get_authenticators(self) -> Any:
        return [] if self.request.method in SAFE_METHODS else super().get_authenticators()

    def get_permissions(self) -> Any:
        return [] if self.request.method in SAFE_METHODS else super().get_permissions()

    def get(self, request: Request) -> Response:
        asked = _asked(_Query, request)
        wanted: dict[str, Any] = {name: asked[name] for name in ("status", "type") if name in asked}
        if "state" in asked:
            wanted["status__in"] = _STATES[asked["state"]]
        with readers.read_only():
            at = journal.position()
            found, pagination = _page(Proposal.objects.filter(**wanted), asked)
            rows = [figures.rest_row(row) for row in found]
        return reply(rows, pagination=pagination, seq=at.seq, epoch=at.epoch)

    @idempotent
    def post(self, request: Request) -> Response:
        body = valid(_New, request)
        proposal = proposals.create(
            identity_of(request).user_id,
            ProposalType(body["type"]),
            body["payload"]["data"],
            title=body["title"],
            description=body["description"],
            discussion_url=body["discussionUrl"],
            now=timezone.now(),
        )
        return reply(_detail(proposal), status=201)


class Preview(APIView):
    """POST governance/preview {type, payload}: what it would change now; nothing is created."""

    def post(self, request: Request) -> Response:
        body = valid(_Asked, request)
        kind = ProposalType(body["type"])
        return reply({"effects": preview.effects(kind, body["payload"]["data"], timezone.now())})


class ProposalDetail(PublicView):
    """GET governance/proposals/<id>: with its text, its payload and the steps it has taken."""

    def get(self, request: Request, proposal_id: str) -> Response:
        with readers.read_only():
            at = journal.position()
            shown = _detail(docket.find(proposal_id))
        return reply(shown, seq=at.seq, epoch=at.epoch)


class Votes(PublicView):
    """GET governance/proposals/<id>/votes?page&limit: the tally, and the votes, newest first."""

    def get(self, request: Request, proposal_id: str) -> Response:
        asked = _asked(_Page, request)
        with readers.read_only():
            at = journal.position()
            proposal = docket.find(proposal_id)
            found, pagination = _page(Vote.objects.filter(proposal=proposal), asked)
            votes = [figures.vote_row(vote) for vote in found]
        data = {**figures.rest_row(proposal), "votes": votes}
        return reply(data, pagination=pagination, seq=at.seq, epoch=at.epoch)


class MyVote(APIView):
    """GET governance/proposals/<id>/my-vote: null before one is cast; and what one would weigh."""

    def get(self, request: Request, proposal_id: str) -> Response:
        user_id = identity_of(request).user_id
        with readers.read_only():
            at = journal.position()
            proposal = docket.find(proposal_id)
            vote = Vote.objects.filter(proposal=proposal, voter_id=user_id).first()
            weight = vote.weight if vote else voting.weight_at(user_id, proposal.created_at)
        data = {
            "vote": figures.vote_row(vote) if vote else None,
            "weight": figures.weight_text(weight),
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


class CastVote(APIView):
    """POST governance/proposals/<id>/vote {direction, reason?}."""

    @idempotent
    def post(self, request: Request, proposal_id: str) -> Response:
        body = valid(_Vote, request)
        vote = voting.cast_vote(
            identity_of(request).user_id,
            proposal_id,
            Direction(body["direction"]),
            now=timezone.now(),
            reason=body["reason"],
        )
        data = {**figures.vote_row(vote), "proposal": figures.rest_row(vote.proposal)}
        return reply(data, status=201)


class Cancel(APIView):
    """POST governance/proposals/<id>/cancel."""

    @idempotent
    def post(self, request: Request, proposal_id: str) -> Response:
        user_id = identity_of(request).user_id
        return reply(_detail(proposals.cancel(user_id, proposal_id, now=timezone.now())))


class Execute(APIView):
    """POST governance/proposals/<id>/execute."""

    @idempotent
    def post(self, request: Request, proposal_id: str) -> Response:
        user_id = identity_of(request).user_id
        return reply(_detail(execution.execute(user_id, proposal_id, now=timezone.now())))


class Veto(APIView):
    """POST governance/proposals/<id>/veto {reason}: staff alone."""

    permission_classes = (IsStaff,)

    @idempotent
    def post(self, request: Request, proposal_id: str) -> Response:
        reason = valid(_Veto, request)["reason"]
        return reply(_detail(proposals.veto(proposal_id, reason, **_by(request))))


class CoSign(APIView):
    """POST governance/proposals/<id>/co-sign: staff open the vote on an emergency."""

    permission_classes = (IsStaff,)

    @idempotent
    def post(self, request: Request, proposal_id: str) -> Response:
        return reply(_detail(proposals.co_sign(proposal_id, **_by(request))))


def _by(request: Request) -> dict[str, Any]:
    address: str = request.address  # type: ignore[attr-defined]
    return {"actor": user_of(request), "address": address, "now": timezone.now()}


def _detail(proposal: Proposal) -> dict[str, Any]:
    steps = proposal.events.exclude(event__in=_VOTES)
    return figures.rest_detail(proposal, list(steps))


def _asked(query: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    bound = query(data=request.query_params.dict())
    bound.is_valid(raise_exception=True)
    return dict(bound.validated_data)


def _page(rows: "QuerySet[Any]", asked: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return a page of rows and the pagination of the answer."""
    page, limit = asked["page"], asked["limit"]
    offset, total = (page - 1) * limit, rows.count()
    pagination = {
        "total": total,
        "limit": limit,
        "offset": offset,
        "page": page,
        "totalPages": -(-total // limit),
        "hasMore": offset + limit < total,
    }
    return list(rows[offset : offset + limit]), pagination
