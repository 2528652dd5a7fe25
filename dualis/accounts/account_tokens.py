"""Single-use tokens sent by e-mail. Knows nothing of what they are good for."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from dualis import errors
from dualis.accounts.models import AccountToken, Purpose, User

LIFETIMES = {  # Dualis: verification 24 h, reset 1 h
    Purpose.VERIFY_EMAIL: timedelta(hours=24),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
}


def issue(user: User, purpose: Purpose, *, now: datetime) -> str:
    """Return a new token of a user; unused older ones of the same purpose are void."""
    AccountToken.objects.filter(user=user, purpose=purpose, used_at=None).delete()
    token = secrets.token_urlsafe(32)
    AccountToken.objects.create(
        digest=_digest(token),
        user=user,
        purpose=purpose,
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )
    return token


def holder(token: str, purpose: Purpose, *, now: datetime) -> User:
    """Return whose valid token this is, and leave it valid. TokenInvalid, TokenExpired."""
    row = AccountToken.objects.filter(digest=_digest(token)).select_related("user").first()
    return _checked(row, purpose, now).user


def consume(token: str, purpose: Purpose, *, now: datetime) -> None:
    """Use a token up, inside the transaction of what it is used for. TokenInvalid, TokenExpired.

    The caller holds the lock of the token's user, so a token is used once.
    """
    row = AccountToken.objects.filter(digest=_digest(token)).first()
    row = _checked(row, purpose, now)
    row.used_at = now
    row.save(update_fields=["used_at"])


def prune(*, now: datetime) -> int:
    """Delete expired tokens; return how many."""
    return AccountToken.objects.filter(expires_at__lte=now).delete()[0]


def _checked(row: AccountToken | None, purpose: Purpose, now: datetime) -> AccountToken:
    if row is None or row.purpose != purpose or row.used_at is not None:
        raise errors.TokenInvalid()
    if row.expires_at <= now:
        raise errors.TokenExpired()
    return row


def _digest(token: str) -> str:
    return sha256(token.encode(errors="replace")).hexdigest()
