"""A market with holders of DUAL and proposals at every stage, in a line each."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from dualis.accounts import ledger, wallets
from dualis.accounts.models import User
from governance import deadlines, proposals, voting
from governance.lifecycle import ProposalType
from governance.proposal_models import Proposal, TreasuryAccount, Vote
from governance.tally import Direction
from tests import world
from tests.lending_market import T0

LONG_AGO = T0 - timedelta(days=30)
WHY = "Utilization has been above the kink for weeks, and withdrawals have had to wait for it."
KINK = {"poolId": "usdc-main", "parameter": "kink", "proposedValue": "0.85", "rationale": WHY}
PAUSE = {"action": "PAUSE_POOL", "targetPoolId": "usdc-main", "reason": WHY}
TITLE = "Move the kink of the USDC pool"


def day(number: float, seconds: float = 0) -> datetime:
    """Return a moment so many days after T0, when proposals of these tests are made."""
    return T0 + timedelta(days=number, seconds=seconds)


def give(user: User, amount: str, at: datetime = LONG_AGO, asset: str = "DUAL") -> None:
    """Book money in from outside, or out."""
    with transaction.atomic():
        wallet = wallets.lock([(user.id, asset)])[user.id, asset]
        legs = [
            wallets.move(wallet, Decimal(amount)),
            ledger.Leg("outside", asset, -Decimal(amount)),
        ]
        wallets.save(wallet, now=at)
        ledger.post("deposit", legs, now=at)


def holder(name: str, amount: str = "1000", at: datetime = LONG_AGO) -> User:
    """Return a user who has held DUAL for long."""
    user = world.user(name)
    give(user, amount, at)
    return user


def propose(
    user: User,
    kind: ProposalType = ProposalType.PARAMETER_CHANGE,
    data: dict[str, Any] | None = None,
    now: datetime = T0,
) -> Proposal:
    return proposals.create(
        user.id, kind, KINK if data is None else data, title=TITLE, description=WHY, now=now
    )


def vote(user: User, proposal: Proposal, direction: str = "FOR", now: datetime = T0) -> Vote:
    return voting.cast_vote(user.id, proposal.id, Direction(direction), now=now)


def run(now: datetime) -> None:
    """Do the engine's step of deadlines."""
    deadlines.run(now)


def tell_all(now: datetime) -> None:
    """Do the engine's step of notices until nobody is left."""
    while deadlines.tell_people(now):
        pass


def passed(kind: ProposalType, data: dict[str, Any], whale: User, now: datetime = T0) -> Proposal:
    """Return a proposal of the whale's that has passed, at the end of its timelock."""
    proposal = propose(whale, kind, data, now)
    if kind == ProposalType.EMERGENCY_ACTION:
        staff = world.user(f"council-{proposal.number}", role="admin")
        proposals.co_sign(proposal.id, actor=staff, address="", now=now)
    vote(whale, proposal, now=now)
    run(proposal.voting_ends_at)
    run(proposal.timelock_ends_at)
    proposal.refresh_from_db()
    assert proposal.status == "READY"
    return proposal


def check() -> None:
    """Hold tallies against votes, deposits and the treasury against the ledger."""
    for proposal in Proposal.objects.all():
        sums = {direction: Decimal(0) for direction in Direction}
        votes = list(proposal.votes.all())
        for one in votes:
            sums[Direction(one.direction)] += one.weight
        assert proposal.tally.votes_for == sums[Direction.FOR]
        assert proposal.tally.votes_against == sums[Direction.AGAINST]
        assert proposal.tally.votes_abstain == sums[Direction.ABSTAIN]
        assert proposal.total_voters == len(votes)
        held = ledger.balance(f"proposal:{proposal.id}", "DUAL")
        assert held == (proposal.deposit if proposal.deposit_state == "held" else 0)
        assert proposal.event_count == proposal.events.count()
    for row in TreasuryAccount.objects.all():
        assert ledger.balance("treasury", row.asset) == row.amount >= 0
