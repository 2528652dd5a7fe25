"""The lock against guessing passwords: per pair of address and e-mail.

1. An attempt is counted before the password is looked at, so parallel guesses cannot outrun the
   count; success clears it.
2. The count is committed although the log-in is refused.
"""

from datetime import datetime, timedelta
from math import ceil

from django.db import transaction

from dualis import errors
from dualis.accounts.models import LoginGuard

MAX_FAILURES = 8  # Dualis: 8 failures lock the pair
LOCK_SECONDS = 900.0  # Dualis
FORGET_SECONDS = 24 * 3600.0  # Dualis


@transaction.atomic(durable=True)
def admit(address: str, email: str, *, now: datetime) -> None:
    """Count an attempt as failed until `clear` says otherwise. AccountLocked while locked.

    The attempt that reaches the limit is still answered; it locks the ones after it. After the
    lock each further failure locks again, until the pair was quiet for 24 h.
    """
    # The upsert makes the row if need be, and locks it either way.
    LoginGuard.objects.bulk_create(
        [LoginGuard(address=address, email=email, failed_at=now)],
        update_conflicts=True,
        unique_fields=["address", "email"],
        update_fields=["email"],
    )
    guard = LoginGuard.objects.get(address=address, email=email)
    if guard.locked_until is not None and now < guard.locked_until:
        raise errors.AccountLocked(retryAfter=ceil((guard.locked_until - now).total_seconds()))
    if now - guard.failed_at >= timedelta(seconds=FORGET_SECONDS):
        guard.failures = 0
    guard.failures += 1
    guard.failed_at = now
    is_over = guard.failures >= MAX_FAILURES
    guard.locked_until = now + timedelta(seconds=LOCK_SECONDS) if is_over else None
    guard.save()


def clear(address: str, email: str) -> None:
    """Forget the failures of a pair: the password was right."""
    LoginGuard.objects.filter(address=address, email=email).delete()


def clear_email(email: str) -> None:
    """Forget the failures of an e-mail from everywhere: its owner has set a new password."""
    LoginGuard.objects.filter(email=email).delete()


def prune(*, now: datetime) -> int:
    """Delete what the guard has forgotten anyway; return how many pairs."""
    before = now - timedelta(seconds=FORGET_SECONDS)
    return LoginGuard.objects.filter(failed_at__lte=before).delete()[0]
