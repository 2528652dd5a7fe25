"""Proposals: finding, locking, moving on by time, telling.

Lock order: pools and what follows them, wallets, the treasury, the docket, the proposal, voting
power (which `wallets.save` locks); then the first save of a published row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dualis import errors
from dualis.accounts.money import Wallet
from governance import lifecycle, treasury
from governance.lifecycle import Status
from governance.proposal_models import MESSAGE_LENGTH, Announcement, Docket, Proposal, ProposalEvent

CREATED, STATUS = "proposal_created", "proposal_status"
VOTE_CAST, VOTE_CHANGED = "vote_cast", "vote_changed"
EXECUTED, FAILED = "proposal_executed", "execution_failed"
VETOED, CANCELLED = "proposal_vetoed", "proposal_cancelled"
_NOTICES = {
    Status.PASSED: ("PROPOSAL_PASSED", "it has passed."),
    Status.REJECTED: ("PROPOSAL_REJECTED", "it was rejected."),
    Status.QUORUM_NOT_MET: ("PROPOSAL_REJECTED", "it missed its quorum."),
}


def find(proposal_id: str) -> Proposal:
    """Return a proposal. ProposalNotFound."""
    found = Proposal.objects.filter(id=proposal_id).first()
    if found is None:
        raise errors.ProposalNotFound(proposalId=proposal_id)
    return found


def created_at(proposal_id: str) -> datetime:
    """Return when a proposal was made. ProposalNotFound."""
    rows = Proposal.objects.filter(id=proposal_id).values_list("created_at", flat=True)
    found = rows.first()
    if found is None:
        raise errors.ProposalNotFound(proposalId=proposal_id)
    return found


def lock(proposal_id: str) -> Proposal:
    """Lock a proposal until the transaction ends; its long texts are not read. ProposalNotFound."""
    rows = Proposal.objects.select_for_update(no_key=True).defer("description", "payload")
    found = rows.filter(id=proposal_id).first()
    if found is None:
        raise errors.ProposalNotFound(proposalId=proposal_id)
    return found


def lock_docket() -> Docket:
    """Lock the docket until the transaction ends; make it if it is missing."""
    Docket.objects.bulk_create([Docket(id=1)], ignore_conflicts=True)
    return Docket.objects.select_for_update(no_key=True).get(id=1)


def tell(
    proposal: Proposal,
    event: str,
    now: datetime,
    *,
    changed: Sequence[str] = Proposal.MOVING,
    **details: Any,
) -> None:
    """Save what changed of a new or locked proposal, and tell what happened to it."""
    proposal.event_count += 1
    proposal.save(update_fields=None if proposal._state.adding else changed)
    ProposalEvent(
        key=f"{proposal.id}:{proposal.event_count}",
        proposal=proposal,
        number=proposal.event_count,
        event=event,
        details=details,
        at=now,
    ).save()


def begin(proposal: Proposal, status: Status, since: datetime) -> None:
    """Give a proposal a status, in memory; what is due in it since then waits for the engine."""
    proposal.status = status.value
    proposal.due_at = lifecycle.next_due(status, proposal.times, since)


def end(
    proposal: Proposal, status: Status, now: datetime, *, by: str | None = None, reason: str = ""
) -> None:
    """Let a locked proposal end, in memory; the caller tells."""
    proposal.status, proposal.due_at = status.value, None
    proposal.ended_at, proposal.ended_by_id, proposal.end_reason = now, by, reason


def settle(proposal: Proposal, wallet: Wallet, now: datetime) -> None:
    """Return the deposit of a locked proposal whose vote is over, or keep it (rulings, 23).

    The proposer's wallet is locked. Before the first save of a published row: money that votes
    moves. The caller goes on to `move_on`.
    """
    path = _path(proposal, now)
    if path:
        is_forfeited = Status.QUORUM_NOT_MET in path
        treasury.settle_deposit(proposal, wallet, now, is_forfeited=is_forfeited)


def move_on(proposal: Proposal, now: datetime) -> list[Status]:
    """Tell each status that a locked and settled proposal has reached by `now`; return them."""
    path = _path(proposal, now)
    for status in path:
        if status in lifecycle.ENDED:
            end(proposal, status, now)
        else:
            begin(proposal, status, proposal.voting_ends_at)
        tell(proposal, STATUS, now)
        if status in _NOTICES:
            kind, text = _NOTICES[status]
            announce(proposal, kind, text, now)
    return path


def announce(
    proposal: Proposal, kind: str, text: str, now: datetime, *, is_for_voters: bool = True
) -> None:
    """Leave it to the engine to notify the proposer and, unless told otherwise, the voters."""
    Announcement.objects.create(
        proposal=proposal,
        kind=kind,
        message=f"{proposal.id}, {proposal.title}: {text}"[:MESSAGE_LENGTH],
        is_for_voters=is_for_voters,
        at=now,
    )


def _path(proposal: Proposal, now: datetime) -> list[Status]:
    return lifecycle.reached(Status(proposal.status), proposal.times, proposal.outcome, now)
