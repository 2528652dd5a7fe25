"""A statement as CSV (RFC 4180). Pure. Knows the lines of a statement, not where they come from.

A text that a spreadsheet would run as a formula gets an apostrophe in front; amounts are numbers
of ours and stay as they are.
"""

import csv
import io
from collections.abc import Iterable
from typing import Any

COLUMNS = ("at", "type", "asset", "amount", "account", "reference", "memo", "movementId", "id")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def header() -> str:
    """Return the first line."""
    return _text([COLUMNS])


def lines(rows: Iterable[dict[str, Any]]) -> str:
    """Return a line for each row of a statement."""
    return _text([_cell(name, row[name]) for name in COLUMNS] for row in rows)


def _cell(name: str, value: str | None) -> str:
    text = value or ""
    return f"'{text}" if name != "amount" and text.startswith(_FORMULA) else text


def _text(table: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(table)
    return out.getvalue()
