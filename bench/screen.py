"""The liquidation step: the pass over all positions, and the whole tick over a real book.

The tick is measured on PostgreSQL, in a process of its own (`bench.book`). Of the curves the time
limit is off, so that what a crossing costs can be seen.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.table import Row, percentile
from dualis.lending.screening import Screen, Tracked
from tests.process import ROOT, Site
from tests.servers import postgres

ASSETS = [f"A{number}" for number in range(11)]
KINDS = [(asset, tier) for asset in ASSETS for tier in ("Diamond", "Gold", "Unrated")]
ROUNDS = 20
BOOKS = (20_000, 100_000)


def run() -> list[Row]:
    rows = [row for count in (100_000, 1_000_000) for row in _pass(count)]
    books = {count: _book(count) for count in BOOKS}
    return [*rows, *_ticks(books), *_others(books)]


def _pass(count: int) -> list[Row]:
    before = psutil.Process().memory_info().rss
    screen = Screen(ASSETS, KINDS)
    started = time.perf_counter()
    screen.load(_positions(count))
    loaded = time.perf_counter() - started
    memory = (psutil.Process().memory_info().rss - before) / count
    name = f"screen of {count:,} positions"
    goal = "50 ms" if count == 100_000 else ""
    rows = [
        Row(f"{name}, memory each", f"{memory:.0f} B", "200 B", "growth of the process"),
        Row(f"{name}, loaded", f"{loaded:.1f} s", "", "the making of the positions included"),
    ]
    for fall in (0, 5, 20):
        spent, found = [], 0
        for turn in range(ROUNDS):
            unit = Decimal(100 - fall) / 100 - Decimal(turn) / 10_000
            weights, owed = dict.fromkeys(ASSETS, unit), dict.fromkeys(KINDS, Decimal(1))
            started = time.perf_counter()
            found = len(screen.suspects(weights, owed).crossed)
            spent.append(1000 * (time.perf_counter() - started))
        how = f"{found:,} crossed a zone"
        rows.append(Row(f"{name}, prices -{fall} %", f"{median(spent):.1f} ms", goal, how))
    return rows


def _positions(count: int) -> Iterator[Tracked]:
    """Return positions with ids of the full 32 characters, in no order."""
    dice = random.Random(7)
    for _ in range(count):
        debt = Decimal(dice.randint(1_000, 9_999))
        held = {dice.choice(ASSETS): debt * dice.randint(160, 400) / 100}
        yield Tracked(f"brw_{dice.getrandbits(90):028d}", held, debt, dice.choice(KINDS), "safe")


def _book(count: int) -> dict[str, Any]:
    """Return what `bench.book` measured over a book of this many positions."""
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), DATABASE_URL=url, LOG_LEVEL="WARNING")
        site.manage("migrate", "-v0")
        done = subprocess.run(
            [sys.executable, "-m", "bench.book", str(count)],
            cwd=ROOT,
            env=site.environment,
            capture_output=True,
            text=True,
            check=True,
        )
    found: dict[str, Any] = json.loads(done.stdout.split("RESULT")[1])
    return found


def _ticks(books: dict[int, dict[str, Any]]) -> list[Row]:
    """Return the two curves: the cost of a tick grows with those that cross, not with the book."""
    rows = []
    for size in books[BOOKS[0]]["spent"]:
        for count, found in books.items():
            name = f"tick over {count:,} positions, {int(size):,} cross"
            cost = found["spent"][size]
            each = f"{1000 * cost / int(size):.0f} us each" if int(size) else "all prices move"
            rows.append(Row(name, f"{cost:.0f} ms", "1000 ms", each))
    return rows


def _others(books: dict[int, dict[str, Any]]) -> list[Row]:
    rows = []
    for count, found in books.items():
        name, auctions = f"tick over {count:,} positions", found["auctions"]
        after, waiting, limited = found["after"], found["waiting"], found["limited"]
        rows += [
            Row(
                f"{name}, 10,000 cross within its time",
                f"{max(limited):.0f} ms",
                "1000 ms",
                f"the longest of {len(limited)} ticks that it takes",
            ),
            Row(
                f"{name}, 10,000 alerts",
                f"{found['alerts']['seconds']:.1f} s",
                "5 s",
                f"crossed, stored and journalled in {found['alerts']['ticks']:.0f} ticks; the"
                f" longest {found['alerts']['longest']:.0f} ms with its telling",
            ),
            Row(f"{name}, after 10,000 crossed", f"{after:.0f} ms", "", "they are read again"),
            Row(f"{name}, 11,100 in grace", f"{waiting:.0f} ms", "", "below 0.95, no auction yet"),
            Row(
                f"{name}, price to auction",
                f"{median(auctions):.0f} ms",
                "1000 ms",
                f"committed to committed; p99 {percentile(auctions, 0.99):.0f} ms",
            ),
            Row(f"{name}, book read", f"{found['loaded']:.1f} s", "", "when an engine starts"),
        ]
    return rows
