"""What staff may do to the lending market; each act is audited in its own transaction.

An act that changes nothing leaves no entry.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from dualis import errors
from dualis.accounts import audit, users
from dualis.accounts.models import User
from dualis.lending import parameters, switches
from dualis.lending.models import CreditRating
from dualis.lending.terms import CreditTier


@transaction.atomic
def change_pool(
    pool_id: str, changes: Mapping[str, Any], *, actor: User, address: str, now: datetime
) -> bool:
    """Change parameters of a pool; tell whether any differed. Refusals of `parameters.change`."""
    changed = parameters.change(pool_id, changes, now=now)
    if changed:
        details = {name: {"from": old, "to": new} for name, (old, new) in changed.items()}
        _audit("lending.change_pool", pool_id, actor, address, now, details)
    return bool(changed)


@transaction.atomic
def pause_pool(
    pool_id: str,
    operation: str,
    *,
    is_paused: bool,
    actor: User,
    address: str,
    now: datetime,
) -> bool:
    """Pause or resume what a pool takes in or lends; tell whether that changed it. PoolNotFound."""
    if not switches.pause_pool(pool_id, operation, is_paused=is_paused, now=now):
        return False
    action = f"lending.{'pause' if is_paused else 'resume'}_{operation}"
    _audit(action, pool_id, actor, address, now)
    return True


@transaction.atomic
def pause_protocol(*, is_paused: bool, actor: User, address: str, now: datetime) -> bool:
    """Pause or resume the whole market, publish every pool and tell every user.

    Tells whether that changed it.
    """
    if not switches.pause_protocol(is_paused=is_paused, now=now):
        return False
    action = f"lending.{'pause' if is_paused else 'resume'}_protocol"
    _audit(action, "market", actor, address, now)
    return True


@transaction.atomic
def assign_tier(user_id: str, tier: str, *, actor: User, address: str, now: datetime) -> bool:
    """Give a user a credit tier; tell whether it is another one. Open positions keep theirs.

    Locks the user. Forbidden to oneself; NotFound; ValidationError for what is no tier.
    """
    if tier not in [known.value for known in CreditTier]:
        raise errors.ValidationError({"tier": [f"must be one of {', '.join(CreditTier)}."]})
    if user_id == actor.id:
        raise errors.Forbidden()
    users.lock(user_id)
    rating = CreditRating.objects.filter(user_id=user_id).first()
    before = rating.tier if rating else CreditTier.UNRATED.value
    if before == tier:
        return False
    CreditRating.objects.update_or_create(
        user_id=user_id, defaults={"tier": tier, "assigned_at": now}
    )
    details = {"from": before, "to": tier}
    _audit("lending.assign_tier", user_id, actor, address, now, details)
    return True


def _audit(
    action: str,
    target: str,
    actor: User,
    address: str,
    now: datetime,
    details: dict[str, Any] | None = None,
) -> None:
    audit.record(actor.id, action, target, now=now, details=details, address=address)
