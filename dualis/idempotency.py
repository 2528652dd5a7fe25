"""Requests that act once, however often they arrive (rulings, 30).

1. The key is written before the act and in its transaction: a second request waits there for the
   first one's end, and then reads its answer.
2. A refusal rolls both back: nothing is stored, and the key is free.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from dualis import errors
from dualis.models import IdempotencyKey
from dualis.retry import retried

KEPT = timedelta(hours=24)  # rulings, 30


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered; `is_replayed` if it was stored by an earlier one."""

    status: int
    body: Any
    is_replayed: bool = False


def once(
    user_id: str,
    method: str,
    path: str,
    key: str,
    body: bytes,
    now: datetime,
    act: Callable[[], tuple[int, Any]],
) -> Answer:
    """Return the stored answer of this key, or run `act` and store what it returns.

    `act` returns a status and a body ready for JSON; it runs in the key's transaction, which is the
    outermost one, and again after a deadlock. Locks the key. IdempotencyConflict if the key was
    used with another body; NotFound for a path too long to be one of ours.
    """
    if len(path) > IdempotencyKey.PATH_LENGTH or "\0" in path:
        raise errors.NotFound(what="address", id=path[: IdempotencyKey.PATH_LENGTH])
    fingerprint = sha256(body).hexdigest()
    which = {"user": user_id, "method": method, "path": path, "key": key}

    def attempt() -> Answer:
        mine = IdempotencyKey(**which, fingerprint=fingerprint, created_at=now)
        # Waits for a transaction that has written the same key and is still open.
        IdempotencyKey.objects.bulk_create([mine], ignore_conflicts=True)
        row = IdempotencyKey.objects.select_for_update(no_key=True).get(**which)
        is_new = row.status is None  # written by this very transaction: others are committed whole
        if not is_new and now < row.created_at + KEPT:
            if row.fingerprint != fingerprint:
                raise errors.IdempotencyConflict()
            assert row.status is not None, "a stored answer has a status"
            return Answer(row.status, row.body, is_replayed=True)
        row.status, row.body = act()
        row.fingerprint, row.created_at = fingerprint, now
        row.save()
        return Answer(row.status, row.body)

    return retried(attempt)


def prune(now: datetime) -> int:
    """Delete the keys older than 24 h; return how many."""
    return IdempotencyKey.objects.filter(created_at__lte=now - KEPT).delete()[0]
