"""What staff may do to the margin ledger; each act is audited in its own transaction."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.accounts import audit
from dualis.accounts.models import User
from dualis.exact import plain_trimmed
from dualis.trading import money, withdrawals
from dualis.trading.models import PollerState


@transaction.atomic
def switch_poller(*, is_enabled: bool, actor: User, address: str, now: datetime) -> bool:
    """Switch the fills poller on or off; tell whether that changed it."""
    row, _ = PollerState.objects.select_for_update(no_key=True).get_or_create(id=1)
    if row.is_enabled == is_enabled:
        return False
    row.is_enabled, row.resume_at = is_enabled, None
    row.save()
    action = f"trading.{'resume' if is_enabled else 'pause'}_poller"
    audit.record(actor.id, action, "poller", now=now, address=address)
    return True


@transaction.atomic
def restart_poller(*, actor: User, address: str, now: datetime) -> bool:
    """Let the poller ask at once: on, without back-off, from the first account; audited.

    False if it was on and held back by nothing.
    """
    row, _ = PollerState.objects.select_for_update(no_key=True).get_or_create(id=1)
    if row.is_enabled and row.resume_at is None and not row.errors:
        return False
    details = {"errors": row.errors, "lastError": row.last_error}
    row.is_enabled, row.resume_at, row.errors, row.last_error = True, None, 0, ""
    row.after = ""
    row.save()
    audit.record(
        actor.id, "trading.restart_poller", "poller", now=now, details=details, address=address
    )
    return True


@transaction.atomic
def deposit(
    name: str, asset: str, amount: Decimal, *, actor: User, address: str, now: datetime
) -> str:
    """Book what came in from outside, audited (rulings, 31); Forbidden to one's own account."""
    _require_another(name, actor)
    hash = money.deposit(name, asset, amount, now=now, memo=f"by {actor.id}")
    details = {"asset": asset, "amount": plain_trimmed(amount), "transaction": hash}
    audit.record(actor.id, "trading.deposit", name[:64], now=now, details=details, address=address)
    return hash


@transaction.atomic
def fail_withdrawal(withdrawal_id: str, *, actor: User, address: str, now: datetime) -> bool:
    """Let a pending withdrawal go: the amount is free again; False if it has ended."""
    is_ended = withdrawals.settle(withdrawal_id, withdrawals.FAILED, now=now)
    if is_ended:
        audit.record(
            actor.id, "trading.fail_withdrawal", withdrawal_id[:64], now=now, address=address
        )
    return is_ended


def _require_another(name: str, actor: User) -> None:
    if money.MarginAccount.objects.filter(name=name, user_id=actor.id).exists():
        raise errors.Forbidden()
