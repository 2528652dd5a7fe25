"""The OpenAPI document of every REST address: from the views' own docstrings, serializers, answers.

What a view reads and answers is found in its source; the rows it answers with are those of the
stream; what no source says (an answer's shape) comes from a recorded answer, which is its example.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from django.http import HttpRequest
from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import build_mock_request
from drf_spectacular.utils import OpenApiParameter

from dualis.trading import actions, info
from realtime.summaries import SUMMARIES
from realtime.view_reading import Reading, reading

ANSWERS = Path(__file__).with_name("answers.json")
_ERROR = {"$ref": "#/components/schemas/Refusal"}
_EXTRAS: dict[str, dict[str, Any]] = {
    "seq": {"type": "integer", "description": "The journal's seq that the answer shows"},
    "epoch": {"type": "string", "description": "The journal that the seq belongs to"},
    "hasMore": {"type": "boolean"},
    "pagination": {"type": "object", "additionalProperties": {}},
}
_TAGS = {
    "auth": "Accounts",
    "user": "Accounts",
    "oracle": "Oracle",
    "pools": "Lending",
    "supply": "Lending",
    "borrow": "Lending",
    "liquidations": "Liquidations",
    "analytics": "Analytics",
    "notifications": "Notifications",
    "governance": "Governance",
    "staking": "Governance",
    "trading": "Trading",
    "info": "Trading",
    "exchange": "Trading",
    "events": "Stream",
    "health": "Health",
}
_PLAIN = {  # addresses that are no REST views
    "/v1/health": "The state of everything; 503 only if the database is away.",
    "/health": "Whether fills may be missing; 503 if so (the Notional page's health).",
    "/livez": "Answers as long as the process does.",
    "/readyz": "503 unless database, channel layer and engine work.",
    "/v1/openapi.json": "This document.",
    "/v1/asyncapi.json": "The WebSocket protocols, as AsyncAPI 3.",
}


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "dualis.accounts.authentication.TokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class BrowserScheme(SessionScheme):
    target_class = "dualis.accounts.authentication.BrowserAuthentication"
    name = "session"


class Schema(AutoSchema):
    """Describes one method of one view."""

    @property
    def _reading(self) -> Reading:
        view: type = type(self.view)
        return reading(view, self.method.lower())

    def get_operation_id(self) -> str:
        words = re.findall(r"[A-Za-z0-9]+", self.path.removeprefix("/v1"))
        return self.method.lower() + "".join(word[0].upper() + word[1:] for word in words)

    def get_tags(self) -> list[str]:
        first = self.path.removeprefix("/v1").split("/")[1]
        return [_TAGS[first]]

    def get_summary(self) -> str | None:
        told = SUMMARIES.get(f"{self.method} {self.path}")
        return told or _sentence(type(self.view), self.method)

    def get_description(self) -> str:  # type: ignore[override]
        found = "\n\n".join((type(self.view).__doc__ or "").split("\n\n")[1:])
        return " ".join(found.split())

    def get_request_serializer(self) -> Any:
        if self.path in _TRADING_BODIES:
            return {"application/json": _TRADING_BODIES[self.path]}
        return self._reading.body

    def get_override_parameters(self) -> list[Any]:
        found = self._reading
        named: list[Any] = [OpenApiParameter(name, str) for name in found.params]
        return [*named, *([found.query] if found.query is not None else [])]

    def get_response_serializers(self) -> Any:
        return {self._reading.status: self._answer(), "default": _ERROR}

    def get_examples(self) -> list[Any]:
        return []

    def _answer(self) -> dict[str, Any]:
        recorded = _recorded().get(f"{self.method} {self.path}")
        if self.path in _TRADING_BODIES:
            return {} if recorded is None else shape(recorded)
        told = shape(recorded)["properties"] if recorded else {}
        extras = {name: _EXTRAS.get(name, {}) for name in self._reading.extras if name in _EXTRAS}
        return {
            "type": "object",
            "properties": {"data": {}, **told, **extras},
            "required": ["data"],
            **({"example": recorded} if recorded else {}),
        }

    def _get_serializer_name(
        self, serializer: Any, direction: Any, bypass_extensions: bool = False
    ) -> str:
        kind = type(serializer)
        app = kind.__module__.split(".")[-2]
        return app.capitalize() + kind.__name__.lstrip("_")


def mock_request(method: str, path: str, view: Any, original: Any, **rest: Any) -> Any:
    """Return the request a view is described with; some views ask it for its method (a hook)."""
    view.request = HttpRequest()
    view.request.method = method
    return build_mock_request(method, path, view, original, **rest)


def complete(result: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Add what no view shows: refusals, the ledger's actions, plain addresses (a hook)."""
    schemas = result["components"].setdefault("schemas", {})
    _, of_actions = msgspec.json.schema_components(
        list(actions.Action.__args__), ref_template="#/components/schemas/Exchange{name}"
    )
    schemas |= {f"Exchange{name}": schema for name, schema in of_actions.items()}
    schemas["Refusal"] = _REFUSAL
    for path, summary in _PLAIN.items():
        result["paths"][path] = {
            "get": {
                "operationId": "get" + "".join(w.capitalize() for w in re.findall(r"\w+", path)),
                "summary": summary,
                "tags": ["Health" if "api" not in path else "Reference"],
                "security": [{}],
                "responses": {"200": {"description": "", "content": {"application/json": {}}}},
            }
        }
    return result


@cache
def document() -> dict[str, Any]:
    """Return the whole document; made once a process."""
    made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return made


def shape(value: Any) -> dict[str, Any]:
    """Return a loose schema of a recorded value: nothing is required, everything may be null."""
    match value:
        case bool():
            return _maybe("boolean")
        case int():
            return _maybe("number" if abs(value) < 2 else "integer")  # 0 and 1 may be ratios
        case float():
            return _maybe("number")
        case str():
            return _maybe("string")
        case list():
            return _maybe("array") | {"items": shape(value[0]) if value else {}}
        case dict():
            return _maybe("object") | {"properties": {k: shape(v) for k, v in value.items()}}
    return {}


def _maybe(name: str) -> dict[str, Any]:
    return {"type": [name, "null"]}


@cache
def _recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ANSWERS.read_text())
    return found


def _sentence(view: type, method: str) -> str:
    """Return what a docstring says of a method: `GET pools/<id>: the pool.` -> `The pool`."""
    text = " ".join((view.__doc__ or "").split())
    parts = re.split(r"(?:^|(?<=[.;]) )(GET|POST|PUT|PATCH|DELETE)\b", text)
    told = dict(zip(parts[1::2], parts[2::2], strict=False))
    found = told.get(method, told.get("GET", parts[0] if len(parts) == 1 else ""))
    after = found.partition(": ")[2] or found
    sentence = after.strip().rstrip(";").split(". ")[0]
    return sentence[:1].upper() + sentence[1:] if sentence else view.__name__


_REFUSAL = {
    "type": "object",
    "description": "What a refused request is answered with; see the error catalogue.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "object", "additionalProperties": {}},
                "requestId": {"type": "string"},
                "correlationId": {"type": "string"},
                "timestamp": {"type": "string", "format": "date-time"},
            },
            "required": ["code", "message", "details", "requestId", "timestamp"],
        }
    },
    "required": ["error"],
}
_TRADING_BODIES: dict[str, dict[str, Any]] = {
    "/info": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "enum": list(info.TYPES)},
            "user": {"type": "string"},
            "limit": {"type": "integer", "minimum": 1},
            "blockNumber": {"type": "integer"},
            "hash": {"type": "string"},
        },
        "required": ["type"],
        "additionalProperties": True,
    },
    "/exchange": {
        "type": "object",
        "properties": {
            "action": {
                "oneOf": [
                    {"$ref": f"#/components/schemas/Exchange{one.__name__}"}
                    for one in actions.Action.__args__
                ]
            },
            "nonce": {"type": "integer", "description": "Milliseconds; each is used once"},
            "expiresAfter": {"type": "integer"},
            "signature": {
                "type": "object",
                "description": "By EIP-712; a signed-in browser needs none",
            },
        },
        "required": ["action", "nonce"],
    },
}
