"""How a moment is written on the wire: ISO 8601, UTC, milliseconds, Z."""

from datetime import UTC, datetime


def iso(moment: datetime) -> str:
    """Return `2026-02-28T10:30:00.000Z` for an aware datetime; milliseconds are cut."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def iso_or_none(moment: datetime | None) -> str | None:
    """Return the moment on the wire, or None for none."""
    return None if moment is None else iso(moment)
