"""The whole stack under load and under fire: HTTP, a server process, a real PostgreSQL.

`make drills` runs the same for longer.
"""

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import httpx
import psycopg
import pytest

from tests import drills
from tests.drill_people import ACTS, REFUSALS, Asked, code, people_of
from tests.open_server import FATAL
from tests.process import ROOT, Site, until
from tests.servers import a_postgres

pytestmark = [pytest.mark.process, pytest.mark.drill]

LEVELS = (2000, 1150, 1050, 1000)  # of ETH: in turn safe, and ever worse for a loan near its limit
LEVEL_MINUTES = 5  # of history; the breaker takes two to release a jump
ACKNOWLEDGED = 24  # before a crash


@pytest.fixture(scope="module")
def database():
    with a_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def migrated(database, tmp_path_factory):
    Site(tmp_path_factory.mktemp("drills"), DATABASE_URL=database.url).manage("migrate", "-v0")
    return database


@pytest.fixture
def site(migrated, tmp_path):
    """A site on a database of its own: what one test leaves behind is no outage to the next."""
    name = f"drill_{time.time_ns()}"
    with psycopg.connect(migrated.url, autocommit=True) as link:
        link.execute(f"CREATE DATABASE {name} TEMPLATE postgres")
    site = Site(tmp_path, DATABASE_URL=migrated.url.replace("/postgres?", f"/{name}?"))
    yield site
    site.end()


@pytest.fixture
def people(site):
    """Eight people with money and loans."""
    done = subprocess.run(
        program("people"), cwd=ROOT, env=site.environment, stdout=subprocess.PIPE, check=True
    )
    people = people_of(site, json.loads(done.stdout))
    yield people
    for person in people:
        person.http.close()


def program(part):
    return [sys.executable, "-m", "tests.drill_market", part]


@contextmanager
def audited(site):
    """Hold the sentences of the ledger against the database all the while and at the end."""
    with site.log.open("ab") as log:
        audit = subprocess.Popen(
            program("audit"),
            cwd=ROOT,
            env=site.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    looks = []
    try:
        yield looks
        out, _ = audit.communicate(timeout=120)
        assert audit.returncode == 0, site.log.read_text()[-4000:]
        looks.append(int(out))
    finally:
        audit.kill()
        audit.wait()


@contextmanager
def acting(*acts):
    """Run acts, each in a thread, until the block ends; they are given what tells them to stop."""
    stop = threading.Event()
    with ThreadPoolExecutor(len(acts)) as pool:
        running = [pool.submit(act, stop) for act in acts]
        try:
            yield running
        finally:
            stop.set()
    for one in running:
        one.result()


def waves(path):
    """Write a history of ETH that jumps between LEVELS, a minute a row; return the price source."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [(at, LEVELS[0])]
    at += timedelta(days=1)  # where a replay starts
    for minute in range(int(drills.SECONDS) + 300):
        level = LEVELS[(minute + LEVEL_MINUTES // 2) // LEVEL_MINUTES % len(LEVELS)]
        rows.append((at + timedelta(minutes=minute), level))
    lines = [f"{at.isoformat()},{price},60000" for at, price in rows]
    path.write_text("\n".join(["time,ETH,wBTC", *lines, ""]))
    return f"replay:{path}?speed=60"


def test_identities_hold_while_eight_people_do_everything_at_once(site, people, tmp_path):
    site.environment["PRICE_SOURCE"] = waves(tmp_path / "waves.csv")
    process = site.start("-m", "tests.open_server")

    def missing():
        return set(ACTS) - {act for act, status, _ in answers(people) if status < 300}

    with audited(site) as looks:
        end = time.monotonic() + drills.SECONDS
        with acting(*(person.live for person in people)) as running:

            def is_over():
                has_failed = any(one.done() for one in running)
                return has_failed or (time.monotonic() > end and not missing())

            until(is_over, seconds=drills.SECONDS + 180, why=lambda: f"not accepted: {missing()}")
    told = answers(people)
    print(told.total(), "requests,", looks[0], "audits,", sorted(told.items()))
    assert not faults(people), site.log.read_text()[-4000:]
    assert looks[0] > 1 and process.poll() is None


def test_ten_equal_requests_at_once_act_once(site, people):
    site.start("-m", "tests.open_server")
    person = people[0]
    before = person.booked()
    asked = Asked("supply", "/pools/usdc-main/supply", "ten", {"amount": "77.5"})
    together = threading.Barrier(10)

    def ask():
        together.wait(10)
        return person.ask(asked)

    with ThreadPoolExecutor(10) as pool:
        answers = [one.result() for one in [pool.submit(ask) for _ in range(10)]]
    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == 9
    assert person.booked() - before == Counter({("supply", "77.5"): 1})


@pytest.mark.parametrize("victim", ["server", "answer", "database"])
def test_what_was_acknowledged_survives_a_crash_and_the_rest_acts_once(
    site, people, migrated, victim
):
    url = site.environment["DATABASE_URL"]
    with psycopg.connect(url) as look:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert look.execute(f"SHOW {name}").fetchone() == ("on",)
    process = site.start("-m", "tests.open_server")
    for number in range(drills.ROUNDS):
        before = [person.booked() for person in people]
        for person in people:
            person.asked.clear()
        with acting(*(partial(person.write, number * 100_000) for person in people)):
            until(lambda: acknowledged(people) >= ACKNOWLEDGED, seconds=90, why=site.log.read_text)
            crashed_at = datetime.now(UTC)
            match victim:
                case "server":
                    process.kill()
                case "answer":
                    ask_in_vain(people[0], number)
                case "database":
                    migrated.crash()
                    migrated.start()
        if victim != "database":
            assert process.wait(10) == -signal.SIGKILL
            process = site.start("-m", "tests.open_server")
        site.wait_until_ready(process)
        assert faults(people) <= {"UNAVAILABLE"}, site.log.read_text()[-4000:]
        unanswered = sum(asked.answer is None for person in people for asked in person.asked)
        kept = sum(expect_each_once(*pair) for pair in zip(people, before, strict=True))
        assert kept or victim != "answer"
        print(f"{acknowledged(people)} acknowledged, {unanswered} not, {kept} of them booked")
        until(lambda at=crashed_at: last_tick(url) > at, why=site.log.read_text)
    with audited(site):
        pass


def ask_in_vain(person, number):
    """Let the server be killed when it has booked, before it can say so."""
    body = {"amount": format(99 + Decimal(number).scaleb(-6), "f")}
    asked = Asked("supply", "/pools/usdc-main/supply", f"{person.user_id}-{number}{FATAL}", body)
    person.asked.append(asked)
    with pytest.raises(httpx.TransportError):
        person.ask(asked)


def answers(people):
    """Return how often each act was answered how, of all people."""
    return sum((person.answers.copy() for person in people), Counter())


def faults(people):
    """Return the codes of answers that no refusal explains."""
    return {code for _, status, code in answers(people) if status >= 500} - REFUSALS


def acknowledged(people):
    told = [asked.answer for person in people for asked in person.asked]
    return sum(answer is not None and answer.status_code < 300 for answer in told)


def expect_each_once(person, known):
    """Ask everything again, twice: each is booked once, and what was answered is answered again.

    Return how many that nobody was told of had been booked before the crash.
    """
    kept, wanted = 0, Counter()
    for asked in person.asked:
        first, second = asked.answer or person.ask(asked), person.ask(asked)
        if first.status_code < 300:
            kept += "Idempotent-Replayed" in first.headers
            assert second.headers.get("Idempotent-Replayed") == "true", f"{asked.key} was lost"
            assert (second.status_code, second.json()) == (first.status_code, first.json())
        else:  # a machine so slow that the restart was an outage
            assert code(first) in REFUSALS, first.text
        if second.status_code < 300:
            wanted[asked.kind, asked.body["amount"].rstrip("0").rstrip(".")] += 1
    assert person.booked() - known == wanted
    assert max(wanted.values()) == 1
    return kept


def last_tick(url):
    with psycopg.connect(url) as look:
        row = look.execute("SELECT ran_at FROM dualis_enginestep WHERE name = 'oracle.tick'")
        return row.fetchone()[0]
