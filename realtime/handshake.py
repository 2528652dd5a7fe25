"""Who may open a socket: the Origin rule and the real address, before anything is accepted."""

from typing import Any

from django.conf import settings

from dualis.addresses import real_address
from realtime.transport import AsgiSend


def header(scope: dict[str, Any], name: bytes) -> str:
    """Return a header's value; several are joined as RFC 9110 says; empty if absent."""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return b",".join(values).decode("latin-1")


def address_of(scope: dict[str, Any]) -> str:
    """Return the real address of a peer, behind the named proxies."""
    client = scope.get("client")
    return real_address(
        client[0] if client else "", header(scope, b"x-forwarded-for"), settings.TRUSTED_PROXIES
    )


def is_allowed_origin(scope: dict[str, Any]) -> bool:
    """Programs send no Origin and pass; a present one must equal an allowed one exactly."""
    is_present = any(key.lower() == b"origin" for key, _ in scope["headers"])
    return not is_present or header(scope, b"origin") in settings.ALLOWED_ORIGINS


async def deny(scope: dict[str, Any], send: AsgiSend, status: int, text: str) -> None:
    """Refuse the upgrade with an HTTP status; servers without that extension answer 403."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1008, "reason": text})
        return
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == 429:
        headers.append((b"retry-after", b"5"))
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})
