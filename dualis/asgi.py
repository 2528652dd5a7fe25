"""The ASGI application: HTTP to Django, sockets to the consumers, lifespan to the hub."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

from django.core.asgi import get_asgi_application  # noqa: E402

_http = get_asgi_application()

from realtime import hub  # noqa: E402
from realtime.door import serve_http  # noqa: E402
from realtime.routing import websocket  # noqa: E402


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve one request, one socket, or the life of the process."""
    match scope["type"]:
        case "http":
            await serve_http(_http, scope, receive, send)
        case "websocket":
            await websocket(scope, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await hub.current().start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await hub.current().stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
