"""Several processes on one port: kept, replaced, ended; nothing lost while they are."""

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import httpx
import psutil
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from websockets.exceptions import ConnectionClosed

from realtime import processes
from tests import world
from tests.process import SECONDS, Site, until
from tests.servers import free_port, postgres, valkey

NAME, OTHER = "alice", "bob"
MADE = f"""
from django.core.management import call_command
call_command("migrate", verbosity=0)
from tests import world
world.user({NAME!r}), world.user({OTHER!r})
"""
PATIENCE = 90  # a process may be starting, on a busy machine
CUT_ROUNDS = 10 if os.environ.get("DRILL_SECONDS") else 2
SERVES = "import sys, os, signal; fd = int(sys.argv[-1].split('=')[1]); os.write(fd, b'1'); "
STAYS = SERVES + "signal.pause()"


def place(code, name="one"):
    return processes.Place(name, [sys.executable, "-c", code], ())


def parented(places, scenario):
    """Run a parent beside a scenario that may look at its places; return its exit code."""

    async def whole():
        parent = processes.Parent(places)
        task = asyncio.create_task(parent.run())
        async with asyncio.timeout(60):
            if scenario is not None:
                await parent.ready.wait()
                await scenario(places)
                os.kill(os.getpid(), signal.SIGTERM)
            return await task

    return asyncio.run(whole())


async def another(place, than):
    while place.child is None or place.child.process.pid in than:
        await asyncio.sleep(0.01)
    return place.child.process.pid


def test_a_process_that_ends_is_started_again_later_each_time(monkeypatch):
    monkeypatch.setattr(processes, "FIRST_WAIT", 0.01)
    seen = []

    async def scenario(places):
        for _ in range(3):
            seen.append(await another(places[0], seen))
            os.kill(seen[-1], signal.SIGKILL)
        await another(places[0], seen)
        assert places[0].failures == 3 and places[0].wait() == 0.04

    assert parented([place(STAYS)], scenario) == 0
    assert not any(psutil.pid_exists(pid) for pid in seen)


def test_a_first_start_that_fails_ends_the_parent_and_the_others():
    places = [place(STAYS), place("raise SystemExit(3)")]

    assert parented(places, None) == 1
    assert places[0].child.process.returncode is not None


def test_one_that_does_not_end_is_killed(monkeypatch):
    monkeypatch.setattr(processes, "END_SECONDS", 0.2)
    deaf = SERVES.replace("os.write", "signal.signal(15, signal.SIG_IGN); os.write")
    places = [place(deaf + "\nwhile True: signal.pause()")]

    async def scenario(places):
        """Nothing happens before the end."""

    assert parented(places, scenario) == 0
    assert places[0].child.process.returncode == -signal.SIGKILL


def test_a_roll_stops_where_a_new_process_does_not_get_ready(tmp_path, caplog):
    flag = tmp_path / "broken"
    code = f"import os\nif os.path.exists({str(flag)!r}): raise SystemExit(3)\n" + STAYS
    places = [place(code), place(code, "two")]

    async def scenario(places):
        first = [one.child.process.pid for one in places]
        flag.touch()
        os.kill(os.getpid(), signal.SIGHUP)
        while "did not get ready" not in caplog.text:
            await asyncio.sleep(0.01)
        assert [one.child.process.pid for one in places] == first
        assert all(one.child.process.returncode is None for one in places)
        flag.unlink()
        os.kill(os.getpid(), signal.SIGHUP)
        for one in places:
            await another(one, first)

    assert parented(places, scenario) == 0


def test_a_port_in_use_is_refused_and_a_free_one_is_listened_on_by_all():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError):
            processes.listen("127.0.0.1", taken.getsockname()[1], 2)
    port = free_port()
    sockets = processes.listen("127.0.0.1", port, 3)
    assert [sock.getsockname()[1] for those in sockets for sock in those] == [port] * 3
    with pytest.raises(OSError):
        processes.listen("127.0.0.1", port, 1)
    for sock in (sock for those in sockets for sock in those):
        sock.close()


@pytest.mark.parametrize("count", ["2", "0"])
def test_several_workers_need_postgresql_and_redis(settings, count):
    settings.REDIS_URL = ""
    with pytest.raises(CommandError, match="REDIS_URL|from 1 on"):
        call_command("serve", "--workers", count)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A site of two workers and an engine on PostgreSQL and Redis."""
    with postgres() as url, valkey() as redis:
        folder = tmp_path_factory.mktemp("workers")
        site = Site(folder, DATABASE_URL=url, REDIS_URL=redis.url, WS_MAX_PER_USER=6)
        site.manage("shell", "-v0", "-c", MADE)
        parent = site.spawn("manage.py", "serve", "--workers", "2", "--engine")
        until(lambda: is_serving(site), seconds=2 * PATIENCE, why=site.log.read_text)
        yield site, parent, redis
        site.end()


def is_serving(site):
    try:
        return httpx.get(f"{site.url}/livez", timeout=PATIENCE).status_code == 200
    except httpx.TransportError:
        return False


def children(parent, word="serve"):
    found = set()
    for child in psutil.Process(parent.pid).children():
        with suppress(psutil.Error):  # ended meanwhile
            if child.status() != psutil.STATUS_ZOMBIE and word in child.cmdline():
                found.add(child.pid)
    return found


class Follower(threading.Thread):
    """Follows its user's notifications through every close, resuming."""

    def __init__(self, site, token):
        super().__init__(daemon=True)
        self.site, self.token = site, token
        self.seen, self.closes, self.failure = [], 0, None
        self.at = None
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            try:
                with self.site.client(self.token, open_timeout=PATIENCE) as client:
                    params = {"after": self.at[0], "epoch": self.at[1]} if self.at else {}
                    ack = client.subscribe("notifications", seq=True, **params)
                    assert not params or ack["resumed"] is True, ack
                    if not params:
                        self.at = ack["seq"], ack["epoch"]
                    self.read(client)
            except ConnectionClosed:
                self.closes += 1
            except Exception as error:
                self.failure = error
                return

    def read(self, client):
        while not self.stopping.is_set():
            try:
                frame = client.next(0.2)
            except TimeoutError:
                continue
            if frame["type"] == "data" and "snapshot" not in frame["data"]:
                assert frame["seq"] > self.at[0], "nothing twice, nothing out of order"
                self.at = frame["seq"], frame["epoch"]
                if "title" in frame["data"]:
                    self.seen.append(frame["data"]["message"])


@contextmanager
def following(site, token):
    """Follow with four sockets, which are gone afterwards whatever happens."""
    followers = [Follower(site, token) for _ in range(4)]
    for follower in followers:
        follower.start()
    try:
        until(lambda: all(f.at or f.failure for f in followers))
        yield followers
    finally:
        for follower in followers:
            follower.stopping.set()
        for follower in followers:
            follower.join(SECONDS)


def check(followers, made):
    """Each was told everything once, in order."""
    until(lambda: all(f.failure or len(f.seen) >= len(made) for f in followers))
    for follower in followers:
        assert follower.failure is None
        assert [next(n for n in made if n in text) for text in follower.seen] == made


def make_notice(site, token, name):
    """Cause a notification over a connection of its own, as somebody new would."""
    answer = httpx.post(
        f"{site.url}/v1/auth/stream-token",
        json={"name": name, "expiresInDays": 1},
        headers={"Authorization": f"Bearer {token}"},
        timeout=PATIENCE,
    )
    assert answer.status_code == 201, answer.text
    return name


@pytest.mark.process
def test_a_rolling_restart_under_load_loses_nothing(shared):
    site, parent, _ = shared
    token = site.login(f"{NAME}@example.com", world.PASSWORD)
    before = children(parent)
    assert len(before) == 2
    made = []
    deadline = time.monotonic() + 2 * PATIENCE
    with following(site, token) as followers:
        parent.send_signal(signal.SIGHUP)
        while children(parent) & before or len(children(parent)) != 2:
            made.append(make_notice(site, token, f"roll {len(made):04}"))
            time.sleep(1.05)  # a user may write 60 times a minute
            assert httpx.get(f"{site.url}/v1/pools", timeout=PATIENCE).status_code == 200
            assert time.monotonic() < deadline, site.log.read_text()[-3000:]
        check(followers, made)
        assert all(follower.closes for follower in followers)
    assert "Traceback" not in site.log.read_text()


@pytest.mark.process
def test_a_killed_worker_is_replaced_and_the_other_serves_meanwhile(shared):
    site, parent, _ = shared
    before = children(parent)
    os.kill(next(iter(before)), signal.SIGKILL)
    until(lambda: len(children(parent)) == 2 and children(parent) != before)
    url = f"{site.url}/v1/pools"
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: httpx.get(url, timeout=PATIENCE), range(8)))
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.process
def test_a_users_sockets_are_counted_over_all_workers(shared):
    site, _, _ = shared
    token = site.login(f"{NAME}@example.com", world.PASSWORD)
    with ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(site.client(token, open_timeout=PATIENCE))
        with site.client(open_timeout=PATIENCE) as client:
            client.send(type="auth", token=token)
            client.expect("error", code=4004)

    def is_free():
        with site.client(open_timeout=PATIENCE) as client:
            client.send(type="auth", token=token)
            return client.next()["type"] == "auth"

    until(is_free)


@pytest.mark.process
def test_redis_cut_and_back_loses_nothing_between_two_workers(shared):
    site, _, redis = shared
    token = site.login(f"{OTHER}@example.com", world.PASSWORD)
    made = []
    with following(site, token) as followers:

        def tell():
            made.extend(make_notice(site, token, f"cut {len(made) + n:04}") for n in range(3))

        tell()
        redis.stop()
        for _ in range(CUT_ROUNDS):
            tell()
            check(followers, made)
        redis.start()
        for _ in range(2):
            tell()
            check(followers, made)
        assert not any(follower.closes for follower in followers)


@pytest.mark.process
def test_workers_end_when_their_parent_is_killed(shared):
    """The last of the site: nobody is served after it."""
    _, parent, _ = shared
    pids = until(lambda: len(children(parent)) == 2 and children(parent), seconds=PATIENCE)
    pids |= children(parent, "engine")
    parent.kill()
    parent.wait()
    until(lambda: not any(psutil.pid_exists(pid) for pid in pids), seconds=PATIENCE)


@pytest.mark.process
def test_a_worker_that_cannot_start_is_said_by_the_exit_code(tmp_path):
    with postgres() as url:  # a database without tables
        site = Site(tmp_path, DATABASE_URL=url, REDIS_URL="redis://127.0.0.1:1/0")
        parent = site.spawn("manage.py", "serve", "--workers", "2")
        try:
            assert parent.wait(PATIENCE) == 1
        finally:
            site.end()
    assert "Application startup failed" in site.log.read_text()
