"""The marked voters of a development market, and what they do while it runs (rulings, 11).

They propose, vote and execute through the services as anybody does.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import NamedTuple

from django.db import transaction

from dualis import errors
from dualis.accounts.models import User
from dualis.lending import parameters
from dualis.lending.models import Pool
from dualis.lending.participants import EMAILS
from governance import execution, lifecycle, proposals, voting
from governance.lifecycle import ProposalType, Status
from governance.proposal_models import Proposal, Vote
from governance.tally import Direction

log = logging.getLogger(__name__)

_SEED = "voters"
_PROPOSE = 0.15  # how often a step without an open proposal makes one
_AGREES = 0.75
_ABSTAINS = 0.1


class _Idea(NamedTuple):
    """A value that the demo's proposals move to and fro."""

    pool: str
    name: str
    values: tuple[str, str]
    title: str


_IDEAS = (
    _Idea("usdc-main", "kink", ("0.80", "0.85"), "Move the kink of the USDC pool"),
    _Idea("eth-main", "slope", ("0.04", "0.045"), "Adjust the slope of the ETH pool"),
    _Idea("wbtc-main", "base", ("0.01", "0.0125"), "Adjust the base rate of the wBTC pool"),
    _Idea("cc-main", "jump", ("0.80", "0.75"), "Soften the jump rate of the CC pool"),
)
_WHY = (
    "Utilization has stayed on one side of the target for some time. The change keeps enough cash "
    "at hand for withdrawals without charging borrowers more than that is worth."
)


def step(now: datetime) -> bool:
    """Let one voter do one thing: execute what is ready, vote, or propose; tell whether he did."""
    draw = Random(f"{_SEED} {int(now.timestamp())}")
    people = list(User.objects.filter(email__in=EMAILS).order_by("email"))
    if not people:
        return False
    user = draw.choice(people)
    return any(act(user, draw, now) for act in (_execute, _vote, _propose))


def _execute(user: User, draw: Random, now: datetime) -> bool:
    ready = (
        Proposal.objects.filter(status=Status.READY, execution__isnull=True)
        .order_by("number")
        .first()
    )
    if ready is None:
        return False
    return _try(lambda: execution.execute(user.id, ready.id, now=now))


def _vote(user: User, draw: Random, now: datetime) -> bool:
    is_open = Proposal.objects.filter(status=Status.ACTIVE, voting_ends_at__gt=now)
    voted = Vote.objects.filter(voter=user).values("proposal")
    wanted = is_open.exclude(id__in=voted).order_by("number").first()
    if wanted is None:
        return False
    chance = draw.random()
    direction = Direction.FOR if chance < _AGREES else Direction.AGAINST
    if chance > 1 - _ABSTAINS:
        direction = Direction.ABSTAIN
    return _try(lambda: voting.cast_vote(user.id, wanted.id, direction, now=now))


def _propose(user: User, draw: Random, now: datetime) -> bool:
    if draw.random() > _PROPOSE or Proposal.objects.filter(status__in=lifecycle.LIVE).exists():
        return False
    idea = draw.choice(_IDEAS)
    pool = Pool.objects.filter(id=idea.pool).first()
    if pool is None:
        return False
    present = parameters.present(pool)[idea.name]
    value = idea.values[Decimal(idea.values[0]) == present]
    payload = {
        "poolId": idea.pool,
        "parameter": idea.name,
        "proposedValue": value,
        "rationale": _WHY,
    }
    kind = ProposalType.PARAMETER_CHANGE
    return _try(
        lambda: proposals.create(
            user.id, kind, payload, title=idea.title, description=_WHY, now=now
        )
    )


def _try(act: Callable[[], object]) -> bool:
    """Do something; a refusal is an answer, not a fault."""
    try:
        with transaction.atomic():
            act()
    except errors.DomainError as error:
        log.debug("a voter was refused: %s", error.message)
        return False
    return True
