"""How bytes leave: straight to the server's transport where it offers that, else by ASGI send.

The port is a scope extension of ours, `scope["extensions"]["dualis.port"]`, offered by
`realtime.server` and described by the protocol `Port` below. Knows no channel and no protocol.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from realtime.frames import Frame, join

EXTENSION = "dualis.port"
CLOSE_SECONDS = 2.0  # what a reader that stopped reading gets to take the close

AsgiSend = Callable[[dict[str, Any]], Awaitable[None]]


class Port(Protocol):
    """What a server offers to an application that makes its own frames."""

    is_deflating: bool  # whether the peer takes `Frame.deflated`
    bytes_written: int  # of the application's frames, so far

    def write(self, data: bytes) -> bool:
        """Write whole frames, or nothing: False while the peer takes no more. Never waits.

        Ignored once the connection is closing.
        """

    async def until_writable(self) -> None:
        """Wait until the peer has taken enough for more to be written, or is gone."""

    def abort(self) -> None:
        """Drop the connection without waiting for the peer."""

    def on_shutdown(self, callback: Callable[[], None]) -> None:
        """Call back when the server wants the connection closed for its own end."""


class PortTransport:
    """Writes shared frames straight to the server's transport."""

    def __init__(self, port: Port, send: AsgiSend) -> None:
        self._port, self._send = port, send
        self.is_deflating = port.is_deflating
        self.write = port.write

    @property
    def bytes_written(self) -> int:
        return self._port.bytes_written

    async def until_ready(self) -> None:
        """Wait until the peer takes more, or is gone."""
        await self._port.until_writable()

    async def send(self, frames: Sequence[Frame]) -> None:
        """Write frames in one piece as soon as the peer takes more."""
        data = join(frames, deflated=self.is_deflating)
        while not self.write(data):
            await self._port.until_writable()

    async def close(self, code: int, reason: str) -> None:
        """Close; a peer that does not take the close within the grace period is dropped."""
        if not await _send_close(self._send, code, reason):
            self._port.abort()


class AsgiTransport:
    """Sends frame by frame through ASGI: for servers that offer no port."""

    is_deflating = False  # if anybody deflates it is the server
    bytes_written = 0  # nor can this be known

    def __init__(self, send: AsgiSend) -> None:
        self._send = send

    def write(self, data: bytes) -> bool:
        """Take nothing at once: whether `send` would block cannot be known."""
        return False

    async def until_ready(self) -> None:
        """Return at once: it is `send` that waits, where the server lets it."""

    async def send(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            await self._send({"type": "websocket.send", "text": frame.text})

    async def close(self, code: int, reason: str) -> None:
        await _send_close(self._send, code, reason)


Transport = PortTransport | AsgiTransport


def transport_for(scope: dict[str, Any], send: AsgiSend) -> Transport:
    """Return the fastest way out that the server offers."""
    port = scope.get("extensions", {}).get(EXTENSION)
    return AsgiTransport(send) if port is None else PortTransport(port, send)


async def _send_close(send: AsgiSend, code: int, reason: str) -> bool:
    """Send a close; False if the peer did not take it in time or is gone."""
    message = {"type": "websocket.close", "code": int(code), "reason": reason}
    with contextlib.suppress(Exception):  # the server's word for "already gone" differs by server
        async with asyncio.timeout(CLOSE_SECONDS):
            await send(message)
        return True
    return False
