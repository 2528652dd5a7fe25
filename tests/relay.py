"""A TCP relay in front of a server, for links that are slow, silent, half-open or cut.

Browsers tell of a network that is gone, and can slow their requests down; their open sockets they
leave as they are. Whoever stands between the two can do the rest. Knows of what passes only whether
it is a WebSocket.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

CHUNK = 16_384


class Relay:
    """What passes between a port and a server. Its methods may be called from any thread.

    1. What a stalled link holds back comes later, in order, as TCP would send it again.
    2. What a link has lost never comes: its two ends hear nothing more of each other.
    """

    def __init__(self, port: int, server_port: int) -> None:
        self._port, self._server_port = port, server_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_cut = False
        self._per_second: float | None = None
        self._latency = 0.0
        self._is_free_at = 0.0  # the line, on the loop's clock
        self._is_down = asyncio.Event()  # clear while answers are held back
        self._server: asyncio.Server | None = None

    def start(self) -> None:
        self._thread.start()
        self._call(self._listen())

    def stop(self) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # --- what becomes of the network ------------------------------------------------------
    def slow(self, per_second: float, latency: float) -> None:
        """Let so many bytes a second through, each `latency` seconds late."""
        self._do(lambda: self._set(per_second, latency))

    def hold_answers(self) -> None:
        """Let requests through, and hold what the server says."""
        self._do(self._is_down.clear)

    def lose_sockets(self) -> None:
        """Let the WebSockets that are open hear nothing more, and end what is idle beside them."""
        self._do(self._lose_sockets)

    def cut(self) -> None:
        """Reset every link, and each new one too."""
        self._do(self._cut)

    def mend(self) -> None:
        """Be fast and whole again."""
        self._do(self._mend)

    def _set(self, per_second: float | None, latency: float) -> None:
        self._per_second, self._latency = per_second, latency

    def _lose_sockets(self) -> None:
        for link in self._links:
            if link.is_socket:
                link.is_lost = True
            else:
                link.abort()

    def _cut(self) -> None:
        self._is_cut = True
        for link in self._links:
            link.abort()

    def _mend(self) -> None:
        self._is_cut = False
        self._set(None, 0.0)
        self._is_down.set()

    # --- the loop -------------------------------------------------------------------------
    async def _listen(self) -> None:
        self._is_down.set()
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        there = await asyncio.open_connection("127.0.0.1", self._server_port)
        link = _Link(writer, there[1])
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(link, reader, there[1], is_answer=False))
                both.create_task(self._pass(link, there[0], writer, is_answer=True))
        finally:
            link.abort()
            self._links.discard(link)

    async def _pass(
        self,
        link: "_Link",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        is_answer: bool,
    ) -> None:
        try:
            while data := await reader.read(CHUNK):
                await self._wait(len(data))
                if is_answer:
                    await self._is_down.wait()
                link.is_socket |= not is_answer and b"upgrade: websocket" in data.lower()
                if not link.is_lost:
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass
        if not link.is_lost:
            link.close()

    async def _wait(self, size: int) -> None:
        """Wait for the line: all links share it."""
        if self._per_second is None:
            return
        now = self._loop.time()
        self._is_free_at = max(now, self._is_free_at) + size / self._per_second
        await asyncio.sleep(self._is_free_at - now + self._latency)

    async def _end(self) -> None:
        assert self._server is not None, "it was started"
        self._server.close()
        self._cut()
        self._is_down.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _do(self, act: Callable[[], object]) -> None:
        async def acting() -> None:
            act()

        self._call(acting())

    def _call(self, what: Coroutine[Any, Any, None]) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(what, self._loop)
        done.result(20)


class _Link:
    """One connection, with its two ends."""

    def __init__(self, *ends: asyncio.StreamWriter) -> None:
        self._ends = ends
        self.is_lost = False
        self.is_socket = False

    def close(self) -> None:
        for end in self._ends:
            end.close()

    def abort(self) -> None:
        for end in self._ends:
            end.transport.abort()


@contextmanager
def relaying(port: int, server_port: int) -> Iterator[Relay]:
    """Relay from one port to another."""
    relay = Relay(port, server_port)
    relay.start()
    try:
        yield relay
    finally:
        relay.stop()
