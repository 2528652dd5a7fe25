"""The audit trail of what staff do. Knows no subject: action and target are words of the caller."""

from datetime import datetime
from typing import Any

from dualis.accounts.models import AuditEntry


def record(
    actor_id: str | None,
    action: str,
    target: str,
    *,
    now: datetime,
    details: dict[str, Any] | None = None,
    address: str = "",
) -> AuditEntry:
    """Append an entry, inside the transaction of what it tells of; no actor is the engine."""
    return AuditEntry.objects.create(
        actor_id=actor_id,
        action=action,
        target=target,
        details=details or {},
        address=address,
        at=now,
    )
