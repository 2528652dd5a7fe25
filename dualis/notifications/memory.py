"""What one user was told lately: dedup windows and hourly counts; pure. Kept beside his count.

1. Deleting a notification neither opens its dedup window nor frees its place in a limit.
2. What no window reaches any more is forgotten when it is read.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from dualis.notifications.kinds import KINDS, Door
from dualis.notifications.rules import lower_keys

LIMIT_WINDOW = timedelta(hours=1)  # spec 8: limits are by the hour; it begins with its first notice


class Memory:
    """The past of a user as of `now`, read from its JSON and written back by `to_dict`.

    `until`: dedup key to the moment its window closes. `used`: door to the moment its hour ends
    and how many notices have left by it. Moments are seconds since 1970.
    """

    def __init__(self, past: Mapping[str, Any], now: datetime) -> None:
        self._now = now.timestamp()
        until, used = past.get("until", {}), past.get("used", {})
        self._until: dict[str, float] = {k: end for k, end in until.items() if end > self._now}
        self._used: dict[Door, tuple[float, int]] = {
            Door(door): (end, count) for door, (end, count) in used.items() if end > self._now
        }

    def is_repeat(self, key: str) -> bool:
        """Tell whether a dedup window still holds a notice of this key."""
        return key in self._until

    def used(self) -> dict[Door, int]:
        """Return how many notices left by each door in its present hour."""
        return {door: count for door, (_, count) in self._used.items()}

    def note(self, type: str, key: str, doors: Iterable[Door]) -> None:
        """Add what is told now; a higher level of the health factor opens the lower ones again."""
        window = KINDS[type].dedup
        if window:
            self._until[key] = self._now + window.total_seconds()
        for lower in lower_keys(type, key):
            self._until.pop(lower, None)
        for door in doors:
            end, count = self._used.get(door, (self._now + LIMIT_WINDOW.total_seconds(), 0))
            self._used[door] = (end, count + 1)

    def to_dict(self) -> dict[str, Any]:
        return {
            "until": self._until,
            "used": {door.value: list(entry) for door, entry in self._used.items()},
        }
