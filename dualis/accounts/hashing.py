"""Places for hashing: each takes a core and 16 MB, so few run at once and nobody waits long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from dualis import errors

PLACES = 4
WAIT_SECONDS = 5.0
_places = threading.BoundedSemaphore(PLACES)


@contextmanager
def place() -> Iterator[None]:
    """Take a place to hash in; Unavailable if none is free in time.

    Gives the database connection back to its pool first: hashing and waiting need none.
    """
    if connection.vendor != "sqlite" and not connection.in_atomic_block:
        connection.close()
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise errors.Unavailable(retryAfter=int(WAIT_SECONDS))
    try:
        yield
    finally:
        _places.release()
