"""A tick of eleven assets to 1,000 authenticated subscribers: from commit to receipt.

The server (engine included) is pinned to one core, the readers to the other.
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

SUBSCRIBERS = 1_000
SECONDS = 20
PER_USER = 20


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(
            Path(folder),
            WS_MAX_PER_ADDRESS=SUBSCRIBERS + 10,
            WS_MAX_PER_USER=SUBSCRIBERS + 10,
            LOG_LEVEL="WARNING",
        )
        server = psutil.Process(site.start().pid)
        try:
            server.cpu_affinity([0])
            result, cpu = _read(site, server)
        finally:
            site.end()
    ms = [1000 * value for value in result["latencies"]]
    how = f"{SUBSCRIBERS} subscribers of all prices, {SECONDS} s, SQLite, server on one core"
    reader = result["cpu"] / SECONDS
    return [
        Row("tick to receipt, p50", f"{percentile(ms, 0.5):.1f} ms", "", how),
        Row("tick to receipt, p99", f"{percentile(ms, 0.99):.1f} ms", "200 ms", "envelope to recv"),
        Row("frames lost", str(result["lost"]), "0", f"of {result['whole'] * SUBSCRIBERS}"),
        Row("server CPU", f"{100 * cpu:.0f} %", "", f"of one core; readers {100 * reader:.0f} %"),
    ]


def _read(site: Site, server: psutil.Process) -> tuple[dict, float]:
    tokens = "\n".join(site.login() for _ in range(SUBSCRIBERS // PER_USER // 10))
    command = [sys.executable, "-m", "bench.readers", str(site.port), str(SUBSCRIBERS), str(SECONDS)]
    readers = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    os.sched_setaffinity(readers.pid, {1})
    assert readers.stdin is not None and readers.stdout is not None
    readers.stdin.write(tokens)
    readers.stdin.close()
    assert readers.stdout.readline().strip() == "ready"
    before = server.cpu_times()
    result = json.loads(readers.stdout.readline())
    after = server.cpu_times()
    readers.wait()
    spent = after.user + after.system - before.user - before.system
    return result, spent / SECONDS
