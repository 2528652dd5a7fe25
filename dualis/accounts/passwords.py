"""Passwords: what a good one is, and how one is changed.

A new password ends every session of its user, so that whoever knew the old one is out.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from dualis import errors
from dualis.accounts import (
    account_tokens,
    credentials,
    guard,
    hashing,
    login,
    mails,
    sessions,
    users,
)
from dualis.accounts.devices import Device
from dualis.accounts.issuing import Issued, issue
from dualis.accounts.models import Purpose, Session, SessionKind, User
from dualis.notifications import notices

MIN_LENGTH, MAX_LENGTH = 8, 128  # Dualis


class PasswordRules:
    """Django validator: 8 to 128 characters with a lower-case, an upper-case letter and a digit."""

    def validate(self, password: str, user: Any = None) -> None:
        rules = {
            f"Use {MIN_LENGTH} to {MAX_LENGTH} characters.": MIN_LENGTH
            <= len(password)
            <= MAX_LENGTH,
            "Use a lower-case letter.": any(letter.islower() for letter in password),
            "Use an upper-case letter.": any(letter.isupper() for letter in password),
            "Use a digit.": any(letter.isdigit() for letter in password),
        }
        broken = [
            ValidationError(text, code="weak") for text, is_kept in rules.items() if not is_kept
        ]
        if broken:
            raise ValidationError(broken)

    def get_help_text(self) -> str:
        return (
            f"Your password has {MIN_LENGTH} to {MAX_LENGTH} characters, among them a lower-case"
            " letter, an upper-case letter and a digit."
        )


def check_strength(password: str, user: User) -> None:
    """Refuse a password that breaks a rule of ours or of Django's. PasswordTooWeak."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise errors.PasswordTooWeak(list(error.messages)) from error


def change(user_id: str, current: str, new: str, device: Device, *, now: datetime) -> Issued:
    """Change a password that is known; ends all sessions and opens a new one for the caller.

    Errors as in `credentials.verify`, PasswordTooWeak.
    """
    user, encoded = _prepared(user_id, current, new, device, now)
    with transaction.atomic():
        user = credentials.lock_verified(user)
        _set(user, encoded, reason="password_changed", now=now)
        session = sessions.open_session(user, device, kind=SessionKind.API, now=now)
    return issue(session, now=now)


def change_browser(
    request: HttpRequest, user_id: str, current: str, new: str, device: Device, *, now: datetime
) -> Session:
    """Like `change`, for a signed-in browser: its cookie stands for the new session."""
    user, encoded = _prepared(user_id, current, new, device, now)
    with transaction.atomic():
        user = credentials.lock_verified(user)
        _set(user, encoded, reason="password_changed", now=now)
        return login.bind(request, user, device, now=now)


@transaction.atomic
def forget(email: str, *, now: datetime) -> None:
    """Send a reset link if the address belongs to a user who may sign in; never tells which.

    The letter takes time that an unknown address does not; registration tells as much by its 409.
    """
    user = users.by_email(email)
    if user is not None and user.is_active:
        token = account_tokens.issue(user, Purpose.RESET_PASSWORD, now=now)
        mails.send_reset(user, token)


def reset(token: str, new: str, *, now: datetime) -> None:
    """Set a new password with the token of a letter; ends all sessions, forgets failed log-ins.

    TokenInvalid, TokenExpired; PasswordTooWeak leaves the token valid.
    """
    user = account_tokens.holder(token, Purpose.RESET_PASSWORD, now=now)
    check_strength(new, user)
    with hashing.place():
        encoded = make_password(new)
    with transaction.atomic():
        user = users.lock(user.id)
        credentials.check_standing(user)
        account_tokens.consume(token, Purpose.RESET_PASSWORD, now=now)
        guard.clear_email(user.email)
        _set(user, encoded, reason="password_reset", now=now)


def _prepared(
    user_id: str, current: str, new: str, device: Device, now: datetime
) -> tuple[User, str]:
    """Check the old password and the new one; return the user and the new hash."""
    email = User.objects.get(pk=user_id).email
    user = credentials.verify(email, current, address=device.address, now=now)
    check_strength(new, user)
    with hashing.place():
        return user, make_password(new)


def _set(user: User, encoded: str, *, reason: str, now: datetime) -> None:
    """Write a new hash for a locked user, tell him and end all sessions."""
    open_sessions = sessions.lock_open(user.id)
    user.password = encoded
    user.save(update_fields=["password"])
    notices.notify(
        user.id,
        "PASSWORD_CHANGED",
        title="Password changed",
        message="The password of your account was changed and all sessions were ended. If this was"
        " not you, reset it now.",
        now=now,
    )
    sessions.end(open_sessions, reason=reason, now=now)
