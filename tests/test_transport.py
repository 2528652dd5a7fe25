"""Frames over real sockets: through the port on uvicorn, plain, deflated and under TLS; on Daphne.

The reader is the `websockets` library, which refuses any byte that is out of place.
"""

import asyncio
import json
import os
import socket
import ssl
import subprocess
import sys
from contextlib import asynccontextmanager
from unittest.mock import patch

import pytest
from websockets.asyncio.client import connect
from websockets.frames import Opcode

from realtime import server
from realtime.frames import WINDOW_BITS, Frame
from tests import frames_app
from tests.frames_app import text_of
from tests.outgoing import HOST, certificate
from tests.process import ROOT
from tests.servers import free_port, wait_for_port
from tests.serving import DEFLATE, Peer, run, serving, until

LENGTHS = [1, 125, 126, 127, 128, 200, 65_535, 65_536, 100_000]


@asynccontextmanager
async def on_uvicorn(tmp_path):
    async with serving(frames_app.application) as port:
        yield f"ws://127.0.0.1:{port}/", {}


@asynccontextmanager
async def on_uvicorn_under_tls(tmp_path):
    pem = str(certificate(tmp_path, HOST))
    context = ssl.create_default_context(cafile=pem)
    async with serving(frames_app.application, ssl_certfile=pem) as port:
        yield f"wss://127.0.0.1:{port}/", {"ssl": context, "server_hostname": HOST}


@asynccontextmanager
async def on_daphne(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "daphne", "-p", str(port), "tests.frames_app:application"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "dualis.settings"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        await asyncio.to_thread(wait_for_port, port)
        yield f"ws://127.0.0.1:{port}/", {}
    finally:
        process.kill()
        process.wait()


async def ask(client, **message):
    await client.send(json.dumps(message))


@pytest.mark.parametrize("serve", [on_uvicorn, on_uvicorn_under_tls, on_daphne])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_every_length_class_answers_pings_and_a_close_arrive_in_order(serve, compression, tmp_path):
    async def scenario():
        async with (
            serve(tmp_path) as (url, options),
            connect(url, compression=compression, max_size=None, **options) as client,
        ):
            await ask(client, do="send", lengths=LENGTHS)
            pong = await client.ping(b"in between")
            await ask(client, do="send", lengths=[300])
            got = [await client.recv() for _ in range(len(LENGTHS) + 1)]
            assert got == [text_of(length) for length in [*LENGTHS, 300]]
            await pong
            await ask(client, do="send", lengths=[70_000])
            await ask(client, do="close", code=4000)
            assert await client.recv() == text_of(70_000)
            await client.wait_closed()
            assert client.close_code == 4000

    run(scenario)


def test_plain_and_deflated_connections_share_a_batch_of_which_each_gets_its_form():
    async def scenario():
        async with serving(frames_app.application) as port:
            plain = await Peer.open(port)
            deflated = [await Peer.open(port, deflate=DEFLATE) for _ in range(2)]
            await plain.send(do="send", lengths=[1_000, 5, 1_000], all=True)
            for peer in (plain, *deflated):
                assert await peer.texts(3) == [text_of(1_000), text_of(5), text_of(1_000)]
                peer.close()

    run(scenario)


# A client's offer, and what the server answers: our terms, or nothing.
OFFERS = {
    "as a browser offers": ("", f"server_max_window_bits={WINDOW_BITS}"),
    "with a window below the usual": (
        "server_max_window_bits=10",
        f"server_max_window_bits={WINDOW_BITS}",
    ),
    "with a window that zlib cannot make": ("server_max_window_bits=8", None),
    "with a parameter that nobody knows": ("speed=9", None),
}


@pytest.mark.parametrize(("offer", "answer"), OFFERS.values(), ids=OFFERS)
def test_one_set_of_terms_is_negotiated_or_none(offer, answer):
    async def scenario():
        async with serving(frames_app.application) as port:
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setblocking(False)
            extension = "; ".join(filter(None, ("permessage-deflate", offer)))
            request = (
                f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                f"Sec-WebSocket-Extensions: {extension}\r\n\r\n"
            )
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, request.encode())
            head = (await loop.sock_recv(sock, 4096)).decode().lower()
            assert head.startswith("http/1.1 101")
            assert ("permessage-deflate" in head) is (answer is not None)
            if answer is not None:
                for term in ("server_no_context_takeover", "client_no_context_takeover", answer):
                    assert term in head
            sock.close()

    run(scenario)


@pytest.mark.parametrize("deflate", [None, DEFLATE], ids=["plain", "deflated"])
def test_frames_pings_and_a_close_keep_their_order_while_the_reader_lags(deflate):
    """It reads nothing, then little at a time: sends are cut anywhere, pings come in between."""
    count = 1_500

    async def scenario():
        async with serving(
            frames_app.application, ws_ping_interval=0.005, ws_ping_timeout=20
        ) as port:
            peer = await Peer.open(port, buffer=4_096, deflate=deflate)
            await peer.send(do="stream", count=count)
            await peer.send(do="close", code=4000)
            await until(lambda: any(one.mailbox for one in frames_app.connections))
            while not peer.protocol.close_rcvd:
                assert await peer.take(5_000)
                await peer.flush()  # pongs
            texts = [bytes(f.data).decode() for f in peer.frames if f.opcode is Opcode.TEXT]
            assert texts == [f"{number} {text_of(number)}" for number in range(count)]
            assert any(frame.opcode is Opcode.PING for frame in peer.frames)
            assert peer.frames[-1].opcode is Opcode.CLOSE
            peer.close()

    run(scenario)


def test_what_is_written_is_counted():
    async def scenario():
        async with serving(frames_app.application) as port:
            peer = await Peer.open(port)
            await peer.send(do="send", lengths=[10, 200])
            await peer.texts(2)
            (connection,) = frames_app.connections
            assert connection.transport.bytes_written == 2 + 10 + 4 + 200
            peer.close()

    run(scenario)


def test_what_the_kernel_does_not_take_waits_in_order_and_is_bounded():
    """Small writes are taken whole or not at all, large ones in part."""

    async def scenario():
        async with serving(frames_app.application) as port:
            for length in (1, 1_000):
                peer = await Peer.open(port, buffer=4_096)
                await until(lambda: len(frames_app.connections) == 1)
                (connection,) = frames_app.connections
                count = 0
                while connection.transport.write(Frame(f"{count:0{length}}").wire):
                    count += 1
                assert connection.transport.bytes_written < 1 << 20
                assert [int(text) for text in await peer.texts(count)] == list(range(count))
                peer.close()
                await until(lambda: not frames_app.connections)

    run(scenario)


def test_nothing_overtakes_what_waits_in_the_transport():
    """A ping of this turn of the loop, the rest of a cut send, and what the kernel refused."""

    async def scenario():
        async with serving(frames_app.application) as port:
            peer = await Peer.open(port, buffer=4_096)
            await until(lambda: len(frames_app.connections) == 1)
            (connection,) = frames_app.connections
            inside = connection.transport._port._protocol
            inside.send_keepalive_ping()
            connection.transport.write(Frame("after the ping").wire)
            await peer.read()
            assert [frame.opcode for frame in peer.frames] == [Opcode.PING], "it came first"

            sent = 0
            while not inside.transport.get_write_buffer_size():
                connection.transport.write(Frame(f"{sent:01000}").wire)
                sent += 1
            peer.drain()  # now the socket would take more, though the rest still waits
            connection.transport.write(Frame(f"{sent}").wire)
            assert [int(text) for text in await peer.texts(sent + 1)] == list(range(sent + 1))

            with patch.object(server.os, "write", side_effect=BlockingIOError):
                connection.transport.write(Frame("refused").wire)
            connection.transport.write(Frame("and the next").wire)
            assert await peer.texts(2) == ["refused", "and the next"]
            peer.close()

    run(scenario)


def test_a_write_to_a_peer_that_has_just_gone_ends_the_connection():
    async def scenario():
        async with serving(frames_app.application) as port:
            peer = await Peer.open(port)
            await until(lambda: len(frames_app.connections) == 1)
            (connection,) = frames_app.connections
            peer.vanish()
            for _ in range(2):  # the reset is there before the server has read it
                assert connection.transport.write(Frame("x").wire)
            written = connection.transport.bytes_written
            assert connection.transport.write(Frame("x").wire), "it goes nowhere"
            assert connection.transport.bytes_written == written
            await until(lambda: not frames_app.connections)

    run(scenario)
