"""A request runs whole in one thread of a fixed number, and leaves nothing of itself behind."""

import asyncio
import threading

import pytest
from django.core.signals import request_finished
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from dualis.asgi import application
from dualis.handler import THREADS, Handler
from dualis.lending.models import Market
from realtime import health

pytestmark = pytest.mark.django_db(transaction=True)

seen: list = []
gate = threading.Event()


@csrf_exempt
def plain(request):
    seen.append((threading.current_thread(), connections["default"]))
    return HttpResponse(f"{request.body.decode()} {Market.objects.count()}")


@csrf_exempt
def stream(request):
    plain(request)
    return StreamingHttpResponse(parts())


async def parts():
    yield b"one "
    yield b"two"


@csrf_exempt
def wait(request):
    gate.wait(20)
    return HttpResponse("done")


@csrf_exempt
def broken(request):
    raise KeyError("a bug")


urlpatterns = [
    path("plain", plain),
    path("stream", stream),
    path("wait", wait),
    path("broken", broken),
    path("livez", csrf_exempt(health.livez)),
]


@pytest.fixture(autouse=True)
def our_addresses(settings):
    settings.ROOT_URLCONF = __name__
    seen.clear()
    gate.clear()


async def ask(app, address, *messages):
    """Return the status and the body of the answer to a request made of these messages."""
    inbox = list(messages or [{"type": "http.request", "body": b"hello"}])
    sent = []

    async def receive():
        return inbox.pop(0) if inbox else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": address,
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 1),
    }
    await asyncio.wait_for(app({**scope}, receive, send), 20)
    return (sent[0]["status"], b"".join(m.get("body", b"") for m in sent)) if sent else None


@pytest.mark.parametrize(("address", "body"), [("/plain", b"hello 1"), ("/stream", b"one two")])
def test_the_answer_comes_whole_and_the_connection_is_given_back(address, body):
    halves = [{"type": "http.request", "body": b"hel", "more_body": True}]
    halves.append({"type": "http.request", "body": b"lo"})
    assert asyncio.run(ask(Handler(), address, *halves)) == (200, body)
    ((thread, used),) = seen
    assert thread.name.startswith("request")
    assert used.connection is None


def test_a_bug_in_a_view_is_answered_500():
    status, _ = asyncio.run(ask(Handler(), "/broken"))
    assert status == 500


def test_a_client_that_goes_before_its_request_is_whole_is_not_answered():
    gone = [{"type": "http.request", "body": b"h", "more_body": True}, {"type": "http.disconnect"}]
    assert asyncio.run(ask(Handler(), "/plain", *gone)) is None
    assert not seen


def test_a_stream_is_closed_though_its_client_has_gone():
    finished = []

    async def gone(message):
        raise OSError

    async def scenario():
        scope = {"type": "http", "method": "GET", "path": "/stream", "query_string": b""}
        scope |= {"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1)}
        request = asyncio.Queue()
        request.put_nowait({"type": "http.request", "body": b""})
        with pytest.raises(OSError):
            await Handler()(scope, request.get, gone)

    def note(**kwargs):
        finished.append(kwargs)

    request_finished.connect(note)
    try:
        asyncio.run(scenario())
    finally:
        request_finished.disconnect(note)
    assert len(finished) == 1


def test_a_probe_is_answered_while_every_thread_is_busy():
    async def scenario():
        busy = [asyncio.create_task(ask(application, "/wait")) for _ in range(THREADS + 1)]
        await asyncio.sleep(0)
        status, _ = await ask(application, "/livez")
        waiting = not any(task.done() for task in busy)
        gate.set()
        return status, waiting, {answer[0] for answer in await asyncio.gather(*busy)}

    assert asyncio.run(scenario()) == (200, True, {200})
