"""Acts on many things that stand apart: what fails for one of them does not end the others' turn.

The engine's loop keeps the failure of a step to that step; this keeps the failure of one position
to that position, and hands it to the step when all others have had their turn. For this alone any
exception is caught here.
"""

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from django.db import InterfaceError, OperationalError, connection

from dualis import errors
from dualis.retry import retried

log = logging.getLogger(__name__)

SOUGHT = 20  # failures, after which the fault lies not with single ones: no halves any more


class Apart:
    """A round of acts, each in a transaction of its own; at its end it raises what failed.

    ```
    with Apart("the screening") as apart:
        apart.act(screen, position_ids)
    ```
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.failures: list[Exception] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and self.failures:
            raise ExceptionGroup(f"{self.name} failed for some", self.failures)

    def act(self, act: Callable[[Sequence[str]], object], ids: Sequence[str]) -> bool:
        """Act on all of these in one transaction; if it fails, on each half of them in its own.

        So one that fails costs the others a few transactions more, and nothing else. Rows that
        others hold wait for the next round, and False is returned. A database that is away ends the
        round.
        """
        if not ids:
            return True
        try:
            retried(lambda: act(ids))
        except errors.Contended:
            log.warning("%s: %s", self.name, _some(ids, "contended; the next round tries again"))
            return False
        except Exception as error:
            if isinstance(error, InterfaceError | OperationalError) and not _is_database_there():
                raise
            if len(ids) > 1 and len(self.failures) < SOUGHT:
                middle = len(ids) // 2
                first = self.act(act, ids[:middle])
                return self.act(act, ids[middle:]) and first
            log.exception("%s: %s", self.name, _some(ids, "failed; the others go on"))
            error.add_note(_some(ids, f"failed in {self.name}"))
            self.failures.append(error)
        return True


def _some(ids: Sequence[str], what: str) -> str:
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"{ids[0]}{more} {what}"


def _is_database_there() -> bool:
    return connection.connection is not None and connection.is_usable()
