"""Creating, co-signing, cancelling and vetoing proposals.

A proposal costs a deposit and takes a place; nothing here looks at the holders of DUAL.
"""

from datetime import datetime
from typing import Any

from django.db import transaction

from dualis import errors
from dualis.accounts import audit, votes
from dualis.accounts.models import User
from dualis.exact import EXACT, plain_trimmed
from governance import checks, docket, lifecycle, payloads, tally, timing, treasury
from governance.lifecycle import ProposalType, Status
from governance.proposal_models import Proposal

THRESHOLD = treasury.DEPOSIT  # spec 7: 100 DUAL of one's own; besides the deposit, see `create`
MOST_OPEN = 10  # spec 7
LEAST_REASON, MOST_REASON = 10, 500
BELOW_THRESHOLD = "The proposer holds less than the threshold."


@transaction.atomic
def create(
    user_id: str,
    kind: ProposalType,
    payload: Any,
    *,
    title: str,
    description: str,
    now: datetime,
    discussion_url: str = "",
) -> Proposal:
    """Create a proposal and open its vote; an emergency waits for the council as a draft.

    The proposer keeps the threshold besides the deposit, or anybody could cancel at once. Locks the
    wallet and the docket. Refusals of `checks.check`; ValidationError for the payload,
    BelowProposalThreshold, ProposalOpen, TooManyProposals, InsufficientBalance.
    """
    asked = checks.check(read(kind, payload), now, is_new=True)
    wallet = treasury.lock_deposit(user_id)
    row = docket.lock_docket()
    _require_threshold(user_id)
    _require_place(user_id, kind, now)
    row.last_number += 1
    row.save()
    proposal = Proposal(
        id=f"DIP-{row.last_number}",
        number=row.last_number,
        type=kind.value,
        title=title,
        description=description,
        discussion_url=discussion_url,
        payload=payloads.to_dict(asked),
        proposer_id=user_id,
        created_at=now,
        deposit=treasury.DEPOSIT,
        quorum_required=tally.quorum_required(lifecycle.TERMS[kind].quorum_percent),
    )
    proposal.target_pool, proposal.target_parameter = checks.target(asked)
    proposal.set_times(timing.times(kind, now))
    docket.begin(proposal, _first_status(kind), now)
    treasury.take_deposit(wallet, proposal.id, now)
    docket.tell(proposal, docket.CREATED, now)
    docket.announce(proposal, "PROPOSAL_CREATED", "it was created.", now, is_for_voters=False)
    return proposal


@transaction.atomic
def co_sign(proposal_id: str, *, actor: User, address: str, now: datetime) -> Proposal:
    """Let the council open the vote on an emergency, which begins now. Audited.

    Locks the proposal. Forbidden to the proposer; ProposalNotFound, ProposalNotDraft.
    """
    proposal = docket.lock(proposal_id)
    status = proposal.status_at(now)
    if status != Status.DRAFT:
        raise errors.ProposalNotDraft(proposalId=proposal_id, status=status)
    if proposal.proposer_id == actor.id:
        raise errors.Forbidden()
    proposal.cosigner, proposal.cosigned_at = actor, now
    proposal.set_times(timing.times(ProposalType(proposal.type), now))
    docket.begin(proposal, Status.ACTIVE, now)
    docket.tell(proposal, docket.STATUS, now)
    audit.record(actor.id, "governance.co_sign", proposal_id, now=now, address=address)
    return proposal


@transaction.atomic
def cancel(user_id: str, proposal_id: str, *, now: datetime) -> Proposal:
    """End a proposal before it is executed, and return the deposit.

    The proposer may; anybody may once the proposer holds less than the threshold (rulings, 23).
    Locks the proposer's wallet and the proposal. ProposalNotFound, ProposalEnded, Forbidden.
    """
    reason = ""
    found = docket.find(proposal_id)
    if found.proposer_id != user_id:
        if votes.own_balance(found.proposer_id) >= THRESHOLD:
            raise errors.Forbidden()
        reason = BELOW_THRESHOLD
    return _end(found, Status.CANCELLED, docket.CANCELLED, now, by=user_id, reason=reason)


@transaction.atomic
def veto(proposal_id: str, reason: str, *, actor: User, address: str, now: datetime) -> Proposal:
    """End a proposal by the council before it is executed, and return the deposit. Audited.

    Locks the proposer's wallet and the proposal. ValidationError for a reason that is too short;
    ProposalNotFound, ProposalEnded.
    """
    text = reason.strip()
    if not LEAST_REASON <= len(text) <= MOST_REASON:
        length = f"{LEAST_REASON} to {MOST_REASON}"
        raise errors.ValidationError({"reason": [f"must have {length} characters."]})
    found = docket.find(proposal_id)
    proposal = _end(found, Status.VETOED, docket.VETOED, now, by=actor.id, reason=text)
    docket.announce(proposal, "PROPOSAL_VETOED", f"it was vetoed: {text}", now)
    details = {"reason": text}
    audit.record(
        actor.id, "governance.veto", proposal_id, now=now, details=details, address=address
    )
    return proposal


def read(kind: ProposalType, payload: Any) -> payloads.Payload:
    """Return the typed payload of a proposal. ValidationError by field."""
    try:
        return payloads.read(kind, payload)
    except payloads.InvalidPayload as error:
        raise errors.ValidationError(error.fields) from error


def _end(
    found: Proposal, status: Status, event: str, now: datetime, *, by: str, reason: str
) -> Proposal:
    wallet = treasury.lock_deposit(found.proposer_id)
    proposal = docket.lock(found.id)
    present = proposal.status_at(now)
    if present in lifecycle.ENDED:
        raise errors.ProposalEnded(proposalId=proposal.id, status=present)
    # The engine may not have told yet that the vote has passed.
    treasury.settle_deposit(proposal, wallet, now)
    docket.move_on(proposal, now)
    docket.end(proposal, status, now, by=by, reason=reason)
    docket.tell(proposal, event, now)
    return proposal


def _first_status(kind: ProposalType) -> Status:
    return Status.DRAFT if kind == ProposalType.EMERGENCY_ACTION else Status.ACTIVE


def _require_threshold(user_id: str) -> None:
    balance = votes.own_balance(user_id)
    if EXACT.subtract(balance, treasury.DEPOSIT) < THRESHOLD:
        raise errors.BelowProposalThreshold(
            threshold=plain_trimmed(THRESHOLD),
            deposit=plain_trimmed(treasury.DEPOSIT),
            balance=plain_trimmed(balance),
        )


def _require_place(user_id: str, kind: ProposalType, now: datetime) -> None:
    """Raise unless the proposer has no open proposal and one of the places is free.

    Both look at the clock: a vote that is over takes no place, whatever has been told of it. The
    caller holds the docket.
    """
    is_open = Proposal.objects.filter(status__in=lifecycle.OPEN, voting_ends_at__gt=now)
    own = is_open.filter(proposer_id=user_id).first()
    if own is not None:
        raise errors.ProposalOpen(proposalId=own.id)
    emergency = ProposalType.EMERGENCY_ACTION
    if kind != emergency and is_open.exclude(type=emergency).count() >= MOST_OPEN:
        raise errors.TooManyProposals(most=MOST_OPEN)
