"""Executing a proposal that is ready: once, whole or not at all.

A refusal by the market is recorded and told; the proposal stays ready until its deadline, and can
be tried again. The same refusal again is answered and not told twice.
"""

from datetime import datetime

from django.db import transaction

from dualis import errors
from dualis.accounts import audit, votes
from dualis.timestamps import iso
from governance import actions, docket, payloads
from governance.lifecycle import ProposalType, Status
from governance.proposal_models import Proposal

SUCCESS, FAILURE = "success", "failed"


@transaction.atomic
def execute(user_id: str, proposal_id: str, *, now: datetime) -> Proposal:
    """Do what a proposal asks for; its `execution` says whether that succeeded. Audited.

    Anybody may. Locks what the action changes, then the proposal. ProposalNotFound,
    ProposalNotReady.
    """
    found = docket.find(proposal_id)
    _require_ready(found, now)
    kind = ProposalType(found.type)
    payload = payloads.read(kind, found.payload)
    deposit = found.proposer_id, votes.DUAL
    wallet = actions.lock(payload, now, deposit)
    proposal = docket.lock(proposal_id)
    _require_ready(proposal, now)
    docket.settle(proposal, wallet, now)  # the engine may not have been here since the vote
    try:
        with transaction.atomic():
            effects = actions.run(kind, payload, proposal_id, now)
    except errors.DomainError as error:
        _fail(proposal, error.message, now)
        return proposal
    docket.move_on(proposal, now)
    docket.end(proposal, Status.EXECUTED, now, by=user_id)
    proposal.executed_at = now
    proposal.execution = {"result": SUCCESS, "effects": effects}
    details = {"effects": effects, "executedBy": user_id}
    audit.record(None, "governance.execute", proposal_id, now=now, details=details)
    docket.tell(proposal, docket.EXECUTED, now)
    docket.announce(proposal, "PROPOSAL_EXECUTED", "it was executed.", now)
    return proposal


def _require_ready(proposal: Proposal, now: datetime) -> None:
    status = proposal.status_at(now)
    if status != Status.READY:
        raise errors.ProposalNotReady(proposalId=proposal.id, status=status)


def _fail(proposal: Proposal, reason: str, now: datetime) -> None:
    docket.move_on(proposal, now)
    known = proposal.execution or {}
    if known.get("failureReason") == reason:
        return
    proposal.execution = {
        "result": FAILURE,
        "effects": [],
        "failureReason": reason,
        "failedAt": iso(now),
    }
    docket.tell(proposal, docket.FAILED, now)
