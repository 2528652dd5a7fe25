"""The fills poller against a venue that repeats, reorders, delays, fails and dies: once each."""

import json
import threading
from datetime import timedelta
from decimal import Decimal as D
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from dualis.trading import desk, poller
from dualis.trading.models import Fill, PollCursor, PollerState, milliseconds
from dualis.trading.orderbook import Side
from dualis.trading.venues import Hyperliquid, Paper, VenueError, VenueFill
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, T0, after, check, position

pytestmark = pytest.mark.django_db


def fill(tid, seconds, side="B", size="1", price="2000", coin="ETH", fee="0.5"):
    moment = milliseconds(after(seconds=seconds))
    return VenueFill(tid, tid, coin, Side(side), D(price), D(size), D(fee), moment, True)


class Fake:
    """A venue that answers what it is told to."""

    name, is_local = "fake", True

    def __init__(self, *fills):
        self.told = list(fills)
        self.error = None
        self.asked = []

    def fills(self, user, since_ms):
        self.asked.append((user, since_ms))
        if self.error:
            raise self.error
        return [f for f in self.told if f.time_ms >= since_ms] if user == ADA else []


@pytest.fixture(autouse=True)
def ledger():
    tw.marked()
    tw.account(ADA)
    yield
    check()


def tids():
    return sorted(Fill.objects.filter(account=ADA).values_list("tid", flat=True))


def test_what_is_new_is_booked_with_the_venues_fee_and_mirrored():
    assert poller.step(Fake(fill(1, 1), fill(2, 2, "A", "0.4", "2100")), after(seconds=3)) == 2
    assert position(ADA) == D("0.6") and tids() == [1, 2]
    assert tw.row(ADA).usdc == D("10039")  # 40 gained, 2 x 0.5 of fees
    assert tw.row("venue").value.positions["ETH"].size == D("-0.6")


def test_a_repeated_answer_books_nothing_twice():
    venue = Fake(fill(1, 1), fill(1, 1), fill(2, 2))
    assert poller.step(venue, after(seconds=3)) == 2
    assert poller.step(venue, after(seconds=4)) == 0 and tids() == [1, 2]


def test_fills_out_of_order_and_one_that_comes_late_are_all_booked():
    venue = Fake(fill(5, 20), fill(3, 15))
    assert poller.step(venue, after(seconds=21)) == 2
    venue.told.append(fill(4, 12))  # older than the newest, told later
    assert poller.step(venue, after(seconds=22)) == 1 and tids() == [3, 4, 5]


def test_the_cursor_moves_on_and_stays_behind_by_the_overlap():
    venue = Fake(fill(1, 100))
    poller.step(venue, after(seconds=101))
    poller.step(venue, after(seconds=102))
    assert venue.asked[-1] == (ADA, milliseconds(after(seconds=90)))
    assert PollCursor.objects.get().since_ms == milliseconds(after(seconds=90))


@pytest.mark.parametrize("breaks_in", ["save", "cursor"])
def test_a_process_that_dies_between_two_writes_leaves_nothing_half_done(monkeypatch, breaks_in):
    class Killed(BaseException):
        pass

    def die(*args, **kwargs):
        raise Killed

    venue = Fake(fill(1, 1), fill(2, 2))
    with monkeypatch.context() as patch:
        if breaks_in == "save":
            patch.setattr(desk.Desk, "save", die)
        else:
            patch.setattr(PollCursor.objects, "get_or_create", die)
        with pytest.raises(Killed):
            poller.step(venue, after(seconds=3))
    assert tids() == []
    assert poller.step(venue, after(seconds=4)) == 2 and tids() == [1, 2]


def test_an_error_backs_off_and_is_told_by_the_status():
    venue = Fake(fill(1, 1))
    venue.error = VenueError("HTTP 500")
    assert poller.status(T0)["status"] == "stopped"
    poller.step(venue, after(seconds=1))
    poller.step(venue, after(seconds=2))  # backs off for 2 s
    assert len(venue.asked) == 1
    venue.error = None
    assert poller.step(venue, after(seconds=4)) == 1
    told = poller.status(after(seconds=5))
    assert (told["status"], told["lagMs"], told["consecutiveErrors"]) == ("running", 1000, 0)
    venue.error = VenueError("HTTP 429", retry_after=120)
    poller.step(venue, after(seconds=6))
    assert PollerState.objects.get().resume_at == after(seconds=126)
    told = poller.status(after(seconds=90))
    assert told["status"] == "degraded" and told["stale"] and told["lastError"] == "HTTP 429"


def test_back_off_doubles_up_to_a_minute():
    venue, now, waits = Fake(), after(seconds=1), []
    venue.error = VenueError("x")
    for _ in range(8):
        poller.step(venue, now)
        resume = PollerState.objects.get().resume_at
        waits.append((resume - now).total_seconds())
        now = resume
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_what_is_switched_off_asks_nobody():
    PollerState.objects.create(id=1, is_enabled=False)
    venue = Fake(fill(1, 1))
    assert poller.step(venue, after(seconds=2)) == 0 and not venue.asked


def test_accounts_are_asked_in_batches_one_after_another(monkeypatch):
    monkeypatch.setattr(poller, "BATCH", 2)
    for n in range(4):
        tw.account(f"0x{n}", "0")
    venue = Fake()
    for second in range(3):
        poller.step(venue, after(seconds=second))
    assert [user for user, _ in venue.asked] == ["0x0", "0x1", "0x2", "0x3", ADA]
    poller.step(venue, after(seconds=9))
    assert venue.asked[-1][0] == "0x1"


def test_an_account_that_the_venue_refuses_holds_up_nobody_after_it():
    class Picky(Fake):
        def fills(self, user, since_ms):
            found = super().fills(user, since_ms)
            if user == "0x1":
                raise VenueError("HTTP 422")
            return found

    tw.account("0x1", "0")  # asked before ADA
    venue = Picky(fill(1, 1))
    assert poller.step(venue, after(seconds=2)) == 0
    assert poller.step(venue, after(seconds=5)) == 1 and tids() == [1]


def test_the_embedded_venue_tells_what_is_booked_already():
    tw.account(BOB, "100000")
    tw.place(BOB, "A", "2", "2000")
    tw.place(ADA, "B", "2", "2000")
    assert poller.step(Paper(), after(seconds=5)) == 0
    assert PollCursor.objects.count() == 2 and Fill.objects.count() == 2


# --- Hyperliquid over HTTP ----------------------------------------------------------------------
GOOD = {
    "coin": "ETH",
    "px": "2000.0",
    "sz": "1.5",
    "side": "A",
    "time": milliseconds(T0 + timedelta(seconds=1)),
    "startPosition": "0.0",
    "dir": "Open Short",
    "closedPnl": "0.0",
    "hash": "0xaa",
    "oid": 90542681,
    "crossed": False,
    "fee": "0.01",
    "tid": 118906512037719,
    "feeToken": "USDC",
}


@pytest.fixture
def server():
    """A local server that serves the documented shape, or what a test wants."""

    class Handler(BaseHTTPRequestHandler):
        answers = []
        asked = []

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            self.asked.append((self.path, json.loads(body)))
            status, headers, text = self.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args):
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    Handler.url = f"http://127.0.0.1:{made.server_port}"
    yield Handler
    made.shutdown()
    thread.join()
    made.server_close()


def venue_of(server, *answers):
    server.answers[:] = list(answers)
    server.asked[:] = []
    return Hyperliquid(server.url, httpx.Client(timeout=1.0))


def test_the_documented_shape_is_read_and_booked(server):
    other = {**GOOD, "coin": "HYPE", "tid": 1}
    venue = venue_of(server, (200, {}, json.dumps([GOOD, other])))
    assert poller.step(venue, after(seconds=5)) == 1
    assert server.asked == [
        ("/info", {"type": "userFillsByTime", "user": ADA, "startTime": milliseconds(T0)})
    ]
    made = Fill.objects.get()
    assert (made.tid, made.venue_oid, made.size, made.fee) == (
        118906512037719,
        90542681,
        D("1.5"),
        D("0.01"),
    )
    assert position(ADA) == D("-1.5") and not made.is_taker


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, ""),
        (429, {"retry-after": "7"}, ""),
        (302, {"location": "http://127.0.0.1:1/"}, ""),
        (200, {}, "<html>"),
        (200, {}, "{}"),
        (200, {}, "null"),
        (200, {}, "[1]"),
        (200, {}, json.dumps([{**GOOD, "px": "x"}])),
        (200, {}, json.dumps([{**GOOD, "px": "NaN"}])),
        (200, {}, json.dumps([{**GOOD, "sz": "-1"}])),
        (200, {}, json.dumps([{**GOOD, "side": "buy"}])),
        (200, {}, json.dumps([{k: v for k, v in GOOD.items() if k != "tid"}])),
    ],
)
def test_garbage_and_refusals_book_nothing_and_back_off(server, answer):
    venue = venue_of(server, answer, (200, {}, json.dumps([GOOD])))
    assert poller.step(venue, after(seconds=5)) == 0 and not Fill.objects.exists()
    state = PollerState.objects.get()
    assert state.errors == 1 and state.last_error
    wait = (state.resume_at - after(seconds=5)).total_seconds()
    assert wait == (7 if answer[0] == 429 else 2)
    assert poller.step(venue, after(seconds=20)) == 1


def test_a_venue_that_does_not_answer_is_an_error(server):
    venue = Hyperliquid("http://127.0.0.1:1", httpx.Client(timeout=1.0))
    assert poller.step(venue, after(seconds=5)) == 0
    assert PollerState.objects.get().last_error == "ConnectError"
