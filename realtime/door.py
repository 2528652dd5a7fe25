"""What happens to a request before Django: no body beyond the bound, and probes by any name.

Knows ASGI. Knows nothing of views.
"""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import msgspec
from django.conf import settings

from dualis import errors
from dualis.api import error_body
from dualis.middleware import request_id

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
PROBES = ("/livez", "/readyz", "/metrics")  # asked by address, without our name


async def serve_http(app: Any, scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Pass a request on to Django unless its body is too large."""
    limit = settings.HTTP_MAX_BYTES
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > limit:
        await _refuse(send, limit, headers.get(b"x-request-id", b"").decode("latin-1"))
        return
    if scope["path"] in PROBES:
        scope = {**scope, "headers": _as_ours(scope["headers"])}
    await app(scope, _bounded(receive, limit), send)


def _bounded(receive: Receive, limit: int) -> Receive:
    """Count what comes without a length; a client that goes past the bound counts as gone."""
    taken = 0

    async def counted() -> dict[str, Any]:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > limit else message

    return counted


def _as_ours(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    hosts = settings.ALLOWED_HOSTS
    name = hosts[0].lstrip(".").encode() if hosts and hosts[0] != "*" else b"localhost"
    return [(key, name if key == b"host" else value) for key, value in headers]


async def _refuse(send: Send, limit: int, claimed: str) -> None:
    request = SimpleNamespace(request_id=request_id(claimed))
    body = msgspec.json.encode(error_body(errors.BodyTooLarge(bytes=limit), request))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request.request_id.encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
