"""Which consumer answers on which path."""

from typing import Any

from channels.routing import URLRouter
from django.urls import path

from realtime.consumers import DualisConsumer
from realtime.handshake import deny
from realtime.notional_consumer import NotionalConsumer
from realtime.transport import AsgiSend


async def _unknown(scope: dict[str, Any], receive: Any, send: AsgiSend) -> Any:
    """Refuse an upgrade on a path that has no protocol."""
    await receive()
    await deny(scope, send, 404, "There is no socket at this address; see /v1/ws and /ws")


websocket = URLRouter(
    [
        path("v1/ws", DualisConsumer.as_asgi()),
        path("ws", NotionalConsumer.as_asgi()),
        path("", NotionalConsumer.as_asgi()),
        path("<path:anything>", _unknown),
    ]
)
