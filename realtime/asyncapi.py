"""The AsyncAPI 3 document of both WebSocket protocols, from the types of their frames. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from realtime import (
    dualis_frames,
    dualis_samples,
    examples,
    notional_frames,
    notional_samples,
)
from realtime.examples import Example
from realtime.topics import CHANNELS, NOTIONAL, Channel, Kind

_BOTH = "A client and the server exchange JSON texts, one object a message."


@dataclass(frozen=True, slots=True)
class Protocol:
    """One of the two: its types, its examples, and where it is served."""

    name: str
    title: str
    path: str
    about: str
    requests: Sequence[type[msgspec.Struct]]
    answers: Sequence[type[msgspec.Struct]]
    data: Mapping[str, Sequence[type[msgspec.Struct]]]
    channels: Mapping[str, Channel]
    examples: Sequence[Example]
    samples: Mapping[str, Any]
    closes: Mapping[int, str]

    @property
    def types(self) -> list[type[msgspec.Struct]]:
        """Return every frame's type: requests, answers, data."""
        return [*self.requests, *self.sent]

    @property
    def sent(self) -> list[type[msgspec.Struct]]:
        """Return the types of what the server sends."""
        return [*self.answers, *(one for rows in self.data.values() for one in rows)]

    def told(self, frame: Any) -> str | None:
        """Return the name of the one frame of the server that this is, or None if it is none."""
        fits = [one.__name__ for one in self.sent if _fits(frame, one)]
        assert len(fits) < 2, f"a frame is of one type: {fits}"
        return fits[0] if fits else None


PROTOCOLS = (
    Protocol(
        "Dualis",
        "The lending market",
        "/v1/ws",
        f"{_BOTH} Authenticate within 30 s, subscribe to channels, get a snapshot and then every "
        "change. Messages are answered in order.",
        dualis_frames.REQUESTS,
        dualis_frames.ANSWERS,
        dualis_frames.DATA,
        CHANNELS,
        examples.DUALIS,
        dualis_samples.SAMPLES,
        {int(code): text for code, text in dualis_frames.CLOSES.items()},
    ),
    Protocol(
        "Notional",
        "The margin ledger",
        "/ws",
        f"{_BOTH} There is no authentication; anybody may follow any address. The root path `/` "
        "serves it too. Say something at least once in 60 s.",
        notional_frames.REQUESTS,
        notional_frames.ANSWERS,
        notional_frames.DATA,
        NOTIONAL,
        examples.NOTIONAL_EXAMPLES,
        notional_samples.SAMPLES,
        {int(code): text for code, text in notional_frames.CLOSES.items()},
    ),
)


def document(host: str, *, is_secure: bool) -> dict[str, Any]:
    """Return the document for a server that is reached at `host`."""
    scheme = "wss" if is_secure else "ws"
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Dualis WebSocket protocols",
            "version": "1.0.0",
            "description": "Two protocols on one server: the lending market's and the ledger's.",
        },
        "defaultContentType": "application/json",
        "servers": {
            one.name: {
                "host": host,
                "pathname": one.path,
                "protocol": scheme,
                "description": one.title,
            }
            for one in PROTOCOLS
        },
        "channels": {one.name: _channel(one) for one in PROTOCOLS},
        "operations": {
            name: operation for one in PROTOCOLS for name, operation in _operations(one)
        },
        "components": _components(),
    }


def _channel(protocol: Protocol) -> dict[str, Any]:
    return {
        "address": protocol.path,
        "title": protocol.title,
        "description": protocol.about,
        "servers": [{"$ref": f"#/servers/{protocol.name}"}],
        "messages": {
            one.__name__: {"$ref": f"#/components/messages/{protocol.name}.{one.__name__}"}
            for one in protocol.types
        },
        "x-close-codes": {str(code): text for code, text in protocol.closes.items()},
        "x-streams": [
            {
                "name": channel.name,
                "kind": "state" if channel.kind is Kind.STATE else "events",
                "private": channel.is_private,
                "filters": {f.param: list(f.choices or ()) for f in channel.filters},
                "messages": [one.__name__ for one in protocol.data[channel.name]],
            }
            for channel in protocol.channels.values()
        ],
    }


def _operations(protocol: Protocol) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield what the server takes, each with its answers, and what it sends of each stream."""
    at = {"$ref": f"#/channels/{protocol.name}"}

    def refs(types: Iterable[type[msgspec.Struct]]) -> list[dict[str, str]]:
        base = f"#/channels/{protocol.name}/messages"
        return [{"$ref": f"{base}/{one.__name__}"} for one in types]

    for request in protocol.requests:
        answered = {
            name
            for example in protocol.examples
            if _is_of(example, request)
            for name in example.answers
        }
        yield (
            f"{protocol.name}.{request.__name__}",
            {
                "action": "receive",
                "channel": at,
                "summary": _about(request),
                "messages": refs([request]),
                "reply": {
                    "channel": at,
                    "messages": refs([a for a in protocol.answers if a.__name__ in answered]),
                },
            },
        )
    for name, types in protocol.data.items():
        yield (
            f"{protocol.name}.{name}",
            {
                "action": "send",
                "channel": at,
                "summary": f"Rows of {name}",
                "messages": refs(types),
            },
        )


@cache
def _components() -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for protocol in PROTOCOLS:
        template = f"#/components/schemas/{protocol.name}.{{name}}"
        _, found = msgspec.json.schema_components(protocol.types, ref_template=template)
        schemas |= {f"{protocol.name}.{name}": schema for name, schema in found.items()}
        for one in protocol.types:
            shown = list(_shown(protocol, one))
            messages[f"{protocol.name}.{one.__name__}"] = {
                "name": one.__name__,
                "title": one.__name__,
                "summary": _about(one),
                "payload": {"$ref": f"#/components/schemas/{protocol.name}.{one.__name__}"},
                "examples": shown,
            }
    return {"schemas": schemas, "messages": messages}


def _shown(protocol: Protocol, one: type[msgspec.Struct]) -> Iterable[dict[str, Any]]:
    """Yield the examples of a frame; of what a client sends those that fit its type."""
    if sample := protocol.samples.get(one.__name__):
        yield {"name": one.__name__, "payload": sample}
    if one in protocol.requests:
        for example in protocol.examples:
            if _is_of(example, one):
                payload = _payload(example.text)
                yield {"name": example.name, "summary": example.title, "payload": payload}


def _about(one: type[msgspec.Struct]) -> str:
    text = one.__dict__.get("__doc__") or ""
    return text.strip().split("\n\n")[0] if not text.startswith(f"{one.__name__}(") else ""


def _is_of(example: Example, one: type[msgspec.Struct]) -> bool:
    payload = _payload(example.text)
    return isinstance(payload, dict) and _fits(payload, one)


def _payload(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def _fits(frame: Any, one: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(frame, one)
    except msgspec.ValidationError:
        return False
    return True
