"""The screen after a tick that moves every price: time, memory, growth with those that cross."""

import random
import time
from decimal import Decimal
from statistics import median

import psutil

from bench.table import Row
from dualis.lending.screening import Screen

ASSETS = [f"A{number}" for number in range(11)]
KINDS = [(asset, tier) for asset in ASSETS for tier in ("Diamond", "Gold", "Unrated")]
ROUNDS = 20


def run() -> list[Row]:
    return [row for count in (100_000, 1_000_000) for row in _measure(count)]


def _measure(count: int) -> list[Row]:
    dice = random.Random(7)
    before = psutil.Process().memory_info().rss
    screen = Screen(ASSETS, KINDS)
    for number in range(count):
        debt = Decimal(dice.randint(1_000, 9_999))
        held = {dice.choice(ASSETS): debt * dice.randint(160, 400) / 100}
        screen.put(f"brw_{number:012d}", held, debt, dice.choice(KINDS), "safe")
    memory = (psutil.Process().memory_info().rss - before) / count
    name = f"screen of {count:,} positions"
    goal = "50 ms" if count == 100_000 else ""
    rows = [Row(f"{name}, memory each", f"{memory:.0f} B", "200 B", "growth of the process")]
    for fall in (0, 5, 20):
        spent, found = [], 0
        for turn in range(ROUNDS):
            unit = Decimal(100 - fall) / 100 - Decimal(turn) / 10_000
            weights, owed = dict.fromkeys(ASSETS, unit), dict.fromkeys(KINDS, Decimal(1))
            started = time.perf_counter()
            found = len(screen.suspects(weights, owed))
            spent.append(1000 * (time.perf_counter() - started))
        how = f"{found:,} crossed a zone"
        rows.append(Row(f"{name}, prices -{fall} %", f"{median(spent):.1f} ms", goal, how))
    return rows
