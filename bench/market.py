"""The engine's tick on SQLite and PostgreSQL, and how long `make run` takes the second time."""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import httpx

from bench.table import Row, percentile
from tests.process import ROOT, Site, until
from tests.servers import postgres

TICKS = 300

_SCRIPT = f"""
import json, time
from datetime import UTC, datetime, timedelta
from django.db import transaction
from dualis.oracle.market import Oracle
oracle, now, spent = Oracle(), datetime.now(UTC), []
for number in range({TICKS}):
    started = time.perf_counter()
    oracle.tick(now + timedelta(seconds=number + 1))
    spent.append(1000 * (time.perf_counter() - started))
print("RESULT" + json.dumps(spent[5:]))
"""


def run() -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), LOG_LEVEL="WARNING")
        site.manage("migrate", "-v0")
        site.manage("seed_demo")
        size = _size(Path(folder))
        rows += _tick(site, "SQLite", "20 ms")
        grown = (_size(Path(folder)) - size) / TICKS / 1024
        rows.append(Row("database growth a tick", f"{grown:.1f} KB", "", "before any pruning"))
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), DATABASE_URL=url, LOG_LEVEL="WARNING")
        site.manage("migrate", "-v0")
        site.manage("seed_demo")
        rows += _tick(site, "PostgreSQL", "")
    return [*rows, _second_start()]


def _tick(site: Site, database: str, goal: str) -> list[Row]:
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", _SCRIPT],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    spent = json.loads(done.stdout.split("RESULT")[1])
    how = f"{TICKS} ticks of 11 assets, journal included"
    return [
        Row(f"tick on {database}, median", f"{median(spent):.1f} ms", goal, how),
        Row(f"tick on {database}, p99", f"{percentile(spent, 0.99):.1f} ms", goal, how),
    ]


def _size(folder: Path) -> int:
    with sqlite3.connect(folder / "dualis.sqlite3") as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * size)


def _second_start() -> Row:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), LOG_LEVEL="WARNING")
        site.start()
        site.end()
        started = time.perf_counter()
        site.spawn("manage.py", "quickstart")

        def serves() -> bool:
            try:
                return httpx.get(f"{site.url}/livez").status_code == 200
            except httpx.TransportError:
                return False

        until(serves, seconds=30)
        spent = time.perf_counter() - started
        site.end()
    return Row("second start of `make run`", f"{spent:.2f} s", "3 s", "after kill -9, to /livez")
