"""Protection rules: setting, revoking, and their end with the position. `guarding` executes them.

A rule is written under its position's lock or its own; who holds both took the position's first.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import QuerySet

from dualis import amounts, errors
from dualis.bulk import save_all
from dualis.exact import written
from dualis.lending import accounts
from dualis.lending.models import BorrowPosition, Pool
from dualis.lending.protection import HIGHEST, LOWEST
from dualis.lending.protection_models import TRIGGER_PLACES, Action, Outcome, ProtectionRule
from dualis.lookups import built_once


@transaction.atomic
def set_rule(
    user_id: str,
    position_id: str,
    *,
    trigger: str,
    action: str,
    limit: str,
    asset: str = "",
    now: datetime,
) -> ProtectionRule:
    """Let the engine act once on an open position; locks it.

    `asset` names the collateral to add; of a repayment it is the debt's. PositionNotFound,
    ProtectionExists while the position has an active rule of this action, CollateralNotAccepted,
    ValidationError.
    """
    position = accounts.borrow_position(user_id, position_id)
    if position is None:
        raise errors.PositionNotFound(positionId=position_id)
    pool = Pool.objects.get(id=position.pool_id)
    kind = _action(action)
    if kind is Action.ADD_COLLATERAL:
        pool = _pool_of(asset)
    elif asset not in ("", pool.asset_id):
        raise errors.ValidationError({"asset": [f"the debt is in {pool.asset_id}."]})
    rule = ProtectionRule(
        user_id=user_id,
        position=position,
        trigger=_trigger(trigger),
        action=kind.value,
        asset=pool.asset_id,
        limit=amounts.parse(limit, pool.places, field="limit"),
        created_at=now,
    )
    if any(other.action == rule.action for other in lock(position_id)):
        raise errors.ProtectionExists(positionId=position_id, action=rule.action)
    rule.save(force_insert=True)
    return rule


@transaction.atomic
def revoke(user_id: str, position_id: str, rule_id: str, *, now: datetime) -> ProtectionRule:
    """End a rule of the user; one that has ended stays as it is. Locks the rule. NotFound."""
    rows = ProtectionRule.objects.select_for_update(no_key=True, of=("self",))
    rule: ProtectionRule | None = rows.filter(
        user_id=user_id, position_id=position_id, id=rule_id
    ).first()
    if rule is None:
        raise errors.NotFound(what="protection", id=rule_id)
    if rule.is_open():
        rule.end(Outcome.REVOKED, now)
        rule.save()
    return rule


def of_user(user_id: str) -> QuerySet[ProtectionRule]:
    """Return all rules of a user, ended ones included, the newest first."""
    return ProtectionRule.objects.filter(user_id=user_id).order_by("-created_at", "-id")


def lock(position_id: str) -> list[ProtectionRule]:
    """Lock and return the active rules of a position; the caller holds the position's lock."""
    return locked(position_id)


@built_once
def locked(position_id: str) -> QuerySet[ProtectionRule]:
    rows = ProtectionRule.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(position_id=position_id, ended_at=None).order_by("id")


def save(rules: Sequence[ProtectionRule], position: BorrowPosition, now: datetime) -> None:
    """Write which of these rules, locked as active ones, have ended; with the position all do."""
    for rule in rules:
        if rule.is_open() and not position.is_open():
            rule.end(Outcome.ENDED, now)
    save_all([rule for rule in rules if not rule.is_open()])


def _action(text: str) -> Action:
    try:
        return Action(text)
    except ValueError:
        raise errors.ValidationError({"action": [f"must be one of {', '.join(Action)}."]}) from None


def _trigger(text: str) -> Decimal:
    try:
        trigger = written(text)
    except InvalidOperation:
        trigger = LOWEST
    exponent = trigger.as_tuple().exponent
    is_fine = isinstance(exponent, int) and exponent >= -TRIGGER_PLACES
    if not is_fine or not LOWEST < trigger <= HIGHEST:
        said = (
            f"must be above {LOWEST} and up to {HIGHEST}, with up to {TRIGGER_PLACES}"
            " decimal places."
        )
        raise errors.ValidationError({"triggerHealthFactor": [said]})
    return trigger


def _pool_of(asset: str) -> Pool:
    """Return the pool of an asset that is taken as collateral."""
    pool: Pool | None = Pool.objects.filter(asset_id=asset).first()
    if pool is None or not (pool.is_collateral and pool.is_active):
        raise errors.CollateralNotAccepted(asset=asset)
    return pool
