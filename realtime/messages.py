"""The values that pass between protocols, shell and hub. No behaviour beyond their own caches."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from realtime.frames import Frame
from realtime.topics import SESSIONS, Selection


class CloseCode(IntEnum):
    """Close codes: the Dualis page's, RFC 6455's, and two of ours (4008, and 1012 on restart)."""

    IDLE = 1000  # notional 1: silence ends normally
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    AUTH_TIMEOUT = 4001
    INVALID_TOKEN = 4002
    UNKNOWN_CHANNEL = 4003
    RATE_LIMITED = 4004
    SLOW_CONSUMER = 4008


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a socket speaks for. `expires_at` is epoch seconds."""

    user_id: str
    role: str
    session_id: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class Send:
    """Answer with this frame, after everything answered before."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Close:
    """Close after everything sent before has left."""

    code: CloseCode
    reason: str


@dataclass(frozen=True, slots=True)
class Authenticate:
    token: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Join a channel; `after` asks for what was missed since, in the journal called `epoch`.

    `owner` is whose rows are wanted where the protocol lets a client say so.
    """

    selection: Selection
    with_seq: bool = False
    after: int | None = None
    epoch: str = ""
    owner: str = ""

    @property
    def channel(self) -> str:
        return self.selection.channel


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    channel: str
    frame: Frame


Message = Send | Close | Authenticate | Subscribe | Unsubscribe


@dataclass(slots=True)
class Event:
    """A committed change. `text` is the row's JSON; `frames` holds each wire form, made once."""

    seq: int
    epoch: str
    channel: str
    key: str
    owner: str
    dims: tuple[str, ...]
    is_deleted: bool
    at: str
    text: str
    frames: dict[str, Frame] = field(default_factory=dict, repr=False, compare=False)

    def to_wire(self) -> list[Any]:
        """Return the event for a group message."""
        return [
            self.seq,
            self.channel,
            self.key,
            self.owner,
            list(self.dims),
            self.is_deleted,
            self.at,
            self.text,
        ]

    @classmethod
    def from_wire(cls, epoch: str, row: list[Any]) -> "Event":
        """Return the event of a group message."""
        seq, channel, key, owner, dims, is_deleted, at, text = row
        return cls(seq, epoch, channel, key, owner, tuple(dims), is_deleted, at, text)


class Batch(list[Event]):
    """The events of a transaction, or of some in a row, for all who follow the same topics.

    `wires` holds the joined bytes of the whole batch by form, each made once.
    """

    __slots__ = ("is_internal", "wires")

    def __init__(self, events: Iterable[Event]) -> None:
        super().__init__(events)
        self.is_internal = any(event.channel == SESSIONS for event in self)
        self.wires: dict[str, bytes] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a snapshot: its key, its JSON, and its values in the channel's dimensions."""

    key: str
    dims: tuple[str, ...]
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`(seq, rows)` with the journal's epoch; `frames` holds each wire form, made once."""

    seq: int
    epoch: str
    rows: tuple[Row, ...]
    missed: tuple[Event, ...] | None = None  # set instead of rows when a resume succeeded
    frames: dict[str, list["Message"]] = field(default_factory=dict, repr=False, compare=False)
