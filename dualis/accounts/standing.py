"""What staff do to accounts: suspend, reactivate, deactivate, end sessions, unlock. All audited."""

from datetime import datetime

from django.db import transaction

from dualis import errors
from dualis.accounts import audit, guard, sessions, users
from dualis.accounts.models import LoginGuard, Session, Status, User


def suspend(user_id: str, *, actor: User, address: str, now: datetime) -> User:
    """Keep a user out until `reactivate`; ends all sessions."""
    return _set_status(user_id, Status.SUSPENDED, "suspend", actor, address, now)


def deactivate(user_id: str, *, actor: User, address: str, now: datetime) -> User:
    """Close an account; ends all sessions."""
    return _set_status(user_id, Status.DEACTIVATED, "deactivate", actor, address, now)


def reactivate(user_id: str, *, actor: User, address: str, now: datetime) -> User:
    """Let a user in again."""
    return _set_status(user_id, Status.ACTIVE, "reactivate", actor, address, now)


@transaction.atomic
def end_sessions(user_id: str, *, actor: User, address: str, now: datetime) -> int:
    """End all sessions of a user; return how many were open."""
    ended = sessions.end_all(user_id, reason="staff", now=now)
    audit.record(
        actor.id, "end_sessions", user_id, details={"ended": ended}, address=address, now=now
    )
    return ended


@transaction.atomic
def end_session(session_id: str, *, actor: User, address: str, now: datetime) -> None:
    """End one session. NotFound if there is none."""
    session = sessions.lock_one(session_id)
    if session is None:
        raise errors.NotFound(what="session", id=session_id)
    audit.record(
        actor.id,
        "end_session",
        session_id,
        details={"user": session.user_id},
        address=address,
        now=now,
    )
    sessions.end([session], reason="staff", now=now)


@transaction.atomic
def unlock(row: LoginGuard, *, actor: User, address: str, now: datetime) -> None:
    """Forget the failed attempts of one pair of address and e-mail."""
    guard.clear(row.address, row.email)
    audit.record(
        actor.id,
        "unlock_login",
        row.email,
        details={"address": row.address, "failures": row.failures},
        address=address,
        now=now,
    )


@transaction.atomic
def _set_status(
    user_id: str, status: Status, action: str, actor: User, address: str, now: datetime
) -> User:
    """Set a status and end what it ends. Forbidden to oneself; NotFound if there is no user."""
    if user_id == actor.id:
        raise errors.Forbidden()
    user = users.lock(user_id)
    open_ones: list[Session] = [] if status == Status.ACTIVE else sessions.lock_open(user.id)
    before, user.status = user.status, status
    user.save(update_fields=["status"])
    audit.record(
        actor.id,
        action,
        user.id,
        details={"before": before, "after": status.value},
        address=address,
        now=now,
    )
    sessions.end(open_ones, reason=action, now=now)
    return user
