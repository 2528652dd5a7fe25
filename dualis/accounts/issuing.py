"""What a client holds after signing in: a pair of tokens. And the rotation of the pair.

1. Of a session's refresh tokens only the newest counts; showing an older one ends the session,
   for then two parties hold tokens of one family.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from dualis import errors
from dualis.accounts import sessions, tokens
from dualis.accounts.models import Session, User
from dualis.notifications import notices
from dualis.timestamps import iso


@dataclass(frozen=True, slots=True)
class Issued:
    """Access and refresh token of a session; `expires_at` is the end of the refresh token."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    user: User

    def to_dict(self) -> dict[str, Any]:
        return {
            "accessToken": self.access_token,
            "refreshToken": self.refresh_token,
            "expiresAt": iso(self.expires_at),
            "user": self.user.to_dict(),
        }


def issue(session: Session, *, now: datetime) -> Issued:
    """Return the tokens of an open `api` session."""
    return Issued(
        access_token=tokens.mint_access(session, now=now),
        refresh_token=tokens.mint_refresh(session, now=now),
        expires_at=session.expires_at,
        user=session.user,
    )


def refresh(token: str, *, now: datetime) -> Issued:
    """Exchange a refresh token for a new pair.

    SessionExpired for whatever does not count; if it is an older token of a living session, the
    session is ended and its user told, and that stands although the request is refused.
    """
    claims = tokens.verify_refresh(token, now)
    with transaction.atomic(durable=True):
        session = sessions.lock_one(claims.sid)
        if session is None or not session.is_usable(now) or not session.user.is_active:
            raise errors.SessionExpired()
        is_current = session.refresh_jti == claims.jti
        if is_current:
            sessions.rotate(session, now=now)
        else:
            _end_family(session, now)
    if not is_current:
        raise errors.SessionExpired()
    return issue(session, now=now)


def _end_family(session: Session, now: datetime) -> None:
    notices.notify(
        session.user_id,
        "SESSIONS_REVOKED",
        title="A session was ended",
        message="An old refresh token of one of your sessions was used again, so that session was"
        " ended. If it was not your own program, change your password.",
        now=now,
        data={"sessionId": session.id, "address": session.address},
    )
    sessions.end([session], reason="refresh_replayed", now=now)
