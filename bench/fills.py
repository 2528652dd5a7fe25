"""One fill each for 2,000 connected users: from the commit to the socket, summaries beside them.

The server is one process pinned to one core; PostgreSQL, Valkey, the process that books and the
sockets share the other. Marks move once a second, so every account's summary moves with them.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from bench.table import Row, percentile
from tests.process import ROOT, Site
from tests.servers import postgres, valkey, wait_for_port

USERS, EACH = 2_000, 20  # accounts of one transaction
SECONDS = 1.0
SERVER_CORE, OTHER_CORE = {0}, {1}


def run() -> list[Row]:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, OTHER_CORE)  # what is started from here inherits it
    try:
        with postgres() as url, valkey() as redis, tempfile.TemporaryDirectory() as folder:
            site = Site(
                Path(folder),
                DATABASE_URL=url,
                REDIS_URL=redis.url,
                WS_MAX_PER_ADDRESS=USERS + 10,
                LOG_LEVEL="WARNING",
            )
            return _measure(site)
    finally:
        os.sched_setaffinity(0, allowed)


def _measure(site: Site) -> list[Row]:
    site.manage("migrate", "-v0")
    process = site.spawn("manage.py", "serve")
    os.sched_setaffinity(process.pid, SERVER_CORE)
    try:
        wait_for_port(site.port, 60)
        writer = _open("bench.fill_writer", site, USERS, EACH, SECONDS)
        readers = _open("bench.fill_readers", site, site.port, USERS)
        server = psutil.Process(process.pid)
        before = server.cpu_times()
        booked = _told(writer)
        after = server.cpu_times()
        found = _told(readers)
    finally:
        site.end()
    arrived, committed = found["arrived"], booked["committed"]
    ms = [1000 * (arrived[tid] - moment) for tid, moment in committed.items() if tid in arrived]
    cpu = after.user + after.system - before.user - before.system
    seconds = booked["seconds"]
    how = f"{USERS:,} users, one fill each in {seconds:.1f} s, PostgreSQL + Valkey"
    summaries = f"of one core, over {seconds + 1:.1f} s; {found['summaries']:,} summaries beside"
    return [
        Row("commit to fill received, p50", f"{percentile(ms, 0.5):.1f} ms", "", how),
        Row("commit to fill received, p99", f"{percentile(ms, 0.99):.1f} ms", "100 ms", "the same"),
        Row("fills lost or doubled", f"{USERS - len(ms) + found['twice']}", "0", f"of {USERS:,}"),
        Row("server CPU, fills", f"{100 * cpu / (seconds + 1):.0f} %", "", summaries),
    ]


def _open(module: str, site: Site, *arguments: object) -> "subprocess.Popen[str]":
    """Start a process and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=site.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready", f"{module} did not start"
    return process


def _told(process: "subprocess.Popen[str]") -> dict:
    """Say the word and return what the process has to tell."""
    out, _ = process.communicate("go\n")
    return json.loads(out)
