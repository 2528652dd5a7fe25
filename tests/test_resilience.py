"""What must survive: two writers, a dead Redis, kill -9, and another ASGI server."""

import signal
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import psycopg
import pytest

from tests.process import ROOT, SECONDS, Site, until
from tests.servers import postgres, valkey

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def database():
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def seeded(database, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("postgres"), DATABASE_URL=database)
    site.seed()
    return database


def notify(site, token, name):
    """Cause a notification, the way a user does: by making a stream token."""
    body = {"name": name, "expiresInDays": 1}
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{site.url}/v1/auth/stream-token"
    return httpx.post(url, json=body, headers=headers, timeout=SECONDS)


def test_two_processes_that_write_at_once_leave_no_hole_at_any_moment(seeded, tmp_path):
    site = Site(tmp_path, DATABASE_URL=seeded)
    with psycopg.connect(seeded, autocommit=True) as watch:

        def counts():
            row = watch.execute(
                "SELECT (SELECT seq FROM realtime_head), (SELECT max(seq) FROM realtime_event),"
                " (SELECT count(*) FROM realtime_event), (SELECT min(seq) FROM realtime_event)"
            ).fetchone()
            head, last, count, first = row
            assert head == last and count == last - first + 1, row
            return head

        before = counts()
        writers = [site.spawn("-m", "tests.writer", "150") for _ in range(2)]
        looks = 0
        while any(writer.poll() is None for writer in writers):
            counts()
            looks += 1
        assert [writer.returncode for writer in writers] == [0, 0], site.log.read_text()
        assert looks > 20 and counts() >= before + 200


def test_redis_killed_and_restarted_in_the_middle_of_a_stream_loses_nothing(seeded, tmp_path):
    with valkey() as redis:
        site = Site(tmp_path, DATABASE_URL=seeded, REDIS_URL=redis.url)
        engine = site.spawn("manage.py", "engine")
        try:
            site.start("manage.py", "serve")
            token = site.login("supplier@dualis.finance")
            with site.client(token) as client:
                start = client.subscribe("notifications", seq=True)["seq"]
                client.subscribe("prices", assets=["ETH"], seq=True)
                made, seen, last_eth, after_return = [], [], 0, 0

                def read(message):
                    nonlocal last_eth, after_return
                    if message["channel"] == "prices":
                        assert message["seq"] > last_eth or "snapshot" in message["data"]
                        last_eth = message["seq"]
                        return "price"
                    assert not seen or message["seq"] > seen[-1][0]
                    seen.append((message["seq"], message["data"].get("message", "")))
                    return "notice"

                for step in range(24):
                    if step == 4:
                        redis.stop()
                    if step == 16:
                        redis.start()
                    name = f"token {step}"
                    answer = notify(site, token, name)
                    assert answer.status_code == 201, answer.text
                    made.append(name)
                    # The ETH price paces the loop: about a second per two steps.
                    if step % 2:
                        while read(client.expect("data")) != "price":
                            pass
                while len([text for _, text in seen if text]) < len(made):
                    read(client.expect("data"))
                texts = [text for seq, text in seen if text and seq > start]
                assert len(texts) == len(made)
                for name, text in zip(made, texts, strict=True):
                    assert name in text
            ready = until(
                lambda: httpx.get(f"{site.url}/readyz").json()["status"] == "ready", seconds=15
            )
            assert ready and engine.poll() is None
        finally:
            site.end()


def test_kill_9_between_commit_and_push_loses_nothing_for_a_client_that_resumes(tmp_path):
    site = Site(tmp_path)
    first = site.start("-m", "tests.cut_server")
    token = site.login()
    try:
        with site.client(token) as client:
            ack = client.subscribe("notifications", seq=True)
            with pytest.raises(httpx.TransportError):
                notify(site, token, "the one")
            first.wait(timeout=10)
            assert first.returncode == -signal.SIGKILL
        site.start("manage.py", "serve")
        with site.client(token) as client:
            again = client.subscribe(
                "notifications", seq=True, after=ack["seq"], epoch=ack["epoch"]
            )
            assert again["resumed"] is True
            while (missed := client.expect("data"))["data"].get("type") != "STREAM_TOKEN_CREATED":
                pass  # the market may have had something to tell too
            assert missed["seq"] > ack["seq"]
            count = client.expect("data")["data"]
            assert count["event"] == "unread_count"
    finally:
        site.end()


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "dualis.asgi:application"),
        ("manage.py", "runserver", "--noreload", "127.0.0.1:{port}"),
    ],
    ids=["daphne", "runserver"],
)
def test_other_servers_walk_from_login_to_data(seeded, tmp_path, command):
    site = Site(tmp_path, DATABASE_URL=seeded)
    site.spawn("manage.py", "engine")
    try:
        site.start(*(part.format(port=site.port) for part in command))
        with site.client(site.login("trader@dualis.finance")) as client:
            client.subscribe("prices", assets=["BTC", "ETH"])
            fresh = 0
            while fresh < 4:
                fresh += "snapshot" not in client.expect("data")["data"]
            client.send(type="subscribe", channel="nothing-such")
            client.expect("error", code=4003)
    finally:
        site.end()


def test_a_second_engine_takes_over_when_the_leader_is_killed(seeded, tmp_path):
    site = Site(tmp_path, DATABASE_URL=seeded)

    def term():
        with psycopg.connect(seeded) as watch:
            return watch.execute("SELECT term, holder FROM dualis_engineterm").fetchone()

    before = term()[0]
    try:
        first = site.spawn("manage.py", "engine")
        until(lambda: term()[1].endswith(f":{first.pid}"))
        second = site.spawn("manage.py", "engine")
        first.send_signal(signal.SIGKILL)
        until(lambda: term()[1].endswith(f":{second.pid}"))
        assert term()[0] == before + 2
        # one that falls silent, as by a cut link, leads no more; it comes back as the standby
        third = site.spawn("manage.py", "engine")
        second.send_signal(signal.SIGSTOP)
        until(lambda: term()[1].endswith(f":{third.pid}"), seconds=40)
        second.send_signal(signal.SIGCONT)
        until(lambda: site.log.read_text().count("no longer leads"))
        third.send_signal(signal.SIGKILL)
        until(lambda: term()[1].endswith(f":{second.pid}"), seconds=40)
        assert term()[0] == before + 4
    finally:
        site.end()


def test_an_engine_whose_connections_are_cut_goes_on(seeded, tmp_path):
    site = Site(tmp_path, DATABASE_URL=seeded)

    def last_tick(watch):
        row = watch.execute(
            "SELECT ran_at FROM dualis_enginestep WHERE name = 'oracle.tick'"
        ).fetchone()
        return row and row[0]

    def lead(watch):
        return watch.execute("SELECT term, holder FROM dualis_engineterm").fetchone()

    try:
        engine = site.spawn("manage.py", "engine")
        with psycopg.connect(seeded, autocommit=True) as watch:
            until(lambda: lead(watch)[1].endswith(f":{engine.pid}"))
            until(
                lambda: watch.execute(
                    "SELECT 1 FROM dualis_enginestep WHERE name = 'oracle.tick'"
                ).fetchone()
            )
            for _ in range(2):
                watch.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
                # It may lead on or start a new term: only that the market moves on is asked.
                cut_at = datetime.now(UTC)
                until(lambda cut_at=cut_at: last_tick(watch) > cut_at, why=site.log.read_text)
        assert engine.poll() is None
    finally:
        site.end()


def test_a_bad_row_of_a_replay_stops_the_start_and_is_named(tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("time,BTC\n2020-01-01,1\n2020-01-02,1\n2020-01-05,-1\n")
    site = Site(tmp_path)
    site.seed()
    site.environment["PRICE_SOURCE"] = f"replay:{bad}"
    process = site.spawn("manage.py", "serve", "--engine")
    assert process.wait(timeout=30) != 0
    log = site.log.read_text()
    assert "line 4, column BTC" in log and "Traceback" not in log


def test_probes_answer_plain_http_by_address_in_production(tmp_path):
    site = Site(tmp_path)
    site.seed()
    site.environment |= {
        "DJANGO_ENV": "production",
        "SECRET_KEY": "x" * 60,
        "JWT_SIGNING_KEY": "y" * 60,
        "ALLOWED_HOSTS": "dualis.finance",
    }
    site.manage("collectstatic", "--noinput", "-v0")
    site.spawn("manage.py", "serve", "--engine")
    try:
        until(lambda: _status(f"{site.url}/readyz") == 200, why=site.log.read_text)
        assert _status(f"{site.url}/livez") == 200
        assert _status(f"{site.url}/v1/health") == 400, "only probes come without our name"
        named = {"Host": "dualis.finance"}
        assert _status(f"{site.url}/login", **named) == 301
        claimed = {**named, "X-Forwarded-Proto": "https"}
        assert _status(f"{site.url}/login", **claimed) == 301, "no trusted proxy says so"
    finally:
        site.end()


def _status(url, **headers):
    try:
        return httpx.get(url, headers=headers, timeout=5).status_code
    except httpx.TransportError:
        return None


def test_production_refuses_to_start_without_its_secrets():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": "/usr/bin", "DJANGO_ENV": "production"},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "SECRET_KEY must be set" in done.stderr


def test_check_deploy_is_silent_in_production(tmp_path):
    environment = {
        "PATH": "/usr/bin",
        "DJANGO_ENV": "production",
        "SECRET_KEY": "x" * 30 + "0123456789abcdefghijklmnopqrst",
        "JWT_SIGNING_KEY": "y" * 64,
        "ALLOWED_HOSTS": "dualis.finance",
        "DATA_DIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr.strip()) == (0, ""), done.stderr
