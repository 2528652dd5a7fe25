"""What time does to proposals, and telling people: the engine's steps of governance.

Each proposal moves in a transaction of its own, under its lock and judged by its row: two engines,
or one that was away for days, tell each status once and in order.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from dualis.apart import Apart
from dualis.notifications import notices
from governance import docket, lifecycle, treasury
from governance.lifecycle import Status
from governance.proposal_models import Announcement, Proposal, Vote

MOST_A_STEP = 50  # proposals; what is left is due at the next step
VOTERS_A_STEP = 200  # told in one transaction
_LINK = "/governance/{}"
_TITLES = {
    "PROPOSAL_CREATED": "Proposal created",
    "PROPOSAL_VOTED": "First vote",
    "PROPOSAL_PASSED": "Proposal passed",
    "PROPOSAL_REJECTED": "Proposal rejected",
    "PROPOSAL_EXECUTED": "Proposal executed",
    "PROPOSAL_VETOED": "Proposal vetoed",
    "PROPOSAL_EXPIRING": "Proposal about to expire",
    "VOTE_DEADLINE_24H": "Vote about to end",
}


def run(now: datetime) -> int:
    """Move on every proposal that is due; return how many were."""
    due = Proposal.objects.filter(due_at__lte=now).order_by("due_at", "number")
    found = list(due.values_list("id", "proposer_id")[:MOST_A_STEP])
    proposers = dict(found)

    def act(ids: Sequence[str]) -> None:
        _move_on(ids[0], proposers[ids[0]], now)

    with Apart("moving proposals on") as apart:
        for proposal_id in proposers:
            apart.act(act, [proposal_id])
    return len(found)


@transaction.atomic
def _move_on(proposal_id: str, proposer_id: str, now: datetime) -> None:
    """Do what is due for one proposal. Locks the proposer's wallet, the treasury, the proposal."""
    wallet = treasury.lock_deposit(proposer_id)
    treasury.lock_deposits()
    proposal = docket.lock(proposal_id)
    was_due = proposal.due_at
    if was_due is None or was_due > now:
        return
    docket.settle(proposal, wallet, now)
    if docket.move_on(proposal, now):
        return  # a warning that is due as well comes with the next step
    if proposal.status == Status.ACTIVE:
        docket.announce(proposal, "VOTE_DEADLINE_24H", "the vote ends soon.", now)
    else:
        text = "it expires soon if nobody executes it."
        docket.announce(proposal, "PROPOSAL_EXPIRING", text, now)
    proposal.due_at = lifecycle.next_due(Status(proposal.status), proposal.times, was_due)
    proposal.save(update_fields=["due_at"])


def tell_people(now: datetime) -> bool:
    """Notify some of those whom an announcement is for, the oldest first; tell whether any was.

    One transaction: the notices and how far the announcement has come. Locks the announcement.
    """
    rows = Announcement.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("proposal").order_by("id").first()
    if row is None:
        return False
    told: list[str] = [] if row.cursor is not None else [row.proposal.proposer_id]
    voters: list[tuple[int, str]] = []
    if row.is_for_voters:
        later = Vote.objects.filter(proposal=row.proposal, id__gt=row.cursor or 0).order_by("id")
        voters = list(later.values_list("id", "voter_id")[:VOTERS_A_STEP])
        told += [voter_id for _, voter_id in voters if voter_id != row.proposal.proposer_id]
    if len(voters) == VOTERS_A_STEP:
        row.cursor = voters[-1][0]
        row.save()
    else:
        row.delete()
    if told:
        notices.notify_all(
            told,
            row.kind,
            title=_TITLES[row.kind],
            message=row.message,
            now=now,
            data={"proposalId": row.proposal_id},
            link=_LINK.format(row.proposal_id),
            dedup_key=f"{row.kind}:{row.proposal_id}",
        )
    return True
