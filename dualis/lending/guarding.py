"""The engine's part in protection rules: who is due, and doing it before anybody is liquidated.

1. A rule is executed, or fails, once: in one transaction with what it moves and with the notice,
   under the locks of the position and the rule.
2. Floats choose, decimals decide: what is due is found with the screen's memory and judged anew.
3. The worst go first. Who is due and had no turn is not put up for auction in this tick, down to
   a health of 0.90: no crowd of rules, and nobody who keeps his rows busy, holds off a liquidation
   for longer than an outage does.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db import transaction

from dualis import errors
from dualis.apart import Apart
from dualis.exact import ZERO, plain_trimmed
from dualis.lending import borrowing, figures, protection, risk
from dualis.lending.alerts import LINK
from dualis.lending.auction import GRACE_DOWN_TO
from dualis.lending.borrow_desk import Desk, take_desk
from dualis.lending.models import ProtectionRule
from dualis.lending.protection_models import Action, Outcome
from dualis.lending.screening import SLACK
from dualis.lending.watch import Watch
from dualis.notifications import notices

FIRST = 25  # executed in every tick, whatever the time
SHARE = 0.6  # of the tick's time that is left to the others
DONE = {Action.REPAY: "was repaid", Action.ADD_COLLATERAL: "was added as collateral"}


def run(
    watch: Watch, now: datetime, apart: Apart, *, time_left: Callable[[], float]
) -> frozenset[str]:
    """Execute the rules that are due; return the positions to spare of those that had no turn."""
    rules = due(watch, now)
    waiting: list[str] = []
    for number, (rule_id, position_id) in enumerate(rules):
        if number >= FIRST and time_left() < SHARE:
            waiting += [position_id for _, position_id in rules[number:]]
            break
        if not apart.act(lambda ids: execute(ids[0], now), [rule_id]):
            waiting.append(position_id)
    healths = watch.healths(waiting, now)
    is_spared = healths > float(GRACE_DOWN_TO) * (1 + SLACK)
    return frozenset(np.array(waiting)[is_spared].tolist()) if waiting else frozenset()


def due(watch: Watch, now: datetime) -> list[tuple[str, str]]:
    """Return rule and position of the active rules that may be due, the worst health first."""
    rows = ProtectionRule.objects.filter(ended_at=None).order_by("position_id", "created_at")
    rules = list(rows.values_list("id", "position_id", "trigger"))
    healths = watch.healths([position_id for _, position_id, _ in rules], now)
    triggers = np.array([float(trigger) for _, _, trigger in rules])
    places = np.flatnonzero(healths * (1 - SLACK) <= triggers)
    worst_first = places[np.argsort(healths[places], kind="stable")]
    return [rules[place][:2] for place in worst_first]


@transaction.atomic
def execute(rule_id: str, now: datetime) -> ProtectionRule | None:
    """Execute a rule if it is due, or end it as failed; return it then, and tell its user.

    Locks as an operation on the position does, then its rules, then the user's count.
    """
    seen = ProtectionRule.objects.select_related("position").filter(id=rule_id, ended_at=None)
    row = seen.first()
    if row is None:
        return None
    is_repayment = row.action == Action.REPAY
    try:
        desk = take_desk(row.position, now, [] if is_repayment else [row.asset])
    except errors.PositionNotFound:
        return None  # closed meanwhile, and the rule with it
    rule = next((rule for rule in desk.rules if rule.id == rule_id), None)
    found = figures.risk_position(desk.position, desk.view)
    if rule is None or not risk.health(found).is_at_most(rule.trigger):
        return None
    notices.lock({rule.user_id})
    before = risk.health_factor_down(risk.health(found))
    wallet = desk.wallet(rule.asset)
    most = wallet.amount if rule.limit is None else min(wallet.amount, rule.limit)
    if not most:
        return _fail(rule, errors.InsufficientBalance.code, before, now)
    amount = _amount(rule, found, desk, most)
    if not amount:
        return _fail(rule, errors.DebtTooSmall.code, before, now)
    rule.end(Outcome.EXECUTED, now, amount=amount)
    text = format(amount, "f")
    try:
        if is_repayment:
            borrowing.repay_at(desk, text)
        else:
            borrowing.add_collateral_at(desk, rule.asset, text)
    except errors.DomainError as refusal:
        return _fail(rule, refusal.code, before, now)
    after = risk.health_factor_down(risk.health(figures.risk_position(desk.position, desk.view)))
    moved = f"{plain_trimmed(amount)} {rule.asset} {DONE[Action(rule.action)]}"
    became = "the debt is paid" if after is None else f"it is {after} now"
    _tell(
        rule,
        "AUTO_PROTECT_EXECUTED",
        "Position protected",
        f"{moved} from your wallet at health factor {before} of {rule.position_id}; {became}.",
        {"healthFactor": None if after is None else float(after)},
        now,
    )
    return rule


def _amount(rule: ProtectionRule, found: risk.Position, desk: Desk, most: Decimal) -> Decimal:
    if rule.action == Action.REPAY:
        return protection.repayment_up(found, rule.trigger, most)
    unit = figures.risk_collateral(rule.asset, ZERO, desk.view)
    return protection.addition_up(found, rule.trigger, unit, most)


def _fail(
    rule: ProtectionRule, reason: str, health: Decimal | None, now: datetime
) -> ProtectionRule:
    """End a rule that could not act, with the code of a refusal, and tell its user."""
    rule.end(Outcome.FAILED, now, reason=reason)
    rule.save()
    said = {
        errors.InsufficientBalance.code: f"there is no {rule.asset} in your wallet",
        errors.DebtTooSmall.code: "a debt below 100 USD would be left",
    }.get(reason, f"it was refused ({reason})")
    _tell(
        rule,
        "AUTO_PROTECT_FAILED",
        "Protection failed",
        f"{rule.position_id} at health factor {health} could not be protected: {said}.",
        {"healthFactor": None if health is None else float(health), "reason": reason},
        now,
    )
    return rule


def _tell(
    rule: ProtectionRule,
    type: str,
    title: str,
    message: str,
    data: dict[str, object],
    now: datetime,
) -> None:
    shown = rule.to_dict()
    kept = {name: shown[name] for name in ("ruleId", "action", "asset", "amount")}
    notices.notify(
        rule.user_id,
        type,
        title=title,
        message=message,
        now=now,
        data={"positionId": rule.position_id, **kept, **data},
        link=LINK,
        dedup_key=f"{type}:{rule.id}",
    )
