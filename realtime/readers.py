"""Database work of the event loop: four threads for reads, so that no read waits behind a tick."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection, transaction

T = TypeVar("T")
THREADS = 4
_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="reader")


async def run(read: Callable[..., T], *args: object) -> T:
    """Run a read in one of the reader threads."""
    return await asyncio.get_running_loop().run_in_executor(_executor, _guarded, read, args)


@contextmanager
def read_only() -> Iterator[None]:
    """Open a read-only transaction that sees one state of the database.

    REPEATABLE READ on PostgreSQL; a plain deferred BEGIN on SQLite, which never waits for a writer.
    """
    if connection.vendor == "sqlite":
        if connection.in_atomic_block:
            raise RuntimeError("a snapshot is a transaction of its own")
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _guarded(read: Callable[..., T], args: tuple[object, ...]) -> T:
    """Run a read; hand the connection back to its pool, and drop one that broke."""
    try:
        return read(*args)
    except (DatabaseError, InterfaceError):
        connection.close()
        raise
    finally:
        if connection.vendor != "sqlite":
            connection.close()
