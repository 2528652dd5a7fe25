"""What is told through which door (spec 8): switch, choices, dedup window, hourly limit; pure.

1. System notices and critical ones are always stored in the app; nothing else overrides a choice.
2. A notice inside its dedup window goes nowhere, whatever its severity.
3. Critical notices know no hourly limit.
"""

from collections.abc import Mapping

from dualis.notifications.choices import Choices
from dualis.notifications.kinds import KINDS, Category, Door, Severity

LIMITS = {Door.IN_APP: 200, Door.EMAIL: 10, Door.WEBHOOK: 100}  # spec 8: an hour and user
LADDER = (
    "HEALTH_FACTOR_CAUTION",
    "HEALTH_FACTOR_DANGER",
    "HEALTH_FACTOR_CRITICAL",
    "LIQUIDATION_WARNING",
)
_NOWHERE: frozenset[Door] = frozenset()


def doors(
    type: str, choices: Choices, *, is_repeat: bool, used: Mapping[Door, int]
) -> frozenset[Door]:
    """Return the doors a notice leaves through; none if it is not told.

    `is_repeat`: its dedup window holds one of its key. `used`: how many the user was told through
    each door in the last hour.
    """
    kind = KINDS[type]
    is_critical = kind.severity is Severity.CRITICAL
    is_kept = is_critical or kind.category is Category.SYSTEM
    if is_repeat:
        return _NOWHERE
    chosen = kind.doors & open_doors(choices) if _is_on(type, choices) else _NOWHERE
    if is_kept:
        chosen |= {Door.IN_APP}
    if is_critical:
        return chosen
    return frozenset(door for door in chosen if used.get(door, 0) < LIMITS[door])


def open_doors(choices: Choices) -> frozenset[Door]:
    """Return the doors that a user left open."""
    switches = {
        Door.IN_APP: choices.in_app,
        Door.EMAIL: choices.email,
        Door.WEBHOOK: choices.webhook,
    }
    return frozenset(door for door, is_open in switches.items() if is_open)


def lower_keys(type: str, key: str) -> tuple[str, ...]:
    """Return the dedup keys that a told notice opens again: the lower levels of its position.

    A key of a health-factor notice is its type and, after it, what it is about. Cleared by what is
    told alone: a health factor that swings about a threshold is told once a window.
    """
    if type not in LADDER or not key.startswith(type):
        return ()
    subject = key[len(type) :]
    return tuple(lower + subject for lower in LADDER[: LADDER.index(type)])


def _is_on(type: str, choices: Choices) -> bool:
    category = {
        Category.FINANCIAL: choices.financial,
        Category.AUTH: choices.auth,
        Category.GOVERNANCE: choices.governance,
        Category.SYSTEM: True,
    }[KINDS[type].category]
    single = {
        "INTEREST_MILESTONE": choices.interest_milestones,
        "RATE_CHANGE_SIGNIFICANT": choices.rate_changes,
        "NEW_LOGIN_DEVICE": choices.new_login_alerts,
    }
    return category and single.get(type, True)
