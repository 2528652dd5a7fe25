"""A server on a core of its own, clients on the other that ask it over HTTP; what that costs."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from typing import Any, Protocol

import psutil

from bench.table import Row, percentile
from tests.process import ROOT, Site

CLIENTS = 8
WARM_SECONDS = 3.0
SECONDS = 12.0
SERVER_CORE, OTHER_CORE = {0}, {1}
PINS = "server on one core; database and clients on the other"


class Person(Protocol):
    """Somebody with something to ask next."""

    def act(self, wire: HTTPConnection) -> int:
        """Send the next request; return the status of the answer."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds of each success, the failures, and the server's CPU milliseconds a success."""

    ms: list[float]
    refused: int
    cpu_ms: float

    def rows(self, name: str, one: str, goal: str) -> list[Row]:
        """Return the table's rows; `one` is what is counted."""
        how = f"{CLIENTS} clients, PostgreSQL, {SECONDS:.0f} s; {self.refused} refused"
        return [
            Row(name, f"{len(self.ms) / SECONDS:.0f} /s", goal, how),
            Row(f"{one}, p50", f"{percentile(self.ms, 0.5):.1f} ms", "", PINS),
            Row(f"{one}, p99", f"{percentile(self.ms, 0.99):.1f} ms", "", PINS),
            Row(f"server CPU, {one}", f"{self.cpu_ms:.2f} ms", "", "all its threads"),
        ]


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Start processes on these cores; the calling thread goes back to its own."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


@contextmanager
def serving(site: Site) -> Iterator[psutil.Process]:
    """Run the engine beside us and a server on its own core; yield the server's process."""
    site.spawn("manage.py", "engine")
    with pinned(SERVER_CORE):
        process = site.spawn("manage.py", "serve")
    try:
        site.wait_until_ready(process)
        yield psutil.Process(process.pid)
    finally:
        site.end()


def made(site: Site, script: str) -> Any:
    """Run a script in the site's shell; return what it printed as JSON after the word RESULT."""
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", script]
    done = subprocess.run(
        command, cwd=ROOT, env=site.environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.split("RESULT")[1])


def measure(port: int, server: psutil.Process, people: Sequence[Person]) -> Measured:
    """Let people act, first to warm the server, then on the clock."""
    _load(port, people, WARM_SECONDS)
    before = server.cpu_times()
    ms, refused = _load(port, people, SECONDS)
    after = server.cpu_times()
    assert ms, "nothing was done"
    spent = after.user + after.system - before.user - before.system
    return Measured(ms, refused, 1000 * spent / len(ms))


def _load(port: int, people: Sequence[Person], seconds: float) -> tuple[list[float], int]:
    """Let all clients act for a while; return milliseconds of each success, and the failures."""
    end, results = time.perf_counter() + seconds, []

    def client(own: Sequence[Person]) -> None:
        wire = HTTPConnection("127.0.0.1", port, timeout=30)
        for person in cycle(own):
            started = time.perf_counter()
            if started > end:
                break
            status = person.act(wire)
            results.append((status, 1000 * (time.perf_counter() - started)))
        wire.close()

    shares = [people[number::CLIENTS] for number in range(CLIENTS)]
    threads = [threading.Thread(target=client, args=[share]) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good = [ms for status, ms in results if 200 <= status < 300]
    return good, len(results) - len(good)
