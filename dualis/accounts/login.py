"""Signing in and out, by token and by cookie."""

from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib import auth
from django.db import transaction
from django.http import HttpRequest

from dualis.accounts import credentials, sessions
from dualis.accounts.devices import Device
from dualis.accounts.issuing import Issued, issue
from dualis.accounts.models import Session, SessionKind, User
from dualis.notifications import notices

UNSEEN_DAYS = 30  # Dualis: NEW_LOGIN for a pair of address and user agent unseen in 30 d
SESSION_ID = "session_id"  # where the cookie's session keeps the id of ours


def login(email: str, password: str, device: Device, *, now: datetime) -> Issued:
    """Sign in with e-mail and password; errors as in `credentials.verify`."""
    user = credentials.verify(email, password, address=device.address, now=now)
    with transaction.atomic():
        user = credentials.lock_verified(user)
        _note_login(user, device, now)
        session = sessions.open_session(user, device, kind=SessionKind.API, now=now)
    return issue(session, now=now)


def login_browser(
    request: HttpRequest, email: str, password: str, device: Device, *, now: datetime
) -> Session:
    """Sign a browser in: its cookie stands for a session of kind `browser` from now on.

    Whoever was signed in with this browser is signed out. Errors as in `credentials.verify`.
    """
    user = credentials.verify(email, password, address=device.address, now=now)
    logout_browser(request, now=now)
    with transaction.atomic():
        user = credentials.lock_verified(user)
        _note_login(user, device, now)
        return bind(request, user, device, now=now)


def logout_browser(request: HttpRequest, *, now: datetime) -> None:
    """End the browser's session and its cookie; without one nothing happens."""
    session_id = request.session.get(SESSION_ID)
    if session_id is not None:
        sessions.end_one(session_id, reason="logout", now=now)
    auth.logout(request)


def bind(request: HttpRequest, user: User, device: Device, *, now: datetime) -> Session:
    """Open a browser session for a locked user and hang it on this browser's fresh cookie."""
    request.session.flush()  # so that log-in makes the new key at once
    auth.login(request, user)
    session = sessions.open_session(
        user,
        device,
        kind=SessionKind.BROWSER,
        now=now,
        browser_key=request.session.session_key or "",
    )
    request.session[SESSION_ID] = session.id
    return session


def _note_login(user: User, device: Device, now: datetime) -> None:
    """Tell a locked user of an unknown device, then record the time; the first log-in is no news.

    Called before the new session is written, which would make any device a known one.
    """
    known = Session.objects.filter(
        user=user,
        kind__in=sessions.SIGN_INS,
        address=device.address,
        user_agent=device.user_agent,
        last_used_at__gt=now - timedelta(days=UNSEEN_DAYS),
    )
    if user.last_login is not None and not known.exists():
        pair = sha256(f"{device.address}\n{device.user_agent}".encode()).hexdigest()
        notices.notify(
            user.id,
            "NEW_LOGIN_DEVICE",
            title="New sign-in",
            message=f"Your account was signed in to from {device.address or 'an unknown address'}."
            " If this was not you, change your password.",
            now=now,
            data={"address": device.address, "userAgent": device.user_agent},
            dedup_key=f"NEW_LOGIN_DEVICE:{pair[:16]}",
        )
    user.last_login = now
    user.save(update_fields=["last_login"])
