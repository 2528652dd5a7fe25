"""Voting power of DUAL: who votes with how much, now and at any time before; delegation.

1. The powers of all users sum to what their DUAL weighs, at every instant: what counts for one user
   counts for nobody else. An operation writes all it changes at one instant, not before the last
   checkpoint of any of them: clocks that differ cannot make a token count twice.
2. Rows of power are locked by user id, after wallets and stakes and before the first save of a
   published row; whoever is delegated to is locked with those who delegate.

Knows nothing of proposals, and of staking only how much it is.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import QuerySet

from dualis import errors
from dualis.accounts.models import User
from dualis.accounts.votes_models import VoteCheckpoint, VotingPower
from dualis.exact import EXACT, ZERO, plain_trimmed

DUAL = "DUAL"  # the one asset that votes

_Rows = dict[str, VotingPower]


def power_at(user_id: str, at: datetime) -> Decimal:
    """Return what a user votes with at this time, delegations counted; zero before his first DUAL.

    An operation that is not committed yet may still write a checkpoint of up to its own `now`, so
    what is read of the last moments is final only with it. The lower of this and an older power
    (rulings, 22) sums to no more than there was then, whatever is still under way.
    """
    rows = VoteCheckpoint.objects.filter(user_id=user_id, at__lte=at).order_by("-at", "-id")
    power = rows.values_list("power", flat=True).first()
    return ZERO if power is None else power


def own_balance(user_id: str) -> Decimal:
    """Return the DUAL a user has now, liquid and staked, unweighted and whoever votes with it."""
    row = _row(user_id)
    return ZERO if row is None else EXACT.add(row.liquid, row.staked)


def standing(user_id: str) -> dict[str, str | None]:
    """Return a user's voting power of now and what it is made of, as REST shows it."""
    row = _row(user_id) or VotingPower(user_id=user_id)
    return {
        "balance": plain_trimmed(EXACT.add(row.liquid, row.staked)),
        "staked": plain_trimmed(row.staked),
        "ownVotingPower": plain_trimmed(row.own),
        "delegatedOut": plain_trimmed(row.own if row.delegate_id else ZERO),
        "delegatedIn": plain_trimmed(row.received),
        "effectiveVotingPower": plain_trimmed(row.effective),
        "delegate": row.delegate_id,
    }


def delegators(user_id: str) -> QuerySet[VotingPower]:
    """Return the rows of those who delegate to a user, by user id."""
    return VotingPower.objects.filter(delegate_id=user_id).order_by("user_id")


@transaction.atomic
def delegate(user_id: str, delegatee_id: str, *, now: datetime) -> VotingPower:
    """Let all of a user's power count for another from now on, instead of whomever before.

    What others delegated to the user stays with him: a delegation is one step deep, and nobody can
    take another's right to delegate by delegating to him. SelfDelegation; NotFound for nobody, or
    an account that is not active; DelegateHasDelegated.
    """
    if delegatee_id == user_id:
        raise errors.SelfDelegation()
    delegatee = User.objects.filter(pk=delegatee_id).first()
    if delegatee is None or not delegatee.is_active:
        raise errors.NotFound(what="user", id=delegatee_id)
    with _changing([user_id, delegatee_id], now) as rows:
        row = rows[user_id]
        if rows[delegatee_id].delegate_id:
            raise errors.DelegateHasDelegated(delegateeId=delegatee_id)
        _point(rows, row, delegatee_id)
    return row


@transaction.atomic
def undelegate(user_id: str, *, now: datetime) -> VotingPower:
    """Let a user's power count for himself again. NotDelegated if it does."""
    with _changing([user_id], now) as rows:
        row = rows[user_id]
        if not row.delegate_id:
            raise errors.NotDelegated()
        _point(rows, row, None)
    return row


def set_liquid(amounts: Mapping[str, Decimal], *, now: datetime) -> None:
    """Take over what DUAL wallets hold, by user; called by `wallets.save`, under their locks."""
    with _changing(amounts, now) as rows:
        for user_id, amount in amounts.items():
            _set_own(rows, rows[user_id], amount, rows[user_id].staked)


def set_staked(user_id: str, staked: Decimal, *, now: datetime) -> None:
    """Take over what a user has staked; called by staking, under the stake's lock."""
    with _changing([user_id], now) as rows:
        _set_own(rows, rows[user_id], rows[user_id].liquid, staked)


@contextmanager
def _changing(user_ids: Iterable[str], now: datetime) -> Iterator[_Rows]:
    """Lock the rows of these users and of their delegates; afterwards write what changed."""
    assert connection.in_atomic_block, "power is written with what it tells of"
    rows = _lock(set(user_ids), now)
    before = {user_id: row.effective for user_id, row in rows.items()}
    yield rows
    at = max(now, *(row.changed_at for row in rows.values()))
    for row in rows.values():
        row.changed_at = at
        row.save()
    VoteCheckpoint.objects.bulk_create(
        VoteCheckpoint(user_id=user_id, at=at, power=row.effective)
        for user_id, row in rows.items()
        if row.effective != before[user_id]
    )


def _lock(user_ids: set[str], now: datetime) -> _Rows:
    rows = _lock_rows(user_ids | _delegates_of(user_ids), now)
    # Others delegated between the look and the lock. From here on they cannot; locked out of the
    # order, these may end in a deadlock, and the caller is tried again.
    late = {row.delegate_id for row in rows.values() if row.delegate_id} - rows.keys()
    return rows | _lock_rows(late, now)


def _delegates_of(user_ids: set[str]) -> set[str]:
    rows = VotingPower.objects.filter(user_id__in=user_ids).exclude(delegate=None)
    return {str(which) for which in rows.values_list("delegate_id", flat=True)}


def _lock_rows(user_ids: set[str], now: datetime) -> _Rows:
    """Lock rows by user id; make those that are missing."""
    wanted = sorted(user_ids)
    found = set(VotingPower.objects.filter(user_id__in=wanted).values_list("user_id", flat=True))
    VotingPower.objects.bulk_create(
        [VotingPower(user_id=which, changed_at=now) for which in wanted if which not in found],
        ignore_conflicts=True,
    )
    rows = VotingPower.objects.select_for_update(no_key=True, of=("self",))
    return {row.user_id: row for row in rows.filter(user_id__in=wanted).order_by("user_id")}


def _set_own(rows: _Rows, row: VotingPower, liquid: Decimal, staked: Decimal) -> None:
    before = row.own
    row.liquid, row.staked = liquid, staked
    if row.delegate_id:
        _receive(rows[row.delegate_id], EXACT.subtract(row.own, before))


def _point(rows: _Rows, row: VotingPower, delegatee_id: str | None) -> None:
    """Let the own power of a row count for another delegate, or for none."""
    if row.delegate_id:
        _receive(rows[row.delegate_id], -row.own)
    row.delegate_id = delegatee_id
    if delegatee_id:
        _receive(rows[delegatee_id], row.own)


def _receive(row: VotingPower, amount: Decimal) -> None:
    row.received = EXACT.add(row.received, amount)


def _row(user_id: str) -> VotingPower | None:
    return VotingPower.objects.filter(user_id=user_id).first()
