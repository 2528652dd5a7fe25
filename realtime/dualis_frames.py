"""Every frame of the Dualis protocol as a type: what a client sends, and what it is answered. Pure.

A union of rows is a frame of its own each, so that a frame is known by the one type it fits.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from realtime.messages import CloseCode
from realtime.rows import ROWS, Moment
from realtime.topics import CHANNELS

ChannelName = Literal["prices", "pools", "positions", "liquidations", "governance", "notifications"]
_Seq = Annotated[int | UnsetType, Meta(description="The journal's seq, if params.seq asked for it")]
_Epoch = Annotated[str | UnsetType, Meta(description="The journal that the seq belongs to")]
_Values = Annotated[list[str], Meta(max_length=64)]


class _Frame(Struct, forbid_unknown_fields=True, kw_only=True):
    pass


# --- what a client sends ------------------------------------------------------------------------
class Auth(_Frame, tag_field="type", tag="auth"):
    """Say who you are, within 30 s; again with a fresh token before the old one ends."""

    token: Annotated[str, Meta(description="An access token, or a stream token")]


class Ping(_Frame, tag_field="type", tag="ping"):
    """Ask for a sign of life; answered even before auth."""


class Params(_Frame):
    """The filters of a channel (the reference lists which), and what every channel takes."""

    assets: _Values | UnsetType = UNSET
    pools: _Values | UnsetType = UNSET
    positions: _Values | UnsetType = UNSET
    tiers: _Values | UnsetType = UNSET
    stages: _Values | UnsetType = UNSET
    proposals: _Values | UnsetType = UNSET
    events: _Values | UnsetType = UNSET
    categories: _Values | UnsetType = UNSET
    minSeverity: Literal["info", "warning", "critical"] | UnsetType = UNSET
    seq: Annotated[bool | UnsetType, Meta(description="Add seq and epoch to every frame")] = UNSET
    after: Annotated[
        Annotated[int, Meta(ge=0)] | UnsetType,
        Meta(description="The last seq you have: what was missed comes"),
    ] = UNSET
    epoch: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET


class Subscribe(_Frame, tag_field="type", tag="subscribe"):
    """Follow a channel; once more with other params replaces the subscription."""

    channel: ChannelName
    params: Params | UnsetType = UNSET


class Unsubscribe(_Frame, tag_field="type", tag="unsubscribe"):
    """Follow a channel no longer; nothing of it comes after the answer."""

    channel: ChannelName


# --- what the server sends ----------------------------------------------------------------------
class Authenticated(_Frame, tag_field="type", tag="auth"):
    status: Literal["ok"]
    userId: str


class Pong(_Frame, tag_field="type", tag="pong"):
    timestamp: Moment


class Subscribed(_Frame, tag_field="type", tag="subscribed"):
    """Echoes the params as they act; `snapshot` rows follow, or what was missed."""

    channel: ChannelName
    params: Params
    timestamp: Moment
    snapshot: Annotated[int | UnsetType, Meta(description="How many rows the snapshot has")] = UNSET
    resumed: Annotated[bool | UnsetType, Meta(description="Only if params.after was given")] = UNSET
    seq: _Seq = UNSET
    epoch: _Epoch = UNSET


class Unsubscribed(_Frame, tag_field="type", tag="unsubscribed"):
    channel: ChannelName
    params: Params
    timestamp: Moment


class Error(_Frame, tag_field="type", tag="error"):
    """A refusal by name leaves the connection open; one by number is its close code."""

    code: (
        Literal[
            "INVALID_JSON",
            "INVALID_MESSAGE",
            "UNKNOWN_TYPE",
            "NOT_AUTHENTICATED",
            "INVALID_PARAMS",
            "NOT_SUBSCRIBED",
            "BINARY_UNSUPPORTED",
            "TOKEN_EXPIRING",
        ]
        | Literal[4001, 4002, 4003, 4004, 4008, 1011, 1012]
    )
    message: str
    timestamp: Moment
    channel: str | UnsetType = UNSET
    unknown: list[str] | UnsetType = UNSET


def _data(channel: str, row: type[Struct]) -> type[Struct]:
    """Return the type of a channel's data frame with this kind of row."""
    fields: list[Any] = [
        ("channel", Literal[channel]),
        ("timestamp", Moment),
        ("data", row),
        ("seq", _Seq, UNSET),
        ("epoch", _Epoch, UNSET),
    ]
    made = defstruct(
        f"{row.__name__}Data",
        fields,
        bases=(_Frame,),
        tag_field="type",
        tag="data",
        module=__name__,
    )
    made.__doc__ = row.__doc__ if "__doc__" in vars(row) else None
    return made


DATA = {name: tuple(_data(name, row) for row in rows) for name, rows in ROWS.items()}
assert tuple(DATA) == tuple(CHANNELS), "every channel has its rows, in the same order"
REQUESTS: tuple[type[Struct], ...] = (Auth, Ping, Subscribe, Unsubscribe)
ANSWERS: tuple[type[Struct], ...] = (Authenticated, Pong, Subscribed, Unsubscribed, Error)
CLOSES = {
    CloseCode.AUTH_TIMEOUT: "No auth within 30 s",
    CloseCode.INVALID_TOKEN: "The token is invalid, has expired, or its session has ended",
    CloseCode.UNKNOWN_CHANNEL: "There is no such channel; names are matched exactly",
    CloseCode.RATE_LIMITED: "Too many messages, or too many sockets of one user",
    CloseCode.SLOW_CONSUMER: "You read too slowly: reconnect and resume",
    CloseCode.TOO_BIG: "A message is larger than 16,384 bytes",
    CloseCode.SERVICE_RESTART: "The server restarts: reconnect and resume",
    CloseCode.INTERNAL_ERROR: "A fault of ours",
}
