"""Who gets which events: those who follow the same topics share one batch, and its bytes.

Pure. Knows topics. Knows nothing of subscribers but that they can be told apart.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from realtime.messages import Batch, Event
from realtime.topics import topics_of

S = TypeVar("S")


def divide(
    events: Sequence[Event], topics: Mapping[str, Collection[S]]
) -> list[tuple[Batch, list[S]]]:
    """Return batches with their subscribers; each subscriber is in one, its events in order."""
    places: dict[str, list[int]] = {}  # topic -> where its events stand
    for place, event in enumerate(events):
        for topic in topics_of(event.channel, event.owner, event.dims):
            if topic in topics:
                places.setdefault(topic, []).append(place)
    if len(places) == 1:  # the usual tick: nobody follows an asset alone
        [topic] = places
        return [(Batch(events[i] for i in places[topic]), list(topics[topic]))]
    followed: dict[S, tuple[str, ...]] = {}
    for topic in places:
        if followed:
            for subscriber in topics[topic]:
                followed[subscriber] = (*followed.get(subscriber, ()), topic)
        else:
            followed = dict.fromkeys(topics[topic], (topic,))
    sharing: dict[tuple[str, ...], list[S]] = {}
    for subscriber, names in followed.items():
        sharing.setdefault(names, []).append(subscriber)
    return [
        (Batch(events[i] for i in sorted({i for name in names for i in places[name]})), those)
        for names, those in sharing.items()
    ]
