"""What the rows of governance say. One function for stream, REST and admin.

Takes rows; reads neither database nor clock. Weights are decimal strings of 8 places.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from dualis.exact import plain, plain_trimmed
from dualis.timestamps import iso, iso_or_none
from governance import tally

if TYPE_CHECKING:
    from governance.proposal_models import Proposal, ProposalEvent, Vote


def proposal_row(proposal: "Proposal") -> dict[str, Any]:
    """Return the row of the `governance` channel, without the event that led to it."""
    votes = proposal.tally
    row = {
        "proposalId": proposal.id,
        "proposalNumber": proposal.number,
        "type": proposal.type,
        "title": proposal.title,
        "status": proposal.status,
        "votesFor": weight_text(votes.votes_for),
        "votesAgainst": weight_text(votes.votes_against),
        "votesAbstain": weight_text(votes.votes_abstain),
        "totalVoters": proposal.total_voters,
        "quorumRequired": weight_text(proposal.quorum_required),
        "quorumMet": tally.is_quorum_met(votes, proposal.quorum_required),
        "votingEndsAt": iso(proposal.voting_ends_at),
        "timelockEndsAt": iso(proposal.timelock_ends_at),
        "executionDeadline": iso(proposal.deadline_at),
    }
    if proposal.execution:
        row["execution"] = proposal.execution
    return row


def rest_row(proposal: "Proposal") -> dict[str, Any]:
    """Return the socket's row with the keys that REST adds."""
    return {
        **proposal_row(proposal),
        "proposerId": proposal.proposer_id,
        "percentages": tally.percents(proposal.tally),
        "createdAt": iso(proposal.created_at),
        "endedAt": iso_or_none(proposal.ended_at),
    }


def rest_detail(proposal: "Proposal", events: "list[ProposalEvent]") -> dict[str, Any]:
    """Return a proposal with its text, what it asks for and the steps it has taken."""
    return {
        **rest_row(proposal),
        "description": proposal.description,
        "discussionUrl": proposal.discussion_url or None,
        "payload": {"type": proposal.type, "data": proposal.payload},
        "deposit": {"amount": plain_trimmed(proposal.deposit), "state": proposal.deposit_state},
        "coSignedAt": iso_or_none(proposal.cosigned_at),
        "executedAt": iso_or_none(proposal.executed_at),
        "endReason": proposal.end_reason or None,
        "timeline": [
            {"event": event.event, "at": iso(event.at), **event.details} for event in events
        ],
    }


def vote_row(vote: "Vote") -> dict[str, Any]:
    """Return a vote; a voter is named by the public id, as who moves the market's rules is."""
    return {
        "voterId": vote.voter_id,
        "direction": vote.direction,
        "weight": weight_text(vote.weight),
        "previousDirection": vote.previous_direction or None,
        "castAt": iso(vote.cast_at),
        "changedAt": iso_or_none(vote.changed_at),
        "reason": vote.reason or None,
    }


def weight_text(weight: Decimal) -> str:
    """Return a weight as the wire writes it."""
    return plain(weight, tally.WEIGHT_PLACES)
