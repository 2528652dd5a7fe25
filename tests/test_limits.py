"""How often somebody may do something."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser

from dualis import errors
from realtime import limits
from tests.people import NOW, later
from tests.servers import valkey


def test_hits_beyond_the_rate_are_refused_with_the_time_to_wait():
    # One travel: between two, the real clock would expire what was counted.
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(3):
            limits.hit("3/h", "forgot", "192.0.2.1")
        clock.move_to(later(minutes=10))
        with pytest.raises(errors.RateLimited) as caught:
            limits.hit("3/h", "forgot", "192.0.2.1")
        limits.hit("3/h", "forgot", "192.0.2.2")
    refusal: Any = caught.value
    assert refusal.details == {"retryAfter": 3000}
    assert refusal.headers == {
        "X-RateLimit-Limit": "3",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(later(hours=1).timestamp())),
    }


def test_window_moves_and_refused_hits_do_not_count():
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(10):
            limits.hit("10/15m", "login")
        clock.move_to(later(minutes=14))
        with pytest.raises(errors.RateLimited):
            limits.hit("10/15m", "login")
        clock.move_to(later(minutes=15, seconds=1))
        for _ in range(10):
            limits.hit("10/15m", "login")


def test_counting_starts_no_thread_and_forgets_what_is_over(monkeypatch: pytest.MonkeyPatch):
    limits.connect_anew()
    started: list[threading.Thread] = []
    storage: Any = limits._storage()
    with time_machine.travel(NOW, tick=False) as clock:
        monkeypatch.setattr(threading.Thread, "start", started.append)
        limits.hit("5/m", "ada")
        clock.shift(61)
        limits.hit("5/m", "bob")
        assert sum(map(len, storage.events.values())) == 2
        monkeypatch.setattr(limits, "TIDY_SECONDS", 0)
        limits.hit("5/m", "bob")
    assert sum(map(len, storage.events.values())) == 2  # bob's
    assert not started


@pytest.mark.parametrize("rate", ["", "5", "5/", "five/h", "5/y", "10/15minutes", "-1/h"])
def test_what_is_no_rate_is_an_error_of_ours(rate: str):
    with pytest.raises(ValueError, match="is no rate"):
        limits.hit(rate, "key")


def test_reset_forgets():
    limits.hit("1/h", "key")
    limits.reset()
    limits.hit("1/h", "key")


def _request(method: str, user: Any, address: str = "192.0.2.1") -> Any:
    return SimpleNamespace(method=method, user=user, address=address)


@pytest.mark.parametrize(
    ("method", "is_authenticated", "amount"),
    [("GET", True, 300), ("POST", True, 60), ("DELETE", True, 60), ("GET", False, 120)],
)
def test_throttle_counts_users_and_anonymous_addresses(
    method: str, is_authenticated: bool, amount: int
):
    user: Any = AnonymousUser()
    if is_authenticated:
        user = SimpleNamespace(is_authenticated=True, pk="usr_one")
    throttle = limits.ApiThrottle()
    with time_machine.travel(NOW, tick=False):
        for _ in range(amount):
            assert throttle.allow_request(_request(method, user), None)
        with pytest.raises(errors.RateLimited):
            throttle.allow_request(_request(method, user), None)


def test_reads_and_writes_and_users_are_counted_apart():
    throttle = limits.ApiThrottle()
    one = SimpleNamespace(is_authenticated=True, pk="usr_one")
    two = SimpleNamespace(is_authenticated=True, pk="usr_two")
    with time_machine.travel(NOW, tick=False):
        for _ in range(60):
            throttle.allow_request(_request("POST", one), None)
        assert throttle.allow_request(_request("GET", one), None)
        assert throttle.allow_request(_request("POST", two), None)


@contextmanager
def counting_in(settings: Any, url: str) -> Iterator[None]:
    """Let the counters be in the Redis at `url`; afterwards in memory again."""
    before = settings.REDIS_URL
    settings.REDIS_URL = url
    limits.connect_anew()
    try:
        yield
    finally:
        settings.REDIS_URL = before
        limits.connect_anew()


def test_everything_passes_while_redis_is_away(settings: Any, caplog: Any):
    with counting_in(settings, "redis://127.0.0.1:1/0"):
        for _ in range(3):
            limits.hit("1/h", "key")
    assert "rate limits are off" in caplog.text


def test_processes_count_together_in_redis(settings: Any):
    with valkey() as server, counting_in(settings, server.url):
        limits.hit("2/h", "key")
        limits.connect_anew()  # as another process would
        limits.hit("2/h", "key")
        with pytest.raises(errors.RateLimited) as caught:
            limits.hit("2/h", "key")
        assert 3500 < caught.value.details["retryAfter"] <= 3600
        limits.reset()
        limits.hit("2/h", "key")
