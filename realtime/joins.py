"""What a new subscriber is told: read once for all who come while the journal stands still.

1. A snapshot may be given to whoever followed its topics while the hub had handed out nothing after
   the snapshot's seq: all that is newer reaches it through the hub.
2. None is given for longer than KEEP_SECONDS: not everything that a row shows is journalled.

Knows hub, batches and snapshots. Knows nothing of protocols or sockets.
"""

import time
import weakref

from realtime import batches, snapshots, topics
from realtime.hub import Hub
from realtime.messages import Snapshot, Subscribe

KEEP_SECONDS = 1.0
MOST_KEPT = 256

_Key = tuple[str, tuple[tuple[str, ...], ...]]


class Joins:
    """The newest snapshot of each public selection."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._kept: dict[_Key, tuple[float, Snapshot]] = {}

    async def join(self, request: Subscribe, owner: str) -> Snapshot:
        """Return what a subscriber needs whose topics are followed already."""
        if request.after is not None or topics.channel_of(request.channel).is_private:
            return await batches.ask(snapshots.join_many, (request, owner))
        key = request.selection.channel, request.selection.dims
        kept = self._kept.get(key)
        if kept is not None and self._is_current(*kept):
            return kept[1]
        began = time.monotonic()
        snapshot = await batches.ask(snapshots.join_many, (request, owner))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = began, snapshot
        return snapshot

    def _is_current(self, began: float, snapshot: Snapshot) -> bool:
        return (
            snapshot.seq >= self._hub.cursor
            and snapshot.epoch == self._hub.epoch
            and time.monotonic() - began < KEEP_SECONDS
        )


_joins: weakref.WeakKeyDictionary[Hub, Joins] = weakref.WeakKeyDictionary()


def of(hub: Hub) -> Joins:
    """Return the joins of a hub."""
    if hub not in _joins:
        _joins[hub] = Joins(hub)
    return _joins[hub]
