"""Sockets that come: what one costs, what it holds, how soon all are back; and REST, and failover.

The server is pinned to core 0, the load to core 1. Rates of one core are worked out from the
server's CPU time, which a busy machine does not change as it changes the wall clock; `how` gives
the wall clock's too. The load generators are Python on raw sockets and epoll: their CPU stands
beside the server's, and is the lower one.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg

from bench.table import Row
from tests.process import ROOT, Site, until
from tests.servers import postgres, valkey

CLIENTS = 5_000
SHARED = 2_000  # for one worker against two
WINDOW = 200  # on their way at once
SIX = "prices,pools,liquidations,governance,positions,notifications"
THREE = "prices,positions,notifications"
SECONDS = 5  # of requests

_PEOPLE = """
import os
from django.db import transaction
from django.utils import timezone
from dualis.accounts import sessions, tokens
from dualis.accounts.devices import Device
from dualis.accounts.models import SessionKind, User
now, device = timezone.now(), Device(address="127.0.0.1", user_agent="bench")
count = int(os.environ["PEOPLE"])
people = [
    User(email=f"client-{n}@example.com", password="!", status="active", created_at=now)
    for n in range(count)
]
User._base_manager.bulk_create(people, batch_size=2_000)
with transaction.atomic():
    opened = [
        sessions.open_session(user, device, kind=SessionKind.API, now=now) for user in people
    ]
with open(os.environ["TOKENS"], "w") as file:
    file.write(" ".join(tokens.mint_access(session, now=now) for session in opened))
"""


class Crowd:
    """Clients in a process of their own, on core 1."""

    def __init__(self, site: Site, count: int, channels: str, **environment: str) -> None:
        arguments = [str(site.port), str(count), str(WINDOW), channels, str(site.folder / "tokens")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.clients", *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(self.process.pid, {1})

    def in_step(self) -> dict[str, Any]:
        """Wait until all are in step; return how long that took."""
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        site = _site(Path(folder))
        site.seed()
        _people(site, CLIENTS)
        rows = [_rate(site), *_memory(site), _returns(site), _requests(site)]
    with postgres() as url, valkey() as redis, tempfile.TemporaryDirectory() as folder:
        site = _site(Path(folder), DATABASE_URL=url, REDIS_URL=redis.url)
        site.seed()
        _people(site, SHARED)
        return [*rows, _scaling(site), *_failover(site, url)]


def _site(folder: Path, **environment: str) -> Site:
    return Site(
        folder,
        WS_MAX_PER_ADDRESS=2 * CLIENTS,
        TRUSTED_PROXIES="127.0.0.0/8",
        LOG_LEVEL="WARNING",
        **environment,
    )


def _people(site: Site, count: int) -> None:
    """Make users with a session and a token each."""
    site.environment |= {"PEOPLE": str(count), "TOKENS": str(site.folder / "tokens")}
    site.manage("shell", "-v0", "-c", _PEOPLE)


@contextmanager
def _served(site: Site, *options: str) -> Iterator[psutil.Process]:
    """Serve without an engine: nothing but what is measured moves."""
    process = site.spawn("manage.py", "serve", *options)
    os.sched_setaffinity(process.pid, {0})
    _wait(site)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def _wait(site: Site) -> None:
    def is_up() -> bool:
        try:
            return httpx.get(f"{site.url}/livez", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    until(is_up, seconds=60)


def _cpu(process: psutil.Process) -> float:
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def _rate(site: Site) -> Row:
    with _served(site) as server:
        _warm(site)
        before = _cpu(server)
        crowd = Crowd(site, CLIENTS, "prices")
        told = crowd.in_step()
        each = (_cpu(server) - before) / CLIENTS
        crowd.leave()
    how = f"{1000 * each:.2f} ms of CPU each; {CLIENTS / told['seconds']:.0f}/s by the clock"
    how += f"; the load {1000 * told['cpu'] / CLIENTS:.2f} ms"
    return Row("connect + auth + subscribe, one core", f"{1 / each:.0f}/s", "800/s", how)


def _warm(site: Site) -> None:
    crowd = Crowd(site, 100, SIX)
    crowd.in_step()
    crowd.leave()


def _memory(site: Site) -> list[Row]:
    rows = []
    for name, goal, environment in (
        ("plain", "30 KB", {}),
        ("deflate", "45 KB", {"DEFLATE": "1"}),
    ):
        with _served(site) as server:
            _warm(site)
            before = server.memory_info().rss
            crowd = Crowd(site, CLIENTS, SIX, **environment)
            told = crowd.in_step()
            each = (server.memory_info().rss - before) / CLIENTS / 1024
            crowd.leave()
        how = f"{CLIENTS} authenticated, six subscriptions each, resident memory"
        if environment and not told["deflated"]:
            how += "; the server did not take the offer"
        rows.append(Row(f"memory of an idle connection, {name}", f"{each:.1f} KB", goal, how))
    return rows


def _returns(site: Site) -> Row:
    with _served(site):
        crowd = Crowd(site, CLIENTS, THREE)
        crowd.in_step()
    with _served(site) as server:
        told = crowd.in_step()
        each = 1000 * _cpu(server) / CLIENTS
        crowd.leave()
    how = f"from the first close to the last answer, start included; {THREE}; {told['resumed']}"
    how += f" resumed; {each:.2f} ms of CPU each"
    return Row(f"{CLIENTS} clients back in step", f"{told['seconds']:.1f} s", "10 s", how)


def _requests(site: Site) -> Row:
    with _served(site) as server:
        arguments = [str(site.port), "/v1/pools", str(SECONDS)]
        before = _cpu(server)
        getters = subprocess.Popen(
            [sys.executable, "-m", "bench.getters", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        os.sched_setaffinity(getters.pid, {1})
        told = json.loads(getters.communicate()[0])
        each = (_cpu(server) - before) / told["answered"]
    how = (
        f"{1e6 * each:.0f} us of CPU each; {told['answered'] / told['seconds']:.0f}/s by the clock"
    )
    how += f"; the load {1e6 * told['cpu'] / told['answered']:.0f} us"
    return Row("GET /v1/pools, one core", f"{1 / each:.0f}/s", "2000/s", how)


def _scaling(site: Site) -> Row:
    """Return what two workers do against one, each with a core of its own.

    Two servers and their load do not fit on two cores: the CPU time of the busier of two workers
    against that of one alone, for the same work, is the speed-up that the cores would show.
    """
    with _served(site) as server:
        _warm(site)
        before = _cpu(server)
        crowd = Crowd(site, SHARED, THREE)
        crowd.in_step()
        alone = _cpu(server) - before
        crowd.leave()
    with _served(site, "--workers", "2") as parent:
        _warm(site)
        workers = parent.children()
        spent = [_cpu(worker) for worker in workers]
        crowd = Crowd(site, SHARED, THREE)
        crowd.in_step()
        spent = [_cpu(w) - s for w, s in zip(workers, spent, strict=True)]
        crowd.leave()
    how = (
        f"{SHARED} connections, by CPU: one {alone:.1f} s, two {spent[0]:.1f} and {spent[1]:.1f} s"
    )
    return Row("two workers against one", f"{alone / max(spent):.2f} x", "1.7 x", how)


def _failover(site: Site, url: str) -> list[Row]:
    rows = []
    for name, sign in (
        ("kill -9 of the leader", signal.SIGKILL),
        ("its link falls silent", signal.SIGSTOP),
    ):
        with psycopg.connect(url, autocommit=True) as watch:
            engines = [site.spawn("manage.py", "engine") for _ in range(2)]
            leader = until(partial(_leader, watch, engines), seconds=120)
            standby = next(one for one in engines if one is not leader)
            time.sleep(3)  # both have started
            started = time.perf_counter()
            leader.send_signal(sign)
            until(partial(_leader, watch, [standby]), seconds=120)
            seconds = time.perf_counter() - started
            for one in engines:
                one.kill()
                one.wait()
        how = "to the start of the standby's term, PostgreSQL"
        rows.append(Row(f"failover, {name}", f"{seconds:.1f} s", "5 s", how))
    return rows


def _leader(
    watch: "psycopg.Connection[Any]", engines: list[subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes] | None:
    row = watch.execute("SELECT holder FROM dualis_engineterm").fetchone()
    holder = row[0] if row else ""
    return next((one for one in engines if holder.endswith(f":{one.pid}")), None)
