"""Several statements in one trip to PostgreSQL: a trip costs a server as much as what it runs.

1. Inside `together`, what is sent waits for the next statement and goes before it, in order: who
   reads sees all that was written. The end of the block sends the rest.
2. A statement that waited fails where it is sent, still inside the block and its transaction.

On SQLite every statement runs at once. Knows SQL and cursors. Knows nothing of models.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

Rows = list[tuple[Any, ...]]
# They answer nothing, and a service nested in a transaction begins and ends with them.
_BOUNDARIES = ("SAVEPOINT ", "RELEASE SAVEPOINT ")
_local = threading.local()


@contextmanager
def together() -> Iterator[None]:
    """Let what is sent wait inside; a block in a block is part of it. Inside a transaction."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql" or _waiting() is not None:
        yield
        return
    assert connection.in_atomic_block, "what waits is sent before its transaction ends"
    waiting = _local.waiting = _Waiting(connection)
    try:
        with connection.execute_wrapper(waiting):
            yield
            waiting.flush()
    finally:
        _local.waiting = None


def send(sql: str, params: Sequence[Any], take: Callable[[Rows], None] | None = None) -> None:
    """Run a statement, inside `together` no later than the next one; `take` gets its rows."""
    waiting = _waiting()
    if waiting is not None:
        waiting.add(sql, params, take)
        return
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(sql, params)
        if take is not None:
            take(cursor.fetchall())


def flush() -> None:
    """Send what waits: for those who go round Django's cursors, as COPY does."""
    waiting = _waiting()
    if waiting is not None:
        waiting.flush()


def read_all(queries: Sequence[tuple[str, Sequence[Any]]]) -> list[Rows]:
    """Run queries in their order and return the rows of each."""
    connection = connections[DEFAULT_DB_ALIAS]  # itself: the usual proxy looks it up at each use
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            return [_one(cursor, sql, params) for sql, params in queries]
        inner = cursor.cursor
        cursor.execute("; ".join([inner.mogrify(sql, params) for sql, params in queries]))
        found = [inner.fetchall()]
        for _ in queries[1:]:
            inner.nextset()
            found.append(inner.fetchall())
        return found


def _one(cursor: Any, sql: str, params: Sequence[Any]) -> Rows:
    cursor.execute(sql, params)
    rows: Rows = cursor.fetchall()
    return rows


def _waiting() -> "_Waiting | None":
    return getattr(_local, "waiting", None)


class _Waiting:
    """What waits in a block; Django calls it with every statement of the connection."""

    def __init__(self, connection: Any) -> None:
        self._cursor = connection.cursor()
        self._sent: list[tuple[str, Callable[[Rows], None] | None]] = []
        self._is_last = False

    def add(
        self, sql: str, params: Sequence[Any], take: Callable[[Rows], None] | None = None
    ) -> None:
        self._sent.append((self._cursor.cursor.mogrify(sql, params), take))

    def flush(self) -> None:
        if not self._sent:
            return
        last, take = self._sent.pop()
        self._is_last = True
        try:
            self._cursor.execute(last)
        finally:
            self._is_last = False
        if take is not None:
            take(self._cursor.fetchall())

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Run a statement with what waits before it."""
        if not self._is_last and isinstance(sql, str) and sql.startswith(_BOUNDARIES):
            self._sent.append((sql, None))
            return None
        if not self._sent:
            return execute(sql, params, many, context)
        inner = context["cursor"].cursor
        if many or not isinstance(sql, str) or hasattr(inner, "name"):  # a cursor of the server
            self.flush()
            return execute(sql, params, many, context)
        before, self._sent = self._sent, []
        text = sql if params is None else inner.mogrify(sql, params)
        result = execute("; ".join([*(sent for sent, _ in before), text]), None, False, context)
        for _, take in before:
            if take is not None:
                take(inner.fetchall())
            inner.nextset()
        return result
