"""uvicorn as this project runs it: the pages' keepalive, the port for ready frames, a gentle end.

1. What comes in is parsed and checked by the `websockets` library alone.
2. Frames of the application go straight to the socket while the transport holds nothing back, else
   behind what it holds, as the server's own pings and closes do: their order is that of the calls.
3. No direction of permessage-deflate keeps a context: a deflated frame is anybody's.

Knows uvicorn. Knows nothing of channels or protocols.
"""

import asyncio
import gc
import logging
import os
import random
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings
from uvicorn import Config
from uvicorn import Server as UvicornServer
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.frames import Frame

from realtime import processes, tasks, timers
from realtime.frames import WINDOW_BITS
from realtime.inbox import Flag, Inbox
from realtime.transport import EXTENSION

log = logging.getLogger(__name__)

SPREAD_SECONDS = 2.0  # clients told to go at once would come back at once
HEAD_SECONDS = 10.0  # to send a request's head
GARBAGE_AFTER = 5_000  # new objects; one request makes and drops hundreds
SHUTDOWN_SECONDS = 7  # with the spread and a margin: out within 10 s
LINGER_SECONDS = 2.0  # a peer in the middle of a long message gets to read why it was closed
NO_SOCKET = -1
# What the kernel may hold for a peer that does not read (it doubles this). Alone it takes 3 MB,
# and a reader that is behind gets prices as old; this is enough for 1 MB/s at 100 ms.
SEND_BUFFER_BYTES = 128 * 1024

# What a client sends is inflated by the library, to WS_MAX_BYTES at the most.
_deflate = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True,
    client_no_context_takeover=True,
    server_max_window_bits=WINDOW_BITS,
)


class Port:
    """The port of one socket that `realtime.transport` describes.

    Small and apart from the protocol: what a delivery touches decides what it costs.
    """

    __slots__ = (
        "_protocol",
        "_socket",
        "_transport",
        "bytes_written",
        "is_deflating",
        "is_full",
        "is_over",
    )

    def __init__(self, protocol: "WebSocketProtocol") -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self.is_deflating = bool(protocol.conn.extensions)
        self.is_full = not protocol.writable.is_set()
        self.is_over = False  # our side has ended; the transport lingers
        self.bytes_written = 0
        sock = protocol.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._socket = sock.fileno() if protocol.scheme == "ws" else NO_SOCKET

    def write(self, data: bytes) -> bool:
        transport = self._transport
        if self.is_over or transport.is_closing():
            return True  # nobody reads it, and the descriptor may be another connection's by now
        if self.is_full:
            return False
        self.bytes_written += len(data)
        if self._socket == NO_SOCKET or transport.get_write_buffer_size():
            transport.write(data)
            return True
        try:
            sent = os.write(self._socket, data)
        except BlockingIOError:
            sent = 0
        except OSError:
            transport.abort()
            return True
        if sent < len(data):
            transport.write(data[sent:])
        return True

    async def until_writable(self) -> None:
        await self._protocol.writable.wait()

    def abort(self) -> None:
        self._transport.abort()

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        self._protocol.told_to_close = callback


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """One socket on the server's side."""

    port: Port | None = None
    told_to_close: Callable[[], None] | None = None
    is_over = False  # the peer broke the protocol: our side has ended

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        inbox: Any = Inbox()
        flag: Any = Flag()
        self.queue, self.writable = inbox, flag
        self.conn.available_extensions = [_deflate]

    # --- timers: those of all connections share one of the loop ------------------------------
    def schedule_ping(self) -> None:
        delay = max(0.0, (self.ping_interval or 0.0) - self.last_ping_rtt)
        timer: Any = timers.current().call_later(delay, self.send_keepalive_ping)
        self.ping_timer = timer

    def send_keepalive_ping(self) -> None:
        """Send a ping; no pong in time drops the peer."""
        self.ping_timer = None
        if self.close_sent or self.transport.is_closing():
            return
        self.pending_ping_payload = random.randbytes(4)
        self.ping_sent_at = self.loop.time()
        self.conn.send_ping(self.pending_ping_payload)
        self.transport.write(b"".join(self.conn.data_to_send()))
        timer: Any = timers.current().call_later(self.ping_timeout or 0.0, self.keepalive_timeout)
        self.pong_timer = timer

    # --- what differs from the library -------------------------------------------------------
    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if hasattr(self, "scope"):  # absent if the handshake was refused
            self.port = Port(self)
            self.scope["extensions"][EXTENSION] = self.port  # type: ignore[assignment]

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.port is not None:
            self.port.is_full = True

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.port is not None:
            self.port.is_full = False

    async def send(self, message: Any) -> None:
        """Send; after the handshake nothing of it is kept, for as long as the socket lives."""
        await super().send(message)
        if message["type"] == "websocket.accept":
            nothing: Any = None
            self.request = self.response = nothing
            self.scope["headers"] = []

    def data_received(self, data: bytes) -> None:
        if not self.is_over:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Say what was wrong and end our side; what still comes is read and thrown away.

        A socket closed with something unread is reset, and the reset takes the close frame along.
        """
        said = self.conn.close_sent
        assert said is not None, "the library says why"
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": said.code, "reason": said.reason}
        )
        self.close_sent = self.is_over = True
        if self.port is not None:
            self.port.is_over = True
        self.transport.write(b"".join(self.conn.data_to_send()))
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
        else:
            self.transport.close()

    def handle_ping(self) -> None:
        """Answer a ping; a peer that sends pings and reads no pongs is dropped."""
        if self.is_over:
            return
        output = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self.transport.write(output)
        else:
            self.transport.abort()

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
        if self.told_to_close is None:
            super().shutdown()
        else:
            self.loop.call_later(random.uniform(0, SPREAD_SECONDS), self.told_to_close)


class HttpProtocol(HttpToolsProtocol):
    """One HTTP connection; a client that does not finish its request's head is dropped."""

    _head_timer: timers.Timer | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = timers.current().call_later(HEAD_SECONDS, transport.abort)

    def on_headers_complete(self) -> None:
        self._stop_head_timer()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class Server(UvicornServer):
    """A server that can run the engine as a task of its own loop, or be one of a parent's."""

    def __init__(
        self,
        config: Config,
        engine: Callable[[], Awaitable[None]] | None = None,
        parent_fd: int | None = None,
    ) -> None:
        super().__init__(config)
        self._engine, self._parent_fd = engine, parent_fd
        self._engine_task: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there now stays: looking through it for garbage took 5 % of a request.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_AFTER)
        if self._engine is not None:
            self._engine_task = asyncio.ensure_future(self._engine())
            self._engine_task.add_done_callback(self._engine_ended)
        if self._parent_fd is not None:
            processes.follow(self._parent_fd, self._parent_ended)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._engine_task is not None:
            await tasks.end([self._engine_task])
        await super().shutdown(sockets)

    def _parent_ended(self) -> None:
        """Nobody replaces or ends this process any more: end."""
        assert self._parent_fd is not None, "there was a parent"
        asyncio.get_running_loop().remove_reader(self._parent_fd)
        self.should_exit = True

    def _engine_ended(self, task: "asyncio.Future[None]") -> None:
        """A market without its clock is not served: end, and say why."""
        if not task.cancelled() and task.exception() is not None:
            log.critical("the engine ended; so does this process", exc_info=task.exception())
            self.should_exit = True


def config(host: str, port: int) -> Config:
    """Return the server's configuration, from the settings."""
    return Config(
        "dualis.asgi:application",
        host=host,
        port=port,
        loop="uvloop",
        http=HttpProtocol,
        ws=WebSocketProtocol,
        ws_max_size=settings.WS_MAX_BYTES,
        ws_ping_interval=settings.WS_PING_SECONDS,
        ws_ping_timeout=settings.WS_PONG_SECONDS,
        ws_per_message_deflate=False,  # the protocol offers it itself, on terms of its own
        lifespan="on",
        proxy_headers=False,  # dualis.addresses decides whom to believe
        server_header=False,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        backlog=4096,
    )
