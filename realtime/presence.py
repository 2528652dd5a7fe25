"""Who is connected to this process: counts per address and user, and each user's message budget.

Knows nothing of other processes; see `places`.
"""

from collections import Counter
from dataclasses import dataclass, field

from realtime.bucket import TokenBucket
from realtime.dualis_protocol import Limits

SWEEP_SECONDS = 1.0
RETURNS = 1_000  # clients a second that a process takes back after a restart
LEAST_RETURN_SECONDS, MOST_RETURN_SECONDS = 1.0, 8.0
LEAVING_SECONDS = 10.0  # for so long closes belong to one restart


@dataclass(slots=True)
class _User:
    sockets: int
    bucket: TokenBucket
    whole: Limits  # of all processes
    part: float = 1.0  # that this one has of it


@dataclass(slots=True)
class Presence:
    """Places are taken on connecting and given back on leaving, whatever happened between."""

    addresses: Counter[str] = field(default_factory=Counter)
    users: dict[str, _User] = field(default_factory=dict)
    closes: Counter[int] = field(default_factory=Counter)  # by close code, since the start
    _swept_at: float = 0.0
    _leaving: tuple[float, int] = (0.0, 0)  # when a restart began, and how many sockets it closes

    def return_seconds(self, now: float) -> float:
        """Return over how long the clients of a process that restarts should come back."""
        if now - self._leaving[0] > LEAVING_SECONDS:
            self._leaving = now, self.sockets
        seconds = self._leaving[1] / RETURNS
        return min(MOST_RETURN_SECONDS, max(LEAST_RETURN_SECONDS, seconds))

    @property
    def sockets(self) -> int:
        return self.addresses.total()

    def enter(self, address: str, limit: int) -> bool:
        """Take a place for an address; False if it has `limit` already."""
        if self.addresses[address] >= limit:
            return False
        self.addresses[address] += 1
        return True

    def leave(self, address: str) -> None:
        self.addresses[address] -= 1
        if self.addresses[address] <= 0:
            del self.addresses[address]

    def sign_in(self, user_id: str, limit: int, share: Limits, now: float) -> TokenBucket | None:
        """Take a place for a user; return what its sockets share, None if it has `limit`."""
        self._forget_rested(now)
        user = self.users.get(user_id)
        if user is None:
            user = self.users[user_id] = _User(
                0, TokenBucket.full(share.rate, share.burst, now), share
            )
        if user.sockets >= limit:
            return None
        user.sockets += 1
        return user.bucket

    def sign_out(self, user_id: str) -> None:
        """Give the place back; the budget stays until it is full: coming back fills none."""
        self.users[user_id].sockets -= 1

    def share(self, user_id: str, part: float) -> None:
        """Give a user's sockets here a part of his budget: the others have the rest."""
        user = self.users.get(user_id)
        if user is not None and user.part != part:
            user.part = part
            user.bucket.resize(user.whole.rate * part, user.whole.burst * part)

    def _forget_rested(self, now: float) -> None:
        """Forget, at most once a second, users without sockets whose budget is full again."""
        if now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        for user_id, user in list(self.users.items()):
            if not user.sockets and user.bucket.is_full(now):
                del self.users[user_id]
