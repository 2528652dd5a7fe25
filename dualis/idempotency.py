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

from django.db import connection

from dualis import errors
from dualis.models import IdempotencyKey
from dualis.retry import retried
from dualis.writes import update

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
        row_id = _claim(**which, fingerprint=fingerprint, now=now)
        if row_id is None:
            row = IdempotencyKey.objects.select_for_update(no_key=True).get(**which)
            if now < row.created_at + KEPT:
                if row.fingerprint != fingerprint:
                    raise errors.IdempotencyConflict()
                assert row.status is not None, "a row of another transaction is committed whole"
                return Answer(row.status, row.body, is_replayed=True)
            row_id = row.id
        status, body = act()
        row = IdempotencyKey(
            id=row_id, status=status, body=body, fingerprint=fingerprint, created_at=now
        )
        update(row, "status", "body", "fingerprint", "created_at")
        return Answer(status, body)

    return retried(attempt)


def _claim(
    user: str, method: str, path: str, key: str, *, fingerprint: str, now: datetime
) -> int | None:
    """Write the key of a request and return its id; None if it is there already.

    Waits for a transaction that has written the same key and is still open.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO dualis_idempotencykey ("user", method, path, key, fingerprint, created_at)'
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            [user, method, path, key, fingerprint, connection.ops.adapt_datetimefield_value(now)],
        )
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def prune(now: datetime) -> int:
    """Delete the keys older than 24 h, without loading them; return how many."""
    old = IdempotencyKey.objects.filter(created_at__lte=now - KEPT)
    count = old.count()
    old._raw_delete(connection.alias)
    return count
