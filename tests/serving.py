"""The server in the test's own loop, and peers that read only when told to."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from realtime import server
from tests.servers import free_port

SECONDS = 20.0


@asynccontextmanager
async def serving(app: Any = None, **options: Any) -> AsyncIterator[int]:
    """Serve the project's application, or another, in this loop; yield the port."""
    config = server.config("127.0.0.1", free_port())
    config.app = app or config.app
    for name, value in options.items():
        setattr(config, name, value)
    running = server.Server(config)
    task = asyncio.ensure_future(running.serve())
    while not running.started:
        assert not task.done(), "the server did not start"
        await asyncio.sleep(0.01)
    try:
        yield config.port
    finally:
        running.should_exit = True
        await task


def run(scenario: Callable[[], Awaitable[None]], seconds: float = 60.0) -> None:
    """Run a scenario in the loop that the server has in production."""

    async def whole() -> None:
        async with asyncio.timeout(seconds):
            await scenario()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(whole())


async def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


class Peer:
    """A client that answers and reads nothing unless told to."""

    def __init__(self, sock: socket.socket, protocol: ClientProtocol) -> None:
        self.socket, self.protocol = sock, protocol
        self.frames: list[Frame] = []
        self.response: Any = None

    @classmethod
    async def open(
        cls, port: int, path: str = "/v1/ws", *, buffer: int = 0, deflate: Any = None
    ) -> "Peer":
        """Connect; `buffer` bounds what the kernel takes for it, `deflate` is what it offers."""
        sock = socket.socket()
        sock.setblocking(False)
        if buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        offers = [deflate] if deflate else None
        uri = parse_uri(f"ws://127.0.0.1:{port}{path}")
        peer = cls(sock, ClientProtocol(uri, extensions=offers, max_size=None))
        peer.protocol.send_request(peer.protocol.connect())
        await peer.flush()
        while peer.response is None:
            await peer.take()
        return peer

    async def flush(self) -> None:
        """Send what the protocol wants to send, automatic pongs included."""
        loop = asyncio.get_running_loop()
        for data in self.protocol.data_to_send():
            if data:
                await loop.sock_sendall(self.socket, data)

    async def send(self, **message: Any) -> None:
        self.protocol.send_text(json.dumps(message).encode())
        await self.flush()

    async def send_raw(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)

    async def take(self, size: int = 65_536) -> bool:
        """Read once; False at the end of the stream."""
        async with asyncio.timeout(SECONDS):
            data = await asyncio.get_running_loop().sock_recv(self.socket, size)
        return self._parse(data)

    def drain(self) -> None:
        """Read all that is there, without giving the loop a turn."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._parse(self.socket.recv(65_536))

    def _parse(self, data: bytes) -> bool:
        if data:
            self.protocol.receive_data(data)
        else:
            self.protocol.receive_eof()
        for event in self.protocol.events_received():
            if isinstance(event, Response):
                self.response = event
            elif isinstance(event, Frame):
                self.frames.append(event)
        assert self.protocol.parser_exc is None or not data, self.protocol.parser_exc
        return bool(data)

    async def read(self, opcode: Opcode = Opcode.TEXT) -> str:
        """Return the next text, or the payload of the next frame of another kind."""
        while True:
            for place, frame in enumerate(self.frames):
                if frame.opcode is opcode:
                    return bytes(self.frames.pop(place).data).decode()
            assert await self.take(), "the connection ended"

    async def texts(self, count: int) -> list[str]:
        return [await self.read() for _ in range(count)]

    async def expect(self, type: str) -> dict[str, Any]:
        """Return the next message of this type; data may come before it."""
        while (message := json.loads(await self.read()))["type"] != type:
            assert message["type"] == "data", message
        return dict(message)

    async def expect_data(self) -> dict[str, Any]:
        """Return the next data message that is no row of a snapshot."""
        while True:
            message = json.loads(await self.read())
            if message["type"] == "data" and "snapshot" not in message["data"]:
                return dict(message)

    async def close_code(self) -> int | None:
        """Read to the close frame; return its code, None if the end came without one."""
        while not self.protocol.close_rcvd and await self.take():
            pass
        return self.protocol.close_rcvd.code if self.protocol.close_rcvd else None

    def vanish(self) -> None:
        """Go without a word: the kernel resets the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def close(self) -> None:
        self.socket.close()


DEFLATE = ClientPerMessageDeflateFactory()
