"""Calling a webhook over real TLS: what arrives, what is refused, and DNS that lies."""

import hmac
import json
import socket
import time
from hashlib import sha256

import pytest

from dualis.notifications import posting
from dualis.notifications.egress import Policy
from dualis.notifications.outcome import SWITCHED_OFF, Outcome
from dualis.notifications.posting import Poster
from tests.outgoing import HOST, hook, receiver, waiting
from tests.people import NOW, make_user


@pytest.fixture(scope="module")
def server():
    with receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(server):
    server.requests.clear()
    server.answer = server.ok


def poster(server, addresses=("127.0.0.1",), **others):
    asked = []

    def resolve(host, port):
        asked.append(host)
        return addresses(len(asked)) if callable(addresses) else list(addresses)

    made = Poster(server.policy, resolve, server.trust, **others)
    made.asked = asked
    return made


def post(made, server, headers=None):
    return made.post(server.url, headers or {}, b"{}")


@pytest.mark.django_db
def test_a_delivery_arrives_signed_under_its_name(server):
    user = make_user()
    webhook = hook(user, server.url)
    delivery = waiting(user, "webhook", webhook)
    assert poster(server)(delivery, NOW) == Outcome("", 204)
    ((path, headers, body),) = server.requests
    assert path == "/in?a=1" and headers["Host"] == server.url.split("/")[2]
    assert json.loads(body) == {"delivery": delivery.id, "notification": delivery.payload}
    stamp = str(int(NOW.timestamp()))
    expected = hmac.new(webhook.secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    assert headers["X-Dualis-Signature"] == f"sha256={expected}"
    assert (headers["X-Dualis-Timestamp"], headers["X-Dualis-Delivery"]) == (stamp, delivery.id)
    assert headers["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_a_webhook_that_is_off_or_gone_or_of_a_closed_account_is_not_called(server):
    user = make_user()
    off = waiting(user, "webhook", hook(user, server.url, is_active=False))
    gone = waiting(user, "webhook")
    closed = waiting(make_user("b@example.com", status="suspended"), "webhook", hook(user))
    assert [poster(server)(row, NOW) for row in (off, gone, closed)] == [SWITCHED_OFF] * 3
    assert not server.requests


@pytest.mark.parametrize("status", [302, 307, 400, 410, 500])
def test_what_is_no_success_is_a_bad_status_and_no_redirect_is_followed(server, status):
    def answer(handler):
        handler.send_response(status)
        handler.send_header("Location", server.url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answer = answer
    assert post(poster(server), server) == Outcome("bad_status", status)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["::ffff:127.0.0.1"], []],
    ids=str,
)
def test_one_address_inside_refuses_them_all(server, addresses):
    assert post(poster(server, addresses), server) == Outcome("refused_address")
    assert not server.requests


def test_dns_that_changes_after_the_check_changes_nothing(server, monkeypatch):
    """The name is asked for once, and the system's resolver never."""

    def lie(host, *args, **kwargs):
        assert host != HOST, "nobody else may resolve the name"
        return genuine(host, *args, **kwargs)

    genuine = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lie)
    made = poster(server, lambda times: ["127.0.0.1"] if times == 1 else ["10.0.0.1"])
    assert post(made, server) == Outcome("", 204)
    assert made.asked == [HOST] and len(server.requests) == 1


def test_without_the_policy_of_a_test_loopback_is_refused(server):
    port = frozenset(server.policy.ports)
    made = Poster(Policy(ports=port), lambda host, port: ["127.0.0.1"], server.trust)
    assert post(made, server) == Outcome("refused_address")
    url = server.url.replace(HOST, "127.0.0.1")
    assert made.post(url, {}, b"{}") == Outcome("refused_address")
    assert Poster().post("https://localhost/", {}, b"{}") == Outcome("refused_address")
    assert not server.requests


def test_a_certificate_of_another_name_is_refused(server):
    with receiver("other.example.com") as other:
        assert post(poster(other), other) == Outcome("no_connection")
        assert not other.requests


def test_a_certificate_nobody_vouches_for_is_refused(server):
    made = Poster(server.policy, lambda host, port: ["127.0.0.1"])
    assert post(made, server) == Outcome("no_connection")


def test_the_next_address_is_tried_when_one_accepts_no_connection(server):
    assert post(poster(server, ["127.0.0.2", "127.0.0.1"]), server) == Outcome("", 204)
    assert post(poster(server, ["127.0.0.2"]), server) == Outcome("no_connection")
    dead = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.1"]
    assert post(poster(server, dead), server) == Outcome("no_connection"), "no more than three"


def test_a_name_that_is_none_is_no_such_host(server):
    def fail(host, port):
        raise socket.gaierror("none")

    made = Poster(server.policy, fail, server.trust)
    assert post(made, server) == Outcome("no_such_host")


def test_a_receiver_that_answers_in_drips_is_left_when_the_time_is_over(server):
    def drip(handler):
        while not server.release.wait(0.05):
            handler.wfile.write(b"H")

    server.answer = drip
    started = time.monotonic()
    assert post(poster(server, seconds=0.5), server) == Outcome("timeout")
    assert time.monotonic() - started < 5


def test_of_an_endless_answer_only_the_status_is_read(server):
    def flood(handler):
        handler.send_response(200)
        handler.end_headers()
        while not server.release.wait(0):
            handler.wfile.write(b"x" * 65_536)

    server.answer = flood
    assert post(poster(server), server) == Outcome("", 200)


def test_proxies_of_the_environment_are_not_asked(server, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert post(poster(server), server) == Outcome("", 204)


def test_the_address_of_a_webhook_is_not_logged(server, caplog):
    caplog.set_level("INFO")
    post(poster(server), server)
    assert HOST not in caplog.text and "127.0.0.1" not in caplog.text


def test_the_resolver_returns_each_address_once():
    assert posting.resolve("127.0.0.1", 443) == ["127.0.0.1"]
