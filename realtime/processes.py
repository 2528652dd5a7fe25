"""The parent of several processes that serve one port: starts them, keeps them, replaces them.

1. Each place has a listening socket of its own (SO_REUSEPORT: the kernel spreads who connects) that
   the parent holds open: who connects while a process is replaced waits and is not refused.
2. In a rolling restart a new process is ready before the old one of its place is told to end.
3. A process ends when its parent is gone: it holds one end of a pair of sockets and reads its end.

Knows processes and sockets. Knows nothing of what they serve.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence

from realtime import tasks

log = logging.getLogger(__name__)

START_SECONDS = 120.0  # to be ready
END_SECONDS = 15.0  # to be gone after SIGTERM
STABLE_SECONDS = 10.0  # a process that lived this long did not fail at its start
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # seconds before one that failed is started again
BACKLOG = 4096
READY = b"1"


class Place:
    """One of the processes, whichever it is just now."""

    def __init__(self, name: str, command: Sequence[str], sockets: Sequence[socket.socket]) -> None:
        self.name, self.command, self.sockets = name, command, sockets
        self.failures = 0
        self.child: Child | None = None

    def wait(self) -> float:
        """Return how long to wait before the next start: longer with each failure."""
        if not self.failures:
            return 0.0
        return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self.failures - 1, 16)))


class Child:
    """A process and this side of the pair of sockets it shares with its parent."""

    def __init__(self, process: asyncio.subprocess.Process, link: socket.socket) -> None:
        self.process, self.link = process, link
        self.started_at = time.monotonic()

    async def is_ready(self) -> bool:
        """Wait until it says that it serves; False if it ends, or takes too long."""
        try:
            async with asyncio.timeout(START_SECONDS):
                return await asyncio.get_running_loop().sock_recv(self.link, 1) == READY
        except (TimeoutError, ConnectionError):
            return False

    async def end(self) -> None:
        """Ask it to end, and see to it that it does."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(END_SECONDS):
                await self.process.wait()
        except TimeoutError:
            log.error("process %s does not end; killing it", self.process.pid)
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        self.link.close()


class Parent:
    """Keeps its places filled until it is told to end."""

    def __init__(self, places: Sequence[Place]) -> None:
        self.places = places
        self.ready = asyncio.Event()
        self._children: set[Child] = set()
        self._end = asyncio.Event()
        self._again = asyncio.Event()

    async def run(self) -> int:
        """Run until SIGTERM or SIGINT; return the exit code: 1 if the first start failed."""
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._end.set)
        loop.add_signal_handler(signal.SIGHUP, self._again.set)
        ready = await asyncio.gather(*(self._fill(place) for place in self.places))
        keepers: list[asyncio.Task[None]] = []
        if all(ready):
            log.info("all %s processes are ready", len(self.places))
            self.ready.set()
            keepers = [asyncio.create_task(self._keep(place)) for place in self.places]
            keepers.append(asyncio.create_task(self._roll()))
            await self._end.wait()
        await tasks.end(keepers)
        await asyncio.gather(*(child.end() for child in self._children))
        return 0 if all(ready) else 1

    async def _start(self, place: Place) -> Child:
        link, other = socket.socketpair()
        link.setblocking(False)
        fds = [sock.fileno() for sock in place.sockets]
        options = [f"--fd={fd}" for fd in fds] + [f"--parent-fd={other.fileno()}"]
        with other:
            process = await asyncio.create_subprocess_exec(
                *place.command, *options, pass_fds=(*fds, other.fileno())
            )
        child = Child(process, link)
        self._children.add(child)
        return child

    async def _fill(self, place: Place) -> bool:
        place.child = await self._start(place)
        return await place.child.is_ready()

    async def _keep(self, place: Place) -> None:
        """Start a process again that ends by itself."""
        while True:
            child = place.child
            assert child is not None, "the place was filled at the start"
            code = await child.process.wait()
            if place.child is not child:
                continue  # replaced
            self._children.discard(child)
            child.link.close()
            lived = time.monotonic() - child.started_at
            place.failures = 0 if lived >= STABLE_SECONDS else place.failures + 1
            log.error("%s ended with %s; again in %s s", place.name, code, place.wait())
            await asyncio.sleep(place.wait())
            if place.child is child:
                place.child = await self._start(place)

    async def _roll(self) -> None:
        """On SIGHUP replace one process after the other."""
        while True:
            await self._again.wait()
            self._again.clear()
            for place in self.places:
                new = await self._start(place)
                if not await new.is_ready():
                    log.error("a new %s did not get ready; the old ones stay", place.name)
                    self._children.discard(new)
                    await new.end()
                    break
                old, place.child = place.child, new
                if old is not None and old in self._children:
                    await old.end()
                    self._children.discard(old)
            else:
                log.info("all processes are replaced")


def listen(host: str, port: int, count: int) -> list[list[socket.socket]]:
    """Return `count` sets of listening sockets on one port. OSError if somebody else listens."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = sorted({(family, address) for family, _, _, _, address in found})
    for family, address in addresses:
        _bound(family, address, is_shared=False).close()
    made = [
        [_bound(family, address, is_shared=True) for family, address in addresses]
        for _ in range(count)
    ]
    for sock in (sock for those in made for sock in those):
        sock.listen(BACKLOG)
    return made


def _bound(family: int, address: tuple[object, ...], *, is_shared: bool) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def follow(parent_fd: int, on_end: Callable[[], None]) -> None:
    """Tell the parent that this process serves; call back when the parent is gone."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it is the parent's to act on
    os.write(parent_fd, READY)
    asyncio.get_running_loop().add_reader(parent_fd, on_end)
