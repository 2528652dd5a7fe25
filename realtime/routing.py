"""Which consumer answers on which path."""

from typing import Any

from realtime.consumers import DualisConsumer
from realtime.handshake import deny
from realtime.notional_consumer import NotionalConsumer
from realtime.shell import Shell
from realtime.transport import AsgiSend

CONSUMERS: dict[str, type[Shell]] = {
    "/v1/ws": DualisConsumer,
    "/ws": NotionalConsumer,
    "/": NotionalConsumer,
}


async def websocket(scope: dict[str, Any], receive: Any, send: AsgiSend) -> None:
    """Serve a socket; refuse the upgrade on a path that has no protocol."""
    consumer = CONSUMERS.get(scope["path"])
    if consumer is not None:
        await consumer()(scope, receive, send)
        return
    await receive()
    await deny(scope, send, 404, "There is no socket at this address; see /v1/ws and /ws")
