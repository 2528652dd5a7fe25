"""Real processes killed with -9 at every step: each fill is booked once, each slice runs once."""

import json
import random
import subprocess
import sys
import threading
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from dualis.trading.models import milliseconds
from tests import drills
from tests.process import ROOT, Site, until
from tests.servers import postgres
from tests.trading_world import ADA, after

pytestmark = [pytest.mark.process, pytest.mark.drill]


class Venue:
    """Hyperliquid's endpoint: each time Ada is asked for she has traded once more.

    It answers with everything since the moment asked for, out of order, and one fill twice.
    """

    def __init__(self):
        self.fills = []
        self.asked = 0  # about Ada
        self.is_open = True
        venue = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                found = venue.told(body["startTime"]) if body["user"] == ADA else []
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(found).encode())

            def log_message(self, *args):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def told(self, since):
        self.asked += 1
        if self.is_open:
            number = len(self.fills)
            fill = {"coin": "ETH", "px": "2000", "sz": "0.01", "side": "BA"[number % 3 == 0]}
            fill |= {"time": milliseconds(after(seconds=1)) + 700 * number, "crossed": True}
            self.fills.append({**fill, "oid": number, "tid": 10**15 + number, "fee": "0.01"})
        found = [fill for fill in self.fills if fill["time"] >= since]
        random.shuffle(found)
        return found + found[:1]

    @property
    def tids(self):
        return [fill["tid"] for fill in self.fills]

    @property
    def position(self):
        signs = {"B": 1, "A": -1}
        return sum((signs[f["side"]] * Decimal(f["sz"]) for f in self.fills), Decimal(0))

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def venue():
    made = Venue()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path):
    if request.param == "sqlite":
        made = Site(tmp_path)
        made.seed()
        yield made
        made.end()
        return
    if drills.ROUNDS == 1:
        pytest.skip("on PostgreSQL by `make drills`")
    with postgres() as url:
        made = Site(tmp_path, DATABASE_URL=url)
        made.seed()
        yield made
        made.end()


def mortal(site, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "tests.mortal", *arguments],
        cwd=ROOT,
        env=site.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_a_poller_killed_at_every_step_books_every_fill_once(site, venue):
    found = mortal(site, "poller", venue.url)
    print(found["killed"], "killed,", len(venue.fills), "fills")
    assert found["killed"] > 20
    assert found["tids"] == venue.tids and Decimal(found["position"]) == venue.position


def test_a_slice_killed_at_every_step_runs_once(site):
    found = mortal(site, "twaps")
    print(found["killed"], "killed,", found["slices"], "slices")
    assert found["killed"] > 40 and found["slices"] == found["killed"] + 1


def test_the_command_killed_at_any_moment_books_every_fill_once(site, venue):
    site.environment["FILLS_VENUE"] = f"hyperliquid:{venue.url}"
    command = ("manage.py", "poll_fills", "--seconds", "0.01")
    mortal(site, "begin")
    for _ in range(2 * drills.ROUNDS):
        process, wanted = site.spawn(*command), venue.asked + random.randint(1, 20)
        until(lambda n=wanted: venue.asked >= n, seconds=60, why=site.log.read_text)
        process.kill()
        process.wait()
    venue.is_open = False
    process, wanted = site.spawn(*command), venue.asked + 2  # what the first answered is booked
    until(lambda: venue.asked >= wanted, seconds=60, why=site.log.read_text)
    process.kill()
    process.wait()
    found = mortal(site, "booked")
    print(len(venue.fills), "fills")
    assert found["tids"] == venue.tids and Decimal(found["position"]) == venue.position
