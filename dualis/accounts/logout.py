"""Signing out: here, by refresh token, everywhere. That sockets close follows from the rows."""

from datetime import datetime

from dualis import errors
from dualis.accounts import sessions, tokens
from dualis.accounts.tokens import Identity


def here(identity: Identity, *, now: datetime) -> None:
    """End the session of the request."""
    sessions.end_one(identity.session_id, reason="logout", now=now)


def by_refresh_token(identity: Identity, token: str, *, now: datetime) -> None:
    """End the session of one of the caller's own refresh tokens, rotated or not. TokenInvalid."""
    try:
        claims = tokens.verify_refresh(token, now)
    except errors.SessionExpired as error:
        raise errors.TokenInvalid() from error
    if claims.sub != identity.user_id:
        raise errors.TokenInvalid()
    sessions.end_one(claims.sid, reason="logout", now=now)


def everywhere(identity: Identity, *, now: datetime) -> int:
    """End every session of the user, stream tokens included; return how many were open."""
    return sessions.end_all(identity.user_id, reason="logout_all", now=now)
