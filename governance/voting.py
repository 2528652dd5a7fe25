"""Casting votes: one per user and proposal; another one replaces it while the vote lasts."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.accounts import votes
from dualis.exact import plain_trimmed
from governance import docket, figures, lifecycle, tally, timing
from governance.lifecycle import Status
from governance.proposal_models import Proposal, Vote
from governance.tally import Direction


@transaction.atomic
def cast_vote(
    user_id: str, proposal_id: str, direction: Direction, *, now: datetime, reason: str = ""
) -> Vote:
    """Cast or change a user's vote and tell the new tally; the reason stands beside the vote.

    Locks the proposal. ProposalNotFound, VotingClosed, NoVotingPower; AlreadyVoted for the same
    direction again.
    """
    # The past does not change: it is read before the lock that other voters wait for.
    weight = weight_at(user_id, docket.created_at(proposal_id))
    proposal = docket.lock(proposal_id)
    _require_active(proposal, now)
    vote = Vote.objects.filter(proposal=proposal, voter_id=user_id).first()
    if vote is None:
        if weight < tally.LEAST_WEIGHT:
            raise errors.NoVotingPower(
                proposalId=proposal_id,
                least=plain_trimmed(tally.LEAST_WEIGHT),
                weight=plain_trimmed(weight),
            )
        vote = Vote(proposal=proposal, voter_id=user_id, weight=weight, cast_at=now)
        proposal.total_voters += 1
        counted, event = proposal.tally, docket.VOTE_CAST
    elif vote.direction == direction:
        raise errors.AlreadyVoted(direction=direction, proposalId=proposal_id)
    else:
        counted = proposal.tally.plus(Direction(vote.direction), -vote.weight)
        vote.previous_direction, vote.changed_at = vote.direction, now
        event = docket.VOTE_CHANGED
    vote.direction, vote.reason = direction.value, reason
    vote.save()
    proposal.set_tally(counted.plus(direction, vote.weight))
    said = {"direction": vote.direction, "weight": figures.weight_text(vote.weight)}
    if vote.previous_direction:
        said["previousDirection"] = vote.previous_direction
    docket.tell(proposal, event, now, changed=Proposal.TALLY, vote=said)
    if proposal.total_voters == 1 and event == docket.VOTE_CAST:
        text = "the first vote was cast."
        docket.announce(proposal, "PROPOSAL_VOTED", text, now, is_for_voters=False)
    return vote


def weight_at(user_id: str, created_at: datetime) -> Decimal:
    """Return what a user weighs on a proposal of that moment: the lower of two (rulings, 22)."""
    before = created_at - timing.span(lifecycle.LOOK_BACK)
    return tally.weight_down(min(votes.power_at(user_id, at) for at in (before, created_at)))


def _require_active(proposal: Proposal, now: datetime) -> None:
    status = proposal.status_at(now)
    if status != Status.ACTIVE:
        raise errors.VotingClosed(proposalId=proposal.id, status=status)
