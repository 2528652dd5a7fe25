"""The courier: threads that carry, a step that never waits, and what a killed one leaves."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from django.core import mail
from django.db import DatabaseError

from dualis import engine
from dualis.notifications import courier, notices, preferences, queue, webhooks
from dualis.notifications.courier import Courier
from dualis.notifications.kinds import Door
from dualis.notifications.models import Delivery, Webhook
from dualis.notifications.notices import Notice
from dualis.notifications.outcome import DELIVERED
from dualis.notifications.posting import Poster
from tests.outgoing import receiver, waiting
from tests.people import NOW, later, make_user
from tests.process import ROOT, SECONDS, Site, until
from tests.servers import postgres

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada():
    return make_user(email_verified_at=NOW)


def make(send, door=Door.EMAIL):
    return Courier({door: send}, clock=lambda: NOW)


def run(made, now=NOW):
    threads = made.step(now)
    for thread in threads:
        thread.join(20)
    return len(threads)


def states():
    return sorted(Delivery.objects.values_list("state", flat=True))


def test_a_notice_reaches_mailbox_and_webhook(ada):
    with receiver() as server:
        webhooks.create(ada.id, "https://hooks.example.com", now=NOW)
        Webhook.objects.update(url=server.url)
        preferences.change(ada.id, {"channels": {"webhook": True}}, now=NOW)
        poster = Poster(server.policy, lambda host, port: ["127.0.0.1"], server.trust)
        send = {**Courier()._send, Door.WEBHOOK: poster}
        notices.notify_each([Notice(ada.id, "PROTOCOL_PAUSED", "t", "m")], now=NOW)
        run(Courier(send, clock=lambda: NOW))
        assert states() == ["delivered"] * 2
        assert len(mail.outbox) == len(server.requests) == 1


def test_the_step_waits_for_nobody_and_has_so_many_threads_at_most(ada):
    release, inside = threading.Event(), threading.Semaphore(0)

    def slow(delivery, now):
        inside.release()
        assert release.wait(20)
        return DELIVERED

    for _ in range(5):
        waiting(ada)
    made = make(slow)
    threads = made.step(NOW)
    assert len(threads) == courier.THREADS[Door.EMAIL] == 2
    for _ in threads:
        assert inside.acquire(timeout=20)
    assert states() == ["pending"] * 3 + ["sending"] * 2
    assert made.step(NOW) == []
    release.set()
    for thread in threads:
        thread.join(20)
    assert states() == ["delivered"] * 5, "a thread goes on while there is work"
    waiting(ada)
    assert run(made) == 1, "there is room again"


def test_webhooks_that_do_not_answer_hold_up_no_mail(ada):
    release = threading.Event()

    def stuck(delivery, now):
        assert release.wait(20)
        return DELIVERED

    for n in range(8):
        webhook = Webhook.objects.create(user=ada, url=f"https://{n}.example.com", created_at=NOW)
        waiting(ada, "webhook", webhook)
    made = Courier({Door.WEBHOOK: stuck, Door.EMAIL: lambda *_: DELIVERED}, clock=lambda: NOW)
    stuck_ones = made.step(NOW)
    assert len(stuck_ones) == courier.THREADS[Door.WEBHOOK]
    waiting(ada)
    assert run(made) == 1 and Delivery.objects.get(door="email").state == "delivered"
    release.set()
    for thread in stuck_ones:
        thread.join(20)


def test_nothing_to_do_starts_no_thread(ada):
    waiting(ada, due_at=later(seconds=1))
    assert make(lambda *_: DELIVERED).step(NOW) == []


def test_a_bug_in_sending_is_counted_as_our_fault_and_tried_again(ada):
    def broken(delivery, now):
        raise ZeroDivisionError

    waiting(ada)
    with pytest.raises(ZeroDivisionError):
        make(broken).carry(Door.EMAIL)
    row = Delivery.objects.get()
    assert (row.state, row.attempts, row.error) == ("pending", 1, "our_fault")


def test_a_database_that_is_away_is_logged_and_its_thread_makes_room(ada, monkeypatch, caplog):
    def away(door, now):
        raise DatabaseError("away")

    waiting(ada)
    made = make(lambda *_: DELIVERED)
    monkeypatch.setattr(queue, "claim", away)
    assert run(made) == 1 and "the database is away" in caplog.text
    assert run(made) == 1


def test_a_thread_stops_after_so_many(ada, monkeypatch):
    monkeypatch.setattr(courier, "MOST", 2)
    for _ in range(3):
        waiting(ada)
    made = make(lambda *_: DELIVERED)
    assert [made.carry(Door.EMAIL), made.carry(Door.EMAIL)] == [2, 1]


def test_the_market_has_its_steps():
    steps = {step.name: step for step in engine.market_steps()}
    assert not steps["notifications.deliver"].is_atomic
    assert {"notifications.broadcast", "notifications.prune"} <= set(steps)


_KILLED = """
import os, signal, sys
from datetime import UTC, datetime, timedelta
from dualis.accounts.models import User
from dualis.notifications import notices
from dualis.notifications.courier import Courier
from dualis.notifications.kinds import Door
from dualis.notifications.models import Delivery
from dualis.notifications.outcome import DELIVERED
now = datetime.now(UTC)

def die(delivery, now):
    os.kill(os.getpid(), signal.SIGKILL)

def count(delivery, now):
    print("SENT", delivery.id, flush=True)
    return DELIVERED

if {is_first}:
    user = User.objects.create(email="ada@example.com", email_verified_at=now)
    notices.notify(user.id, "PASSWORD_CHANGED", title="t", message="m", now=now)
    print("WAITS", Delivery.objects.get().id, flush=True)
    Courier({{Door.EMAIL: die}}).carry(Door.EMAIL)
assert Courier({{Door.EMAIL: count}}).carry(Door.EMAIL) == 0, "the claim has not lapsed"
late = lambda: now + timedelta(seconds=121)
assert Courier({{Door.EMAIL: count}}, clock=late).carry(Door.EMAIL) == 1
"""


@pytest.mark.process
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_courier_killed_while_sending_is_followed_by_one_that_sends(database, tmp_path: Path):
    def shell(is_first):
        script = _KILLED.format(is_first=is_first)
        return subprocess.run(
            [sys.executable, "manage.py", "shell", "-v0", "-c", script],
            cwd=ROOT,
            env=site.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def scenario():
        site.manage("migrate", "-v0")
        first = shell(is_first=True)
        assert first.returncode == -signal.SIGKILL, first.stderr
        second = shell(is_first=False)
        assert second.returncode == 0, second.stderr
        assert first.stdout.split()[:1] == ["WAITS"]
        assert second.stdout.split() == ["SENT", first.stdout.split()[1]]

    if database == "sqlite":
        site = Site(tmp_path)
        scenario()
    else:
        with postgres() as url:
            site = Site(tmp_path, DATABASE_URL=url)
            scenario()


@pytest.mark.process
def test_the_engine_of_a_running_site_carries_a_letter(tmp_path: Path):
    site = Site(tmp_path)
    try:
        site.start()
        answer = httpx.post(
            f"{site.url}/v1/notifications/preferences/test",
            json={"channel": "email"},
            headers={"Authorization": f"Bearer {site.login()}"},
            timeout=SECONDS,
        )
        assert answer.status_code == 202, answer.text
        until(lambda: "Subject: Test notification" in site.log.read_text())
        assert "To: demo@dualis.finance" in site.log.read_text()
    finally:
        site.end()
