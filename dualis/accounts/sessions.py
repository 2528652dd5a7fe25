"""Sessions: opening, ending, listing. Knows nothing of passwords and of what a token looks like.

1. Locks go user, then sessions by id, then the count of notices, then (by saving) the journal.
2. An ended session takes its refresh token and its cookie with it, in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from dualis import errors
from dualis.accounts.devices import Device
from dualis.accounts.models import Scope, Session, SessionKind, SessionUse, User
from dualis.bulk import save_all

LIFETIME = timedelta(days=7)  # Dualis: refresh token; the cookie lives as long
TOUCH_SECONDS = 60.0  # how exact "last used" is
SIGN_INS = (SessionKind.API, SessionKind.BROWSER)


def open_session(
    user: User,
    device: Device,
    *,
    kind: SessionKind,
    now: datetime,
    expires_at: datetime | None = None,
    name: str = "",
    scope: Scope = Scope.FULL,
    browser_key: str = "",
) -> Session:
    """Write a new session, with its refresh token if it is of kind `api`.

    The caller holds the user's lock. `browser_key` is the key of the cookie's session.
    """
    session = Session(
        user=user,
        kind=kind,
        scope=scope,
        name=name,
        address=device.address,
        user_agent=device.user_agent,
        created_at=now,
        last_used_at=now,
        expires_at=expires_at or now + LIFETIME,
        browser_key=browser_key,
    )
    if kind == SessionKind.API:
        _start_refresh_token(session, now)
    session.save(force_insert=True)
    SessionUse.objects.create(session=session, used_at=now)
    return session


def lock_open(user_id: str) -> list[Session]:
    """Lock all open sessions of a user, whose lock the caller holds."""
    rows = Session.objects.select_for_update(no_key=True)
    return list(rows.filter(user_id=user_id, ended_at=None).order_by("id"))


def lock_one(session_id: str) -> Session | None:
    """Lock one session and return it; None if there is none."""
    return Session.objects.select_for_update(no_key=True).filter(pk=session_id).first()


def rotate(session: Session, *, now: datetime) -> None:
    """Give a locked session a new refresh token and a new week; the old token is buried."""
    _bury_refresh_tokens([session.refresh_jti])
    session.expires_at = now + LIFETIME
    session.last_used_at = now
    _start_refresh_token(session, now)
    session.save()


def end(rows: Sequence[Session], *, reason: str, now: datetime) -> int:
    """End locked sessions, their refresh tokens and cookies; return how many were open."""
    open_ones = [session for session in rows if session.ended_at is None]
    for session in open_ones:
        session.ended_at, session.end_reason = now, reason
    _bury_refresh_tokens([session.refresh_jti for session in open_ones if session.refresh_jti])
    for session in open_ones:
        if session.browser_key:
            _cookie_sessions()(session.browser_key).delete()
    save_all(open_ones)
    return len(open_ones)


@transaction.atomic
def end_one(session_id: str, *, reason: str, now: datetime) -> None:
    """End one session; ending it again, or one that never was, changes nothing."""
    session = lock_one(session_id)
    if session is not None:
        end([session], reason=reason, now=now)


@transaction.atomic
def end_all(user_id: str, *, reason: str, now: datetime) -> int:
    """End every session of a user, stream tokens included; return how many were open."""
    User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    return end(lock_open(user_id), reason=reason, now=now)


@transaction.atomic
def revoke(user_id: str, session_id: str, *, kinds: Sequence[SessionKind], now: datetime) -> None:
    """End one of the user's own open sessions of these kinds. NotFound for any other."""
    session = lock_one(session_id)
    if (
        session is None
        or session.user_id != user_id
        or session.kind not in kinds
        or not session.is_usable(now)
    ):
        raise errors.NotFound(what="session", id=session_id)
    end([session], reason="revoked", now=now)


def listed(user_id: str, *, kinds: Sequence[SessionKind], now: datetime) -> list[Session]:
    """Return the user's usable sessions of these kinds, newest first, with their latest use."""
    rows = Session.objects.filter(
        user_id=user_id, kind__in=kinds, ended_at=None, expires_at__gt=now
    ).select_related("use")
    found = list(rows)
    for session in found:
        session.last_used_at = max(session.last_used_at, session.use.used_at)
    return found


def open_browser(session_id: str, user_id: str, *, now: datetime) -> Session | None:
    """Return the usable browser session that a cookie names; None if it is not the user's."""
    session = Session.objects.filter(pk=session_id).select_related("use").first()
    if session is None or session.kind != SessionKind.BROWSER or session.user_id != user_id:
        return None
    return session if session.is_usable(now) else None


def touch(session: Session, *, now: datetime) -> None:
    """Note that a session (read with its `use`) is in use; writes once a minute at most."""
    stale = now - timedelta(seconds=TOUCH_SECONDS)
    if session.use.used_at <= stale:
        SessionUse.objects.filter(pk=session.pk, used_at__lte=stale).update(used_at=now)


def _start_refresh_token(session: Session, now: datetime) -> None:
    """Name the session's refresh token anew; its text is not kept, a row is not worth a session."""
    session.refresh_jti = uuid4().hex
    OutstandingToken.objects.create(
        user=session.user,
        jti=session.refresh_jti,
        token="",
        created_at=now,
        expires_at=session.expires_at,
    )


def _bury_refresh_tokens(jtis: Sequence[str]) -> None:
    tokens = OutstandingToken.objects.filter(jti__in=jtis)
    BlacklistedToken.objects.bulk_create(
        [BlacklistedToken(token=token) for token in tokens], ignore_conflicts=True
    )


def _cookie_sessions() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore
