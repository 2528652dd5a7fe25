"""The catalogue of notifications: type, category, severity, doors, dedup window (spec 8). Pure."""

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


@dataclass(frozen=True, slots=True)
class Kind:
    category: Category
    severity: Severity
    dedup: timedelta = timedelta(minutes=5)


KINDS: dict[str, Kind] = {
    "NEW_LOGIN_DEVICE": Kind(Category.AUTH, Severity.WARNING, timedelta(hours=1)),
    "PASSWORD_CHANGED": Kind(Category.AUTH, Severity.INFO, timedelta(0)),
    "SESSIONS_REVOKED": Kind(Category.AUTH, Severity.WARNING, timedelta(0)),
    "STREAM_TOKEN_CREATED": Kind(Category.AUTH, Severity.INFO, timedelta(0)),
    "ORACLE_STALE_PRICE": Kind(Category.SYSTEM, Severity.CRITICAL, timedelta(minutes=30)),
    "ORACLE_CIRCUIT_BREAKER": Kind(Category.SYSTEM, Severity.CRITICAL, timedelta(minutes=5)),
}
