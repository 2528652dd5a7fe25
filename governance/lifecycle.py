"""What a proposal is at a moment: statuses, the clocks of each type, what is due next. Pure.

1. A status is judged by time: what is stored is the last one told, `reached` says what follows it.
2. A vote counts while `now` < the end of voting; a proposal can be executed from the end of its
   timelock up to and including its deadline.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from governance.tally import Outcome


class Status(StrEnum):
    DRAFT = "DRAFT"  # an emergency proposal before the council's co-signature
    ACTIVE = "ACTIVE"
    QUORUM_NOT_MET = "QUORUM_NOT_MET"
    PASSED = "PASSED"  # for the moment between the vote and the timelock
    REJECTED = "REJECTED"
    TIMELOCK = "TIMELOCK"
    READY = "READY"
    EXECUTED = "EXECUTED"
    VETOED = "VETOED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class ProposalType(StrEnum):
    PARAMETER_CHANGE = "PARAMETER_CHANGE"
    NEW_POOL = "NEW_POOL"
    POOL_DEPRECATION = "POOL_DEPRECATION"
    COLLATERAL_ADD = "COLLATERAL_ADD"
    COLLATERAL_REMOVE = "COLLATERAL_REMOVE"
    TREASURY_SPEND = "TREASURY_SPEND"
    EMERGENCY_ACTION = "EMERGENCY_ACTION"
    PROTOCOL_UPGRADE = "PROTOCOL_UPGRADE"
    FEE_CHANGE = "FEE_CHANGE"
    ORACLE_CONFIG = "ORACLE_CONFIG"


OPEN = frozenset({Status.DRAFT, Status.ACTIVE})  # takes one of the open places
WAITING = frozenset({Status.TIMELOCK, Status.READY})
LIVE = OPEN | WAITING  # may still be executed, cancelled and vetoed
ENDED = frozenset(Status) - LIVE - {Status.PASSED}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a type needs: `quorum_percent` of the total supply, and its clocks."""

    quorum_percent: int
    voting: timedelta
    timelock: timedelta


def _terms(quorum_percent: int, voting_days: int, timelock_hours: int) -> Terms:
    return Terms(quorum_percent, timedelta(days=voting_days), timedelta(hours=timelock_hours))


# spec 7
TERMS: dict[ProposalType, Terms] = {
    ProposalType.PARAMETER_CHANGE: _terms(10, 5, 48),
    ProposalType.NEW_POOL: _terms(15, 7, 48),
    ProposalType.POOL_DEPRECATION: _terms(20, 7, 72),
    ProposalType.COLLATERAL_ADD: _terms(15, 7, 48),
    ProposalType.COLLATERAL_REMOVE: _terms(20, 7, 72),
    ProposalType.TREASURY_SPEND: _terms(25, 7, 72),
    ProposalType.EMERGENCY_ACTION: _terms(5, 1, 0),
    ProposalType.PROTOCOL_UPGRADE: _terms(20, 7, 96),
    ProposalType.FEE_CHANGE: _terms(10, 5, 48),
    ProposalType.ORACLE_CONFIG: _terms(15, 5, 48),
}
EXECUTION_WINDOW = timedelta(days=7)
EXPIRY_WARNING = timedelta(hours=48)
VOTE_WARNING = timedelta(hours=24)
COOLDOWN = timedelta(days=14)  # rulings, 23: of a pool's parameter
LOOK_BACK = timedelta(hours=24)  # rulings, 22: the earlier of the two balances
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Times:
    """The moments of one proposal; a vote too short to be warned of has no warning."""

    vote_warning_at: datetime | None
    voting_ends_at: datetime
    timelock_ends_at: datetime
    expiry_warning_at: datetime
    deadline_at: datetime


def times(kind: ProposalType, start: datetime, scale: float = 1.0) -> Times:
    """Return the moments of a proposal whose vote begins at `start`, `scale` times as fast."""
    terms = TERMS[kind]
    voting_ends_at = start + terms.voting / scale
    timelock_ends_at = voting_ends_at + terms.timelock / scale
    deadline_at = timelock_ends_at + EXECUTION_WINDOW / scale
    warning_at = voting_ends_at - VOTE_WARNING / scale
    return Times(
        warning_at if warning_at > start else None,
        voting_ends_at,
        timelock_ends_at,
        deadline_at - EXPIRY_WARNING / scale,
        deadline_at,
    )


def reached(status: Status, at: Times, outcome: Outcome, now: datetime) -> list[Status]:
    """Return the statuses that follow `status` by `now`, in order; `outcome` is of its tally."""
    path: list[Status] = []
    while (following := _next(path[-1] if path else status, at, outcome, now)) is not None:
        path.append(following)
    return path


def status_at(status: Status, at: Times, outcome: Outcome, now: datetime) -> Status:
    """Return the status at `now` of a proposal whose last told status is `status`."""
    return (reached(status, at, outcome, now) or [status])[-1]


def next_due(status: Status, at: Times, since: datetime) -> datetime | None:
    """Return the first moment after `since` at which something is to be done; None if none is.

    In a status that is the end of it or, before that, a warning of it.
    """
    match status:
        case Status.DRAFT:
            moments: Iterable[datetime | None] = (at.voting_ends_at,)
        case Status.ACTIVE:
            moments = (at.vote_warning_at, at.voting_ends_at)
        case Status.TIMELOCK:
            moments = (at.timelock_ends_at,)
        case Status.READY:
            moments = (at.expiry_warning_at, at.deadline_at + _MOMENT)
        case _:
            moments = ()
    return min((moment for moment in moments if moment and moment > since), default=None)


def _next(status: Status, at: Times, outcome: Outcome, now: datetime) -> Status | None:
    match status:
        case Status.DRAFT if now >= at.voting_ends_at:
            return Status.EXPIRED
        case Status.ACTIVE if now >= at.voting_ends_at:
            return Status(outcome.value)
        case Status.PASSED:
            return Status.TIMELOCK if at.timelock_ends_at > at.voting_ends_at else Status.READY
        case Status.TIMELOCK if now >= at.timelock_ends_at:
            return Status.READY
        case Status.READY if now > at.deadline_at:
            return Status.EXPIRED
    return None
