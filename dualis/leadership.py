"""Who may move the market: one leader, any number standing by.

1. A PostgreSQL advisory lock on a connection of its own, or a file lock beside the SQLite file,
   elects; it is free again as soon as its holder is gone.
2. Every step's transaction checks the term, so that a leader that lost its link cannot write.
"""

import fcntl
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Protocol

import psycopg
from django.conf import settings
from django.db import connection, transaction

from dualis.models import EngineTerm

ADVISORY_KEY = 0x6475616C  # "dual"
BEAT_SECONDS = 1.0  # how often a leader shows the database that it is there
SILENT_MS = 3_000  # the database lets go of a leader that is silent so long
STEP_SILENT_MS = 4_000  # and of a step that computes, or is cut off, between two statements


class LostLeadership(Exception):
    """Another engine leads now; nothing of this transaction may stay."""


class Lock(Protocol):
    def acquire(self) -> bool:
        """Take the lock if it is free; never waits."""

    def is_held(self) -> bool:
        """Tell whether the lock is still ours."""

    def release(self) -> None: ...


class FileLock:
    """For SQLite: a lock on a file, held by an open descriptor."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> bool:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def is_held(self) -> bool:
        return self._file is not None

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class AdvisoryLock:
    """For PostgreSQL: a session lock on a connection that does nothing else.

    The database ends the session, and frees the lock, unless `is_held` is asked every second or so:
    a link that is cut, a proxy between, a process that stands still are all the same silence.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = parameters
        self._connection: psycopg.Connection[Any] | None = None

    def acquire(self) -> bool:
        self.release()
        try:
            self._connection = psycopg.connect(
                **self._parameters,
                autocommit=True,
                connect_timeout=2,
                keepalives_idle=1,
                keepalives_interval=1,
                keepalives_count=2,
                tcp_user_timeout=2000,
                options=f"-c idle_session_timeout={SILENT_MS}",
            )
            row = self._connection.execute(
                "SELECT pg_try_advisory_lock(%s)", [ADVISORY_KEY]
            ).fetchone()
        except psycopg.Error:
            self.release()
            return False
        if row is None or not row[0]:
            self.release()
            return False
        return True

    def is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self.release()
            return False
        return True

    def release(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def lock() -> Lock:
    """Return the lock that fits the database."""
    if connection.vendor == "sqlite":
        return FileLock(settings.DATA_DIR / "engine.lock")
    parameters = dict(connection.get_connection_params())
    allowed = ("dbname", "user", "password", "host", "port")
    return AdvisoryLock({k: v for k, v in parameters.items() if k in allowed and v})


@transaction.atomic
def begin_term(now: datetime) -> int:
    """Start a new term, in the hands of whoever holds the lock; return its number."""
    term = EngineTerm.objects.select_for_update().get(id=1)
    term.term += 1
    term.holder = f"{socket.gethostname()}:{os.getpid()}"
    term.since_at = now
    term.save()
    return term.term


def check_term(term: int) -> None:
    """Raise LostLeadership unless `term` is the present one; holds the row until the commit.

    A leader that is cut off in the middle of a step does not hold it longer than STEP_SILENT_MS.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL idle_in_transaction_session_timeout = {STEP_SILENT_MS}")
    if not EngineTerm.objects.select_for_update(no_key=True).filter(id=1, term=term).exists():
        raise LostLeadership(f"term {term} is over")
