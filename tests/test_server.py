"""The server as it runs: a real process, real sockets, the page's keepalive, sizes and end."""

import asyncio
import json
import signal
import socket
import time
from types import SimpleNamespace

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode

from realtime import server
from realtime.inbox import Flag
from tests.process import RawClient, Site, until

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("site"), WS_MAX_PER_ADDRESS=30)
    site.start()
    yield site
    site.end()


@pytest.fixture(scope="module")
def brisk(tmp_path_factory):
    """A site whose pings come ten times a second: the page's 30 s are the same code, slower."""
    site = Site(tmp_path_factory.mktemp("brisk"), WS_PING_SECONDS=0.2, WS_PONG_SECONDS=1.5)
    site.start()
    yield site
    site.end()


@pytest.fixture(scope="module")
def token(site):
    return site.login()


def test_prices_come_about_every_second_for_each_asset(site, token):
    with site.client(token) as client:
        client.subscribe("prices", assets=["ETH"])
        moments = []
        while len(moments) < 4:
            frame = client.expect("data")
            if "snapshot" not in frame["data"]:
                assert frame["data"]["asset"] == "ETH"
                moments.append(time.monotonic())
        # Ticks keep to a grid of a second: late ones come closer together, not faster on the whole.
        assert moments[-1] - moments[0] > 1.5


def test_a_message_of_exactly_16_kib_is_read_and_one_byte_more_closes_1009(site, token):
    text = json.dumps({"type": "ping", "pad": ""})
    with site.client(token) as client:
        client.wire.send(text[:-2] + "x" * (16_384 - len(text)) + text[-2:])
        client.expect("pong")
        client.wire.send(text[:-2] + "x" * (16_385 - len(text)) + text[-2:])
        with pytest.raises(ConnectionClosedError) as closed:
            client.next()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


def test_fragments_count_together_towards_the_limit(site):
    client = RawClient(site.port)
    client.send_raw(Frame(Opcode.TEXT, b"x" * 9_000, fin=False).serialize(mask=True))
    client.send_raw(Frame(Opcode.CONT, b"x" * 9_000, fin=True).serialize(mask=True))
    assert client.close_code() == 1009
    client.close()


@pytest.mark.parametrize("path", ["/v1/ws", "/"])
def test_a_message_of_megabytes_is_told_1009_before_the_connection_ends(site, path):
    client = RawClient(site.port, path)
    client.send_raw(Frame(Opcode.TEXT, b"x" * 5_000_000).serialize(mask=True))
    assert client.close_code() == 1009
    client.close()


def test_nothing_follows_the_close_of_a_peer_that_broke_the_protocol(site, token):
    client = RawClient(site.port)
    client.send(type="auth", token=token)
    client.send(type="subscribe", channel="prices")
    client.next_of(Opcode.TEXT)
    ping = Frame(Opcode.PING, b"").serialize(mask=True)
    client.send_raw(Frame(Opcode.TEXT, b"\xff").serialize(mask=True) + ping)
    frames = []
    while frame := client.read(1):  # to the server's end of the stream, without a reset
        frames += frame
    assert [frame.opcode for frame in frames].index(Opcode.CLOSE) == len(frames) - 1
    client.send_raw(ping)  # still read, and thrown away
    client.close()


def test_a_peer_that_goes_on_after_the_close_is_dropped(site):
    client = RawClient(site.port)
    client.send_raw(Frame(Opcode.TEXT, b"\xff").serialize(mask=True))
    assert client.close_code() == 1007
    client.socket.settimeout(20)
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for _ in range(1_000):
            client.send_raw(b"x" * 100)
            time.sleep(0.02)
    client.close()


def test_a_port_whose_side_has_ended_throws_away_what_it_is_given():
    ours, theirs = socket.socketpair()
    transport = SimpleNamespace(
        get_extra_info=lambda name: ours, is_closing=lambda: False, get_write_buffer_size=lambda: 0
    )
    protocol = SimpleNamespace(
        transport=transport, scheme="ws", conn=SimpleNamespace(extensions=[]), writable=Flag()
    )
    port = server.Port(protocol)
    port.is_full = False
    assert port.write(b"before") and theirs.recv(16) == b"before"
    port.is_over = True
    assert port.write(b"after")
    ours.close()
    assert theirs.recv(16) == b""
    theirs.close()


# Deflated messages in fragments, by what each fragment inflates to.
INFLATED = {
    "exactly the limit": ([16_384], None),
    "exactly the limit in fragments": ([10_000, 6_384], None),
    "one byte more": ([16_385], 1009),
    "one byte more in fragments": ([10_000, 6_385], 1009),
    "the limit and more after it": ([16_384, 1], 1009),
    "a bomb of less than 16 KiB": ([12_000_000], 1009),
    "a bomb behind a harmless fragment": ([10, 12_000_000], 1009),
}


@pytest.mark.parametrize("path", ["/v1/ws", "/ws"])
@pytest.mark.parametrize(("parts", "code"), INFLATED.values(), ids=INFLATED)
def test_a_deflated_message_meets_the_limit_after_inflating(site, path, parts, code):
    client = RawClient(site.port, path, extensions=[ClientPerMessageDeflateFactory()])
    assert "permessage-deflate" in client.response.headers["Sec-WebSocket-Extensions"]
    ping = '{"type":"ping","method":"ping","pad":"'
    text = f'{ping}{"x" * (sum(parts) - len(ping) - 2)}"}}'.encode()
    for number, size in enumerate(parts):
        send = client.protocol.send_continuation if number else client.protocol.send_text
        send(text[:size], fin=number == len(parts) - 1)
        text = text[size:]
    client.flush()
    if code is None:
        assert "pong" in bytes(client.next_of(Opcode.TEXT).data).decode()
    else:
        assert client.close_code() == code
    client.close()


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (Frame(Opcode.TEXT, b"\xff\xfe").serialize(mask=True), 1007),
        (Frame(Opcode.TEXT, b"{}").serialize(mask=False), 1002),
        (Frame(Opcode.CONT, b"{}").serialize(mask=True), 1002),
    ],
    ids=["bad UTF-8", "unmasked", "continuation of nothing"],
)
def test_violations_of_the_websocket_protocol_close_with_its_codes(site, wire, code):
    client = RawClient(site.port)
    client.send_raw(wire)
    assert client.close_code() == code
    client.close()


def test_a_binary_message_is_answered_with_an_error(site, token):
    with site.client(token) as client:
        client.wire.send(b"\x00\x01")
        client.expect("error", code="BINARY_UNSUPPORTED")
        client.send(type="ping")
        client.expect("pong")


def test_a_fragmented_text_message_is_one_message(site, token):
    with site.client(token) as client:
        client.wire.send(['{"type":', '"ping"}'])
        client.expect("pong")


def test_an_unknown_path_and_a_foreign_origin_are_refused_before_the_upgrade(site):
    for path, headers, status in (
        ("/v1/ws/", {}, 404),
        ("/elsewhere", {}, 404),
        ("/v1/ws", {"Origin": "https://evil.example"}, 403),
    ):
        client = RawClient(site.port, path, headers)
        assert client.response.status_code == status
        client.close()
    client = RawClient(site.port, headers={"Origin": f"http://localhost:{site.port}"})
    assert client.response.status_code == 101
    client.close()


def test_more_sockets_of_an_address_than_allowed_get_429_and_places_come_back(site):
    clients = [RawClient(site.port) for _ in range(30)]
    assert {client.response.status_code for client in clients[:25]} == {101}
    refused = RawClient(site.port)
    assert refused.response.status_code == 429
    for client in [*clients, refused]:
        client.close()

    def one_more():
        client = RawClient(site.port)
        client.close()
        return client.response.status_code == 101

    until(one_more)


def test_pings_come_on_idle_and_on_busy_connections(brisk):
    token = brisk.login()
    for channel in (None, "prices"):
        client = RawClient(brisk.port)
        client.send(type="auth", token=token)
        if channel:
            client.send(type="subscribe", channel=channel)
        for _ in range(3):
            client.next_of(Opcode.PING)
            client.flush()  # answers with a pong
        client.close()


def test_a_peer_that_never_pongs_is_dropped_while_it_is_busy(brisk):
    token = brisk.login()
    client = RawClient(brisk.port)
    client.send(type="auth", token=token)
    client.send(type="subscribe", channel="prices")
    client.next_of(Opcode.PING)
    started = time.monotonic()
    try:
        while client.read(1):
            pass
    except ConnectionResetError:
        pass
    assert time.monotonic() - started < 15
    client.close()


def test_an_app_level_ping_does_not_replace_the_pong(brisk):
    client = RawClient(brisk.port)
    client.next_of(Opcode.PING)
    client.protocol.data_to_send()  # the pong is thrown away
    client.send(type="ping")
    with pytest.raises((AssertionError, ConnectionResetError)):
        for _ in range(100):
            client.next_of(Opcode.PING)
            client.protocol.data_to_send()
    client.close()


def test_any_pong_shows_life(brisk):
    client = RawClient(brisk.port)
    for _ in range(4):
        client.next_of(Opcode.PING)
        client.protocol.data_to_send()
        client.protocol.send_pong(b"hello")
        client.flush()
    client.close()


def test_a_peer_that_floods_with_pings_and_reads_nothing_is_dropped(site):
    client = RawClient(site.port)
    client.socket.settimeout(20)
    ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 500
    with pytest.raises((BrokenPipeError, ConnectionResetError, TimeoutError)) as dropped:
        for _ in range(2_000):  # 130 MB at the most
            client.send_raw(ping)
    assert dropped.type is not TimeoutError
    client.close()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_probes_may_ask_by_any_name(site, path):
    import httpx

    answer = httpx.get(f"{site.url}{path}", headers={"Host": "10.0.0.7:9090"})
    assert answer.status_code == 200


def test_bodies_beyond_the_bound_are_refused_before_they_are_read(site):
    import httpx

    url = f"{site.url}/v1/auth/login"
    answer = httpx.post(url, content=b"x" * 300_000, headers={"Content-Type": "application/json"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (413, "BODY_TOO_LARGE")
    keys = {"code", "message", "details", "requestId", "correlationId", "timestamp"}
    assert error.keys() == keys and answer.headers["X-Request-ID"] == error["requestId"]
    assert answer.headers["Cache-Control"] == "no-store"

    def endless():
        for _ in range(1_000):
            yield b"x" * 1_000

    try:
        answer = httpx.post(url, content=endless(), headers={"Content-Type": "application/json"})
        assert answer.status_code >= 400
    except httpx.TransportError:
        pass  # dropped while it was still sending
    assert httpx.get(f"{site.url}/livez").status_code == 200


def test_sigterm_closes_every_socket_with_1012_and_ends(tmp_path):
    site = Site(tmp_path)
    process = site.start()
    token = site.login()
    clients = []
    for _ in range(5):
        client = RawClient(site.port)
        client.send(type="auth", token=token)
        client.next_of(Opcode.TEXT)
        clients.append(client)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    moments = []
    for client in clients:
        while (said := json.loads(client.next_of(Opcode.TEXT).data))["type"] != "error":
            pass
        assert said["code"] == 1012 and 1_000 <= said["reconnectWithinMs"] <= 8_000
        client.next_of(Opcode.CLOSE)
        assert client.protocol.close_rcvd.code == 1012
        client.flush()
        moments.append(time.monotonic() - started)
        client.close()
    process.wait(timeout=20)
    assert max(moments) < 15, "closed by the server, not at the end of the process"
    assert "Traceback" not in site.log.read_text()


def test_a_restart_goes_on_where_it_stopped(tmp_path):
    site = Site(tmp_path)
    first = site.start()
    token = site.login()
    with site.client(token) as client:
        ack = client.subscribe("notifications", seq=True)
    first.send_signal(signal.SIGKILL)
    first.wait()
    site.start()
    with site.client(token) as client:
        again = client.subscribe("notifications", seq=True, after=ack["seq"], epoch=ack["epoch"])
        assert again["resumed"] is True and again["seq"] >= ack["seq"]
    site.end()


def test_what_is_there_at_the_start_is_not_looked_through_for_garbage(monkeypatch):
    done = []

    async def started(self, sockets=None):
        done.append("startup")

    monkeypatch.setattr(server.UvicornServer, "startup", started)
    for name in ("collect", "freeze", "set_threshold"):
        monkeypatch.setattr(server.gc, name, lambda *args, name=name: done.append((name, *args)))
    asyncio.run(server.Server(server.config("127.0.0.1", 0)).startup())
    frozen = [("collect",), ("freeze",), ("set_threshold", server.GARBAGE_AFTER)]
    assert done == ["startup", *frozen]
