"""An example of every frame: what is sent, and by which frames it is answered. Pure.

The reference and the console show these, and a test sends each of them for real. `{token}`,
`{user}` and `{coin}` stand for the reader's own.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from realtime.messages import CloseCode
from realtime.topics import CHANNELS, NOTIONAL

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Example:
    """`text` is what is sent; `answers` are the names of the frames that answer, in their order.

    Where rows may follow, `rows` names the channel. `closes` is the code the connection ends with.
    """

    name: str
    title: str
    text: str
    answers: tuple[str, ...]
    needs_auth: bool = True
    rows: str = ""
    code: str | int | None = None
    closes: CloseCode | None = None


def _text(**frame: Any) -> str:
    return _encode(frame).decode()


# One filter of each channel, so that the example shows how.
_PARAMS: dict[str, dict[str, Any]] = {
    "prices": {"assets": ["ETH", "BTC"]},
    "pools": {"pools": ["usdc-main"]},
    "positions": {},
    "liquidations": {"stages": ["auction_start", "settlement"]},
    "governance": {"events": ["vote_cast", "proposal_status"]},
    "notifications": {"minSeverity": "warning"},
}
assert tuple(_PARAMS) == tuple(CHANNELS), "every channel has an example, in the same order"


def _subscribe(channel: str) -> Example:
    params = _PARAMS[channel]
    return Example(
        f"subscribe-{channel}",
        f"Follow {channel}",
        _text(type="subscribe", channel=channel, **({"params": params} if params else {})),
        ("Subscribed",),
        rows=channel,
    )


def _refused(name: str, title: str, text: str, code: str, *, needs_auth: bool = True) -> Example:
    return Example(name, title, text, ("Error",), needs_auth, code=code)


DUALIS: tuple[Example, ...] = (
    Example(
        "auth", "Say who you are", _text(type="auth", token="{token}"), ("Authenticated",), False
    ),
    Example("ping", "Ask for a sign of life", _text(type="ping"), ("Pong",), False),
    *(_subscribe(channel) for channel in CHANNELS),
    Example(
        "subscribe-with-seq",
        "Follow prices with seq and epoch in every frame",
        _text(type="subscribe", channel="prices", params={"seq": True}),
        ("Subscribed",),
        rows="prices",
    ),
    Example(
        "resume",
        "Come back and ask for what was missed",
        _text(
            type="subscribe",
            channel="liquidations",
            params={"seq": True, "after": 1, "epoch": "of-another-journal"},
        ),
        ("Subscribed",),
        rows="liquidations",
    ),
    Example(
        "unsubscribe",
        "Follow prices no longer",
        _text(type="unsubscribe", channel="prices"),
        ("Unsubscribed",),
    ),
    _refused("error-json", "Text that is no JSON", "{", "INVALID_JSON", needs_auth=False),
    _refused("error-message", "JSON that is no object", "[]", "INVALID_MESSAGE", needs_auth=False),
    _refused(
        "error-not-authenticated",
        "A subscription before auth",
        _text(type="subscribe", channel="prices"),
        "NOT_AUTHENTICATED",
        needs_auth=False,
    ),
    _refused("error-type", "A type that there is not", _text(type="listen"), "UNKNOWN_TYPE"),
    _refused(
        "error-params",
        "A filter that the channel does not take",
        _text(type="subscribe", channel="pools", params={"assets": ["ETH"]}),
        "INVALID_PARAMS",
    ),
    _refused(
        "error-unknown-id",
        "An asset that there is not",
        _text(type="subscribe", channel="prices", params={"assets": ["NOPE"]}),
        "INVALID_PARAMS",
    ),
    _refused(
        "error-not-subscribed",
        "The end of a subscription that there is not",
        _text(type="unsubscribe", channel="governance"),
        "NOT_SUBSCRIBED",
    ),
    Example(
        "close-channel",
        "A channel that there is not: closes with 4003",
        _text(type="subscribe", channel="Prices"),
        ("Error",),
        code=4003,
        closes=CloseCode.UNKNOWN_CHANNEL,
    ),
    Example(
        "close-token",
        "A token that is none: closes with 4002",
        _text(type="auth", token="your-jwt-token"),
        ("Error",),
        needs_auth=False,
        code=4002,
        closes=CloseCode.INVALID_TOKEN,
    ),
)


def _subscription(type: str) -> dict[str, Any]:
    channel = NOTIONAL[type]
    found: dict[str, Any] = {"type": type}
    if channel.is_private:
        found["user"] = "{user}"
    if channel.filters:
        found["coin"] = "{coin}"
    return found


def _follow(type: str) -> Example:
    text = _text(method="subscribe", subscription=_subscription(type))
    return Example(f"subscribe-{type}", f"Follow {type}", text, ("Confirmation",), False, rows=type)


NOTIONAL_EXAMPLES: tuple[Example, ...] = (
    Example("ping", "Keep the connection", _text(method="ping"), ("Pong",), False),
    *(_follow(type) for type in NOTIONAL),
    Example(
        "unsubscribe",
        "Follow blocks no longer",
        _text(method="unsubscribe", subscription={"type": "newBlocks"}),
        ("Confirmation",),
        False,
    ),
    Example("error-format", "Text that is no JSON", "{", ("Error",), False),
    Example("error-method", "A method that there is not", _text(method="foo"), ("Error",), False),
    Example(
        "error-user",
        "A stream of an account without its address",
        _text(method="subscribe", subscription={"type": "userFills"}),
        ("Error",),
        False,
    ),
    Example(
        "error-type",
        "A stream that there is not",
        _text(method="subscribe", subscription={"type": "trades"}),
        ("Error",),
        False,
    ),
)
