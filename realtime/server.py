"""uvicorn as this project runs it: the pages' keepalive, the port for ready frames, a gentle end.

1. What comes in is parsed and checked by the `websockets` library alone.
2. Frames of the application and the server's own pings and closes share one transport, so their
   order is the order of the calls.

Knows uvicorn. Knows nothing of channels or protocols.
"""

import asyncio
import contextlib
import logging
import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from uvicorn import Config
from uvicorn import Server as UvicornServer
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from realtime.transport import EXTENSION

log = logging.getLogger(__name__)

SPREAD_SECONDS = 2.0  # clients told to go at once would come back at once
SHUTDOWN_SECONDS = 7  # with the spread and a margin: out within 10 s


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One socket on the server's side; `self` is the port that `realtime.transport` describes."""

    _told_to_close: Callable[[], None] | None = None

    # --- the port ----------------------------------------------------------------------------
    @property
    def is_writable(self) -> bool:
        return self.writable.is_set()

    def write(self, data: bytes) -> None:
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(data)

    async def until_writable(self) -> None:
        await self.writable.wait()

    def abort(self) -> None:
        self.transport.abort()

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        self._told_to_close = callback

    # --- what differs from the library -------------------------------------------------------
    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # absent if the handshake was refused
            self.scope["extensions"][EXTENSION] = self  # type: ignore[assignment]

    def handle_pong(self, event: Frame) -> None:
        """Any pong shows that the peer lives (dualis.md 1.2, 11)."""
        if self.pending_ping_payload is not None:
            event.data = self.pending_ping_payload
        super().handle_pong(event)

    def keepalive_timeout(self) -> None:
        """Drop a peer that did not answer a ping: there is nobody to send a close to."""
        self.pong_timer = None
        self.transport.abort()

    def shutdown(self) -> None:
        """Ask the application to close the socket; if there is none, close it here."""
        if self._told_to_close is None:
            super().shutdown()
        else:
            self.loop.call_later(random.uniform(0, SPREAD_SECONDS), self._told_to_close)


class Server(UvicornServer):
    """A server that can run the engine as a task of its own loop."""

    def __init__(self, config: Config, engine: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__(config)
        self._engine = engine
        self._engine_task: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._engine is not None:
            self._engine_task = asyncio.ensure_future(self._engine())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._engine_task is not None:
            self._engine_task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._engine_task
        await super().shutdown(sockets)


def config(host: str, port: int) -> Config:
    """Return the server's configuration, from the settings."""
    return Config(
        "dualis.asgi:application",
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws=WebSocketProtocol,
        ws_max_size=settings.WS_MAX_BYTES,
        ws_ping_interval=settings.WS_PING_SECONDS,
        ws_ping_timeout=settings.WS_PONG_SECONDS,
        ws_per_message_deflate=False,
        lifespan="on",
        proxy_headers=False,  # dualis.addresses decides whom to believe
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=4096,
    )
