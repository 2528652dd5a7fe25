"""The catalogue of notifications: category, severity, doors, dedup window (spec 8). Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Category(StrEnum):
    FINANCIAL = "financial"
    AUTH = "auth"
    GOVERNANCE = "governance"
    SYSTEM = "system"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Door(StrEnum):
    """How a notification leaves. In the app means: stored, listed and pushed on the channel."""

    IN_APP = "in_app"
    EMAIL = "email"
    WEBHOOK = "webhook"


_APP = frozenset({Door.IN_APP})
_MAIL = _APP | {Door.EMAIL}
_ALL = _MAIL | {Door.WEBHOOK}
_ALWAYS = timedelta(0)


@dataclass(frozen=True, slots=True)
class Kind:
    category: Category
    severity: Severity
    doors: frozenset[Door] = _APP
    dedup: timedelta = timedelta(minutes=5)


_FINANCIAL, _AUTH, _SYSTEM = Category.FINANCIAL, Category.AUTH, Category.SYSTEM
_GOVERNANCE = Category.GOVERNANCE
_INFO, _WARNING, _CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL

KINDS: dict[str, Kind] = {
    "HEALTH_FACTOR_CAUTION": Kind(_FINANCIAL, _WARNING, _APP, timedelta(hours=6)),
    "HEALTH_FACTOR_DANGER": Kind(_FINANCIAL, _WARNING, _MAIL, timedelta(hours=2)),
    "HEALTH_FACTOR_CRITICAL": Kind(_FINANCIAL, _CRITICAL, _ALL, timedelta(minutes=30)),
    "LIQUIDATION_WARNING": Kind(_FINANCIAL, _CRITICAL, _MAIL),
    "LIQUIDATION_EXECUTED": Kind(_FINANCIAL, _CRITICAL, _ALL, _ALWAYS),
    "RATE_CHANGE_SIGNIFICANT": Kind(_FINANCIAL, _INFO, _MAIL, timedelta(hours=6)),
    "SUPPLY_CAP_APPROACHING": Kind(_FINANCIAL, _WARNING, _MAIL, timedelta(hours=6)),
    "BORROW_CAP_APPROACHING": Kind(_FINANCIAL, _WARNING, _MAIL, timedelta(hours=6)),
    "AUTO_PROTECT_EXECUTED": Kind(_FINANCIAL, _WARNING, _ALL, _ALWAYS),
    "AUTO_PROTECT_FAILED": Kind(_FINANCIAL, _CRITICAL, _ALL),
    "INTEREST_MILESTONE": Kind(_FINANCIAL, _INFO),
    "REWARD_CLAIMABLE": Kind(_FINANCIAL, _INFO, _APP, timedelta(hours=24)),
    "REWARD_CLAIMED": Kind(_FINANCIAL, _INFO, _APP, _ALWAYS),
    "NEW_LOGIN_DEVICE": Kind(_AUTH, _WARNING, _MAIL, timedelta(hours=1)),
    "PASSWORD_CHANGED": Kind(_AUTH, _INFO, _MAIL, _ALWAYS),
    "SESSIONS_REVOKED": Kind(_AUTH, _WARNING, _APP, _ALWAYS),
    "STREAM_TOKEN_CREATED": Kind(_AUTH, _INFO, _APP, _ALWAYS),
    "PROPOSAL_CREATED": Kind(_GOVERNANCE, _INFO, _APP),
    "PROPOSAL_VOTED": Kind(_GOVERNANCE, _INFO, _APP),
    "PROPOSAL_PASSED": Kind(_GOVERNANCE, _INFO, _MAIL),
    "PROPOSAL_REJECTED": Kind(_GOVERNANCE, _INFO, _APP),
    "PROPOSAL_EXECUTED": Kind(_GOVERNANCE, _INFO, _APP),
    "PROPOSAL_VETOED": Kind(_GOVERNANCE, _WARNING, _MAIL),
    "PROPOSAL_EXPIRING": Kind(_GOVERNANCE, _WARNING, _MAIL, timedelta(hours=48)),
    "VOTE_DEADLINE_24H": Kind(_GOVERNANCE, _INFO, _MAIL, timedelta(hours=48)),
    "ORACLE_STALE_PRICE": Kind(_SYSTEM, _CRITICAL, _APP, timedelta(minutes=30)),
    "ORACLE_CIRCUIT_BREAKER": Kind(_SYSTEM, _CRITICAL),
    "PROTOCOL_PAUSED": Kind(_SYSTEM, _CRITICAL, _ALL),
    "PROTOCOL_RESUMED": Kind(_SYSTEM, _INFO, _MAIL),
    "SYSTEM_MAINTENANCE": Kind(_SYSTEM, _INFO, _MAIL),
    "WEBHOOK_DISABLED": Kind(_SYSTEM, _WARNING, _MAIL, _ALWAYS),
    "TEST": Kind(_SYSTEM, _INFO, _ALL, _ALWAYS),
}
