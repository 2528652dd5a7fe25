"""The servers that are measured side by side, each a process on the same core."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.subscribers import LOAD_CORE, SERVER_CORE, CannotMeasure, pinned
from tests.process import ROOT, Site
from tests.servers import free_port, wait_for_port

PEERS = Path(__file__).parent / "peers"
FRAME_BYTES = 220


def _frame() -> str:
    """Return a price's frame; `@` stands for its number of eight digits."""
    row = {
        "asset": "ETH",
        "price": "3245.67000000",
        "change24h": -0.0182,
        "confidence": 0.97,
        "simulated": True,
    }
    envelope = {
        "type": "data",
        "channel": "prices",
        "timestamp": "2026-01-27T10:00:00.000Z",
        "data": row,
        "seq": "@",
        "pad": "",
    }
    text = json.dumps(envelope, separators=(",", ":"))
    missing = FRAME_BYTES - len(text.replace("@", "10000001"))
    return text.replace('"pad":""', f'"pad":"{"." * missing}"')


FRAME = _frame()
assert len(FRAME.replace("@", "10000001")) == FRAME_BYTES, "all send frames of this size"

COMMANDS: dict[str, tuple[str, list[str]]] = {  # name in the table -> what runs it
    "this project": (sys.executable, ["-m", "bench.peers.bare_hub"]),
    "fastify": ("node", [str(PEERS / "fastify.mjs")]),
    "ws": ("node", [str(PEERS / "ws.mjs")]),
    "socketify": (sys.executable, ["-m", "bench.peers.socketify_server"]),
    "plain channels": (sys.executable, ["-m", "bench.peers.plain_channels"]),
}


@dataclass(frozen=True, slots=True)
class Server:
    name: str
    port: int
    process: psutil.Process

    def cpu(self) -> float:
        """Return the seconds of processor time it has taken."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def running(name: str, **environment: str) -> Iterator[Server]:
    """Run one of the servers."""
    program, arguments = COMMANDS[name]
    port = free_port()
    own = {"PORT": str(port), "FRAME": FRAME, "LOG_LEVEL": "WARNING", **environment}
    try:
        process = pinned(
            SERVER_CORE,
            [program, *arguments],
            cwd=ROOT,
            env={**os.environ, **own},
            stdout=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise CannotMeasure(f"{name} needs {error.filename}") from error
    try:
        wait_for_port(port, 60)
        yield Server(name, port, psutil.Process(process.pid))
    finally:
        process.kill()
        process.wait()


Ticks = Callable[[float], AbstractContextManager[None]]


@contextmanager
def site(folder: Path, redis_url: str, sockets: int) -> Iterator[tuple[Server, str, Ticks]]:
    """Run the whole application without its clock; yield it, a token, and a way to make ticks."""
    whole = Site(
        folder,
        REDIS_URL=redis_url,
        LOG_LEVEL="WARNING",
        WS_MAX_PER_ADDRESS=sockets + 10,
        WS_MAX_PER_USER=sockets + 10,
        WS_RATE=100 * sockets,  # all sockets are one user's
        WS_BURST=100 * sockets,
    )
    whole.seed()
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})  # what is started inherits it, with all its threads
    try:
        process = whole.spawn("manage.py", "serve")
    finally:
        os.sched_setaffinity(0, everywhere)

    @contextmanager
    def ticks(seconds: float) -> Iterator[None]:
        """Tick as fast as it goes, from another process on the core of the load."""
        engine = pinned(
            LOAD_CORE,
            [sys.executable, "-m", "bench.ticks", str(seconds)],
            cwd=ROOT,
            env=whole.environment,
            stdout=subprocess.PIPE,
        )
        assert engine.stdout is not None, "it is a pipe"
        try:
            if engine.stdout.readline().strip() != "ready":
                raise CannotMeasure("the oracle does not tick")
            yield
        finally:
            engine.kill()
            engine.wait()
            engine.stdout.close()

    try:
        wait_for_port(whole.port, 60)
        yield (
            Server("whole application", whole.port, psutil.Process(process.pid)),
            whole.login(),
            ticks,
        )
    finally:
        whole.end()
