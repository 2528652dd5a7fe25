"""What users were told before: dedup windows and hourly limits, in two reads for many users.

Every change of it runs under the users' unread counts, so two tellers of one user take turns.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db.models import Count, Q

from dualis.notifications.door_models import Told
from dualis.notifications.kinds import KINDS, Door
from dualis.notifications.rules import lower_keys

LIMIT_WINDOW = timedelta(hours=1)  # spec 8: limits are by the hour
LONGEST = max(*(kind.dedup for kind in KINDS.values()), LIMIT_WINDOW)


class Memory:
    """The past of some users, and what is being added to it."""

    def __init__(self, user_ids: Collection[str], keys: Collection[str], now: datetime) -> None:
        """Read what these users were told: all in the last hour, and these keys far enough back."""
        self._now = now
        self._new: list[Told] = []
        self._newest: dict[tuple[str, str], Told] = {}
        self._opened: set[tuple[str, str]] = set()
        rows = Told.objects.filter(user_id__in=user_ids)
        recent = rows.filter(at__gt=now - LIMIT_WINDOW).values_list("user_id").order_by()
        counts = {f"by_{f}": Count("id", filter=Q(**{f: True})) for f in Told.FIELDS.values()}
        self._used: dict[str, Counter[Door]] = {
            user_id: Counter(dict(zip(Told.FIELDS, found, strict=True)))
            for user_id, *found in recent.annotate(**counts)
        }
        self._last: dict[tuple[str, str], datetime] = {}
        known = rows.filter(key__in=keys, at__gt=now - LONGEST).order_by("at")
        for user_id, key, at in known.values_list("user_id", "key", "at"):
            self._last[user_id, key] = at

    def is_repeat(self, user_id: str, type: str, key: str) -> bool:
        """Tell whether the dedup window of the type still holds a notice of this key."""
        window, last = KINDS[type].dedup, self._last.get((user_id, key))
        return bool(window) and last is not None and last > self._now - window

    def used(self, user_id: str) -> Counter[Door]:
        """Return how many notices the user was told through each door in the last hour."""
        return self._used.setdefault(user_id, Counter())

    def note(self, user_id: str, type: str, key: str, doors: Iterable[Door]) -> None:
        """Add what is told now; a higher level of the health factor opens the lower ones again."""
        told = Told(user_id=user_id, key=key, at=self._now)
        for door in doors:
            setattr(told, Told.FIELDS[door], True)
            self.used(user_id)[door] += 1
        self._new.append(told)
        self._newest[user_id, key] = told
        self._last[user_id, key] = self._now
        for lower in lower_keys(type, key):
            self._open(user_id, lower)

    def save(self) -> None:
        """Write what was added."""
        if self._opened:
            users, keys = zip(*self._opened, strict=True)
            held = Told.objects.filter(
                user_id__in=set(users), key__in=set(keys), at__gt=self._now - LONGEST
            ).values_list("id", "user_id", "key")
            ids = [row_id for row_id, *pair in held if tuple(pair) in self._opened]
            Told.objects.filter(id__in=ids).update(key="")
        Told.objects.bulk_create(self._new)

    def _open(self, user_id: str, key: str) -> None:
        self._last.pop((user_id, key), None)
        self._opened.add((user_id, key))
        told = self._newest.pop((user_id, key), None)
        if told is not None:
            told.key = ""


def prune(now: datetime) -> int:
    """Forget what no window reaches any more; return how many."""
    return Told.objects.filter(at__lte=now - LONGEST).delete()[0]
