"""Daily closes of two coins: the recorded history where it is, else a generated one."""

import csv
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import NamedTuple

RECORDED = Path(__file__).resolve().parents[2] / "shared" / "data" / "btc-eth-ltc-usd-daily.csv"
_FIRST, _LAST = date(2017, 11, 20), date(2018, 12, 31)  # of what is generated


class Day(NamedTuple):
    """One day's closes in USD."""

    date: date
    btc: Decimal
    eth: Decimal


def days() -> list[Day]:
    """Return all days that have both prices, in order."""
    if not RECORDED.exists():
        return _generated()
    with RECORDED.open(newline="") as file:
        return [
            Day(
                date.fromisoformat(row["date"]),
                Decimal(row["BTC_close"]),
                Decimal(row["ETH_close"]),
            )
            for row in csv.DictReader(file)
            if row["BTC_close"] and row["ETH_close"]
        ]


def _generated() -> list[Day]:
    """Return a seeded walk as wild as the recorded years, with their falls."""
    draw, btc, eth = Random(2019), 8_000.0, 330.0
    found = []
    for number in range((_LAST - _FIRST).days + 1):
        at = _FIRST + timedelta(days=number)
        common = draw.gauss(0.03 if at < date(2018, 1, 7) else -0.01, 0.06)
        btc *= max(0.75, 1 + common)
        eth *= max(0.72, 1 + common + draw.gauss(0, 0.03))
        found.append(Day(at, *(Decimal(f"{price:.2f}") for price in (btc, eth))))
    return found
