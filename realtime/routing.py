"""Which consumer answers on which path."""

from channels.routing import URLRouter
from django.urls import path

from realtime.consumers import DualisConsumer
from realtime.handshake import deny


async def _unknown(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    """Refuse an upgrade on a path that has no protocol."""
    await receive()
    await deny(scope, send, 404, "There is no socket at this address; see /v1/ws")


websocket = URLRouter(
    [
        path("v1/ws", DualisConsumer.as_asgi()),
        path("<path:anything>", _unknown),
        path("", _unknown),
    ]
)
