"""Which channels exist, which filters they take, and which topics a row or a subscription has.

1. A filter is a set of topics, not a predicate: the hub only looks topics up.
2. The owner in a private topic comes from the authenticated user, never from params.

Knows channels, params and topics. Knows nothing of sockets, rows or time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import Any

MAX_TOPICS = 64  # a subscription's product of filters
MAX_ID_LENGTH = 64
OPEN = "*"
_SEPARATOR = "\x1f"


class Kind(StrEnum):
    """What a slow reader may miss: older rows of the same key (state), or nothing (events)."""

    STATE = "state"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Filter:
    """One dimension. `choices` closes the list of values; None means ids the database knows."""

    param: str
    choices: tuple[str, ...] | None = None
    is_minimum: bool = False  # one value that admits itself and everything after it in `choices`


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    kind: Kind
    is_private: bool = False
    filters: tuple[Filter, ...] = ()


SESSIONS = "sessions"  # internal: ends sockets, cannot be subscribed to

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("prices", Kind.STATE, filters=(Filter("assets"),)),
        Channel("pools", Kind.STATE, filters=(Filter("pools"),)),
        Channel("positions", Kind.STATE, is_private=True, filters=(Filter("positions"),)),
        Channel(
            "liquidations",
            Kind.EVENTS,
            filters=(
                Filter("pools"),
                Filter(
                    "tiers", ("SoftLiquidation", "ForcedLiquidation", "FullLiquidation", "Resale")
                ),
                Filter("stages", ("trigger", "auction_start", "settlement")),
            ),
        ),
        Channel(
            "governance",
            Kind.EVENTS,
            filters=(
                Filter("proposals"),
                Filter(
                    "events",
                    (
                        "proposal_created",
                        "vote_cast",
                        "vote_changed",
                        "proposal_status",
                        "proposal_executed",
                        "execution_failed",
                        "proposal_vetoed",
                        "proposal_cancelled",
                    ),
                ),
            ),
        ),
        Channel(
            "notifications",
            Kind.EVENTS,
            is_private=True,
            filters=(
                Filter("categories", ("financial", "auth", "governance", "system")),
                Filter("minSeverity", ("info", "warning", "critical"), is_minimum=True),
            ),
        ),
    )
}
_INTERNAL = Channel(SESSIONS, Kind.EVENTS, is_private=True)

# The Notional page's: a private one belongs to an address, which anybody may name (no auth there).
NOTIONAL: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel("userFills", Kind.EVENTS, is_private=True),
        Channel("accountSummary", Kind.STATE, is_private=True),
        Channel("orderUpdates", Kind.EVENTS, is_private=True),
        Channel("userOrderRejections", Kind.EVENTS, is_private=True),
        Channel("userTransactions", Kind.EVENTS, is_private=True),
        Channel("activeAssetData", Kind.STATE, is_private=True, filters=(Filter("coin"),)),
        Channel("twapUpdates", Kind.EVENTS, is_private=True),
        Channel("newBlocks", Kind.EVENTS),
        Channel("newTransactions", Kind.EVENTS),
    )
}
_ALL = {**CHANNELS, **NOTIONAL, SESSIONS: _INTERNAL}


class InvalidParams(ValueError):
    """The params of a subscription are not what the channel takes; the text says why."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A channel's validated filter: the params as they will act, and their values by dimension."""

    channel: str
    params: dict[str, Any]
    dims: tuple[tuple[str, ...], ...]  # per dimension the admitted values, empty if open

    def ids(self) -> dict[str, tuple[str, ...]]:
        """Return the values, by param, that only the database can judge."""
        filters = CHANNELS[self.channel].filters
        return {
            f.param: values
            for f, values in zip(filters, self.dims, strict=True)
            if f.choices is None and values
        }


def select(channel: str, params: Mapping[str, Any]) -> Selection:
    """Validate the filter params of a subscription; raise InvalidParams with the reason."""
    return _select(channel, params) if params else _select_all(channel)


@lru_cache(maxsize=64)
def _select_all(channel: str) -> "Selection":
    """Return the selection without a filter, which most subscriptions share."""
    return _select(channel, {})


def _select(channel: str, params: Mapping[str, Any]) -> "Selection":
    filters = CHANNELS[channel].filters
    known = {f.param for f in filters}
    if unknown := sorted(set(params) - known):
        takes = ", ".join(sorted(known)) or "no filter"
        raise InvalidParams(f"{channel} takes {takes}; unknown: {', '.join(unknown)[:200]}")
    effective: dict[str, Any] = {}
    dims: list[tuple[str, ...]] = []
    for f in filters:
        value = params.get(f.param)
        values = _minimum(f, value) if f.is_minimum else _values(f, value)
        dims.append(values)
        if values:
            effective[f.param] = value if f.is_minimum else list(values)
    selection = Selection(channel, effective, tuple(dims))
    size = 1
    for values in dims:
        size *= max(1, len(values))
    if size > MAX_TOPICS:
        raise InvalidParams(
            f"these filters make {size} combinations; at most {MAX_TOPICS} are taken"
        )
    return selection


def topics_for(selection: Selection, user_id: str) -> frozenset[str]:
    """Return the topics of a subscription by this user.

    The last one carries the rows that every subscriber of the channel gets.
    """
    channel = channel_of(selection.channel)
    if channel.is_private:
        return _topics(channel.name, user_id, selection.dims)
    return _public_topics(channel.name, "", selection.dims)


def _topics(channel: str, owner: str, dims: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    combinations = product(*(values or (OPEN,) for values in dims))
    return frozenset(_topic(channel, owner, one) for one in combinations) | {
        _topic(channel, owner, ())
    }


_public_topics = lru_cache(maxsize=1_024)(_topics)


@lru_cache(maxsize=65_536)
def topics_of(channel: str, owner: str, dims: tuple[str, ...]) -> tuple[str, ...]:
    """Return every topic under which a row is delivered."""
    if not dims:
        return (_topic(channel, owner, ()),)
    return tuple(_topic(channel, owner, c) for c in product(*((value, OPEN) for value in dims)))


def session_topic(user_id: str, session_id: str) -> str:
    """Return the topic that ends the sockets of one session."""
    return _topic(SESSIONS, user_id, (session_id,))


def channel_of(name: str) -> Channel:
    """Return a channel of either protocol, internal ones included."""
    return _ALL[name]


def kind_of(name: str) -> Kind:
    """Return the kind of a channel, internal ones included, or of a subscription by its name."""
    return _ALL[channel_in(name)].kind


def channel_in(topic: str) -> str:
    """Return the name of the channel that a topic belongs to."""
    return topic.partition(_SEPARATOR)[0]


def name_of(channel: str, owner: str, dims: Sequence[str]) -> str:
    """Return the name of one subscription among several to the same channel: its topic."""
    return _topic(channel, owner, tuple(dims))


def _topic(channel: str, owner: str, dims: tuple[str, ...]) -> str:
    return _SEPARATOR.join((channel, owner, *dims))


def _values(f: Filter, value: Any) -> tuple[str, ...]:
    if value is None or value == []:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidParams(f"params.{f.param} must be a list of strings")
    values: Sequence[str] = list(dict.fromkeys(value))
    if len(values) > MAX_TOPICS or any(not 0 < len(item) <= MAX_ID_LENGTH for item in values):
        raise InvalidParams(
            f"params.{f.param} takes up to {MAX_TOPICS} names of 1 to {MAX_ID_LENGTH} characters"
        )
    if f.choices is not None and (bad := [item for item in values if item not in f.choices]):
        raise InvalidParams(
            f"params.{f.param} knows {', '.join(f.choices)}; unknown: {', '.join(bad)[:200]}"
        )
    return tuple(values)


def _minimum(f: Filter, value: Any) -> tuple[str, ...]:
    assert f.choices is not None, "a minimum is taken from a closed list"
    if value is None:
        return ()
    if value not in f.choices:
        raise InvalidParams(f"params.{f.param} must be one of {', '.join(f.choices)}")
    return f.choices[f.choices.index(value) :]
