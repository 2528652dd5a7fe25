"""Recorded prices from a file to a client's screen: through engine, journal, hub and socket."""

import csv
from decimal import Decimal

import httpx
import pytest

from tests.process import Site
from tests.recorded import RECORDED

pytestmark = pytest.mark.process


@pytest.fixture
def history(tmp_path):
    """Return a CSV of daily closes: the recorded one, or one of our own where that is not."""
    if RECORDED.exists():
        return RECORDED
    path = tmp_path / "daily.csv"
    with path.open("w") as file:
        file.write("date,BTC_open,BTC_close\n")
        for day in range(1, 29):
            file.write(f"2020-02-{day:02d},1,{9000 + 37 * day}\n")
    return path


def test_a_day_a_second_reaches_the_client_with_the_files_prices(tmp_path, history):
    with history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    closes = [Decimal(row["BTC_close"]) for row in rows[:20]]
    source = f"replay:{history}?speed=21600&column=close"  # a quarter of a day a second
    site = Site(tmp_path / "site", PRICE_SOURCE=source)
    site.folder.mkdir()
    try:
        site.start()
        with site.client(site.login()) as client:
            client.subscribe("prices", assets=["BTC"])
            seen = [client.expect("data")["data"] for _ in range(6)]
        assert all(row["simulated"] is True for row in seen)
        assert len({row["price"] for row in seen}) > 3
        for row in seen:
            price = Decimal(row["price"])
            assert min(closes) <= price <= max(closes)
            assert isinstance(row["change24h"], float)
        rest = httpx.get(f"{site.url}/v1/oracle/prices/BTC").json()["data"]
        assert rest["sources"] == ["replay"] and rest["timestamp"] < "2021"
    finally:
        site.end()
