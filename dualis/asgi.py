"""The ASGI application: HTTP to Django, sockets to the consumers, lifespan to the hub."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

from django.core.asgi import get_asgi_application  # noqa: E402

_async_http = get_asgi_application()

from dualis.handler import Handler  # noqa: E402
from realtime import answers, hub, workers  # noqa: E402
from realtime.door import PROBES, serve_http  # noqa: E402
from realtime.routing import websocket  # noqa: E402
from realtime.shell import places  # noqa: E402

_http = Handler()
_from_memory = answers.Answers(_http)
# Async views, which wait in no queue: a probe is answered though every thread waits for a database.
_ASYNC = {*PROBES, "/v1/health"}


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve one request, one socket, or the life of the process."""
    match scope["type"]:
        case "http":
            app: Any = _async_http if scope["path"] in _ASYNC else _http
            if answers.serves(scope):
                app = _from_memory
            await serve_http(app, scope, receive, send)
        case "websocket":
            await websocket(scope, receive, send)
        case "lifespan":
            await _lifespan(receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    reporter = workers.current()
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await hub.current().start()
            reporter.start()
            await send({"type": "lifespan.startup.complete"})
        else:
            await reporter.stop()
            await places.stop()
            await hub.current().stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
