"""A process of many clients that connect, authenticate and subscribe, and come back when closed.

`python -m bench.clients PORT COUNT WINDOW CHANNELS TOKENS` reads tokens from a file, keeps at most
WINDOW clients on their way at once and prints one JSON line whenever all are in step: the first
time, and after every time that the server closed them. It ends with its standard input.

With DEFLATE set in the environment they offer permessage-deflate without context takeover.
Works on bytes: one epoll, no protocol library, so that it costs a fraction of what it measures.
A client that is closed waits a random part of the time that the server's last error frame names.
"""

import base64
import errno
import heapq
import json
import os
import random
import re
import select
import socket
import sys
import time
import zlib
from typing import Any

RETRY_SECONDS = 0.1  # after a refused connection
EVENTS = ("liquidations", "governance", "notifications")
OFFER = (
    "Sec-WebSocket-Extensions: permessage-deflate;"
    " server_no_context_takeover; client_no_context_takeover\r\n"
    if os.environ.get("DEFLATE")
    else ""
)
_MASK = bytes(4)  # of zeros: masked is what it was
_TAIL = b"\x00\x00\xff\xff\x03\x00"  # what the wire leaves out, and the end of the stream
_CLOSED = b""
_ACK = b'{"type":"subscribed"'
_ERROR = b'{"type":"error"'
_SPREAD = re.compile(rb'"reconnectWithinMs":(\d+)')


class Client:
    __slots__ = ("acks", "buffer", "is_open", "seen", "sock", "spread", "token")

    def __init__(self, token: str) -> None:
        self.token = token
        self.seen: dict[str, tuple[int, str]] = {}  # channel -> seq and epoch of its last answer
        self.spread = 0.0
        self.sock: socket.socket | None = None
        self.buffer, self.is_open, self.acks = bytearray(), False, 0


class Crowd:
    """All clients of the process, and what they wait for."""

    def __init__(self, port: int, window: int, channels: list[str], tokens: list[str]) -> None:
        self.port, self.window, self.channels = port, window, channels
        self.epoll = select.epoll()
        self.by_fd: dict[int, Client] = {}
        self.due: list[tuple[float, int, Client]] = []
        self.clients = [Client(token) for token in tokens]
        self.busy = self.in_step = 0
        self.number = 0
        self.lost_at: float | None = None
        self.started_at = 0.0
        self.resumed = self.deflated = 0

    def plan(self, client: Client, wait: float) -> None:
        self.number += 1
        heapq.heappush(self.due, (time.perf_counter() + wait, self.number, client))

    def run(self) -> None:
        for client in self.clients:
            self.plan(client, 0.0)
        self.started_at = time.perf_counter()
        self.epoll.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
        while True:
            now = time.perf_counter()
            while self.due and self.due[0][0] <= now and self.busy < self.window:
                self.open(heapq.heappop(self.due)[2])
            for fd, mask in self.epoll.poll(0.01):
                if fd == sys.stdin.fileno():
                    return
                self.read(self.by_fd[fd], mask)

    def open(self, client: Client) -> None:
        sock = socket.socket()
        sock.setblocking(False)
        client.sock, client.buffer, client.is_open, client.acks = sock, bytearray(), False, 0
        self.busy += 1
        result = sock.connect_ex(("127.0.0.1", self.port))
        assert result in (0, errno.EINPROGRESS), os.strerror(result)
        self.by_fd[sock.fileno()] = client
        self.epoll.register(sock.fileno(), select.EPOLLOUT)

    def read(self, client: Client, mask: int) -> None:
        sock = client.sock
        assert sock is not None
        if mask & select.EPOLLOUT and not mask & (select.EPOLLERR | select.EPOLLHUP):
            key = base64.b64encode(os.urandom(16)).decode()
            sock.send(
                f"GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\n"
                f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                f"{OFFER}Sec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            self.epoll.modify(sock.fileno(), select.EPOLLIN)
            return
        try:
            data = sock.recv(262_144)
        except OSError:
            data = b""
        if not data:
            self.lost(client)
            return
        client.buffer += data
        if not client.is_open:
            end = client.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            assert b" 101 " in client.buffer[:20], bytes(client.buffer)
            self.deflated += b"permessage-deflate" in client.buffer[:end]
            del client.buffer[: end + 4]
            client.is_open = True
            sock.send(self.requests(client))
        for payload in _messages(client.buffer):
            if payload == _CLOSED:
                self.lost(client)
                return
            if payload.startswith(_ACK):
                self.acknowledged(client, payload)
            elif payload.startswith(_ERROR) and (found := _SPREAD.search(payload)):
                client.spread = int(found.group(1)) / 1000

    def requests(self, client: Client) -> bytes:
        messages: list[dict[str, Any]] = [{"type": "auth", "token": client.token}]
        for channel in self.channels:
            params: dict[str, Any] = {"seq": True}
            if channel in client.seen:
                params["after"], params["epoch"] = client.seen[channel]
            messages.append({"type": "subscribe", "channel": channel, "params": params})
        return b"".join(_frame(json.dumps(message).encode()) for message in messages)

    def acknowledged(self, client: Client, payload: bytes) -> None:
        client.acks += 1
        ack = json.loads(payload)
        self.resumed += ack.get("resumed", False)
        if ack["channel"] in EVENTS:
            client.seen[ack["channel"]] = ack["seq"], ack["epoch"]
        if client.acks < len(self.channels):
            return
        self.busy -= 1
        self.in_step += 1
        if self.in_step == len(self.clients):
            now = time.perf_counter()
            begun = self.started_at if self.lost_at is None else self.lost_at
            told = {"seconds": now - begun, "cpu": time.process_time()}
            told |= {"resumed": self.resumed, "deflated": self.deflated}
            print(json.dumps(told), flush=True)
            self.lost_at = None

    def lost(self, client: Client) -> None:
        sock = client.sock
        assert sock is not None
        del self.by_fd[sock.fileno()]
        self.epoll.unregister(sock.fileno())
        sock.close()
        if self.lost_at is None:
            self.lost_at = time.perf_counter()
        if client.acks == len(self.channels):
            self.in_step -= 1
            self.plan(client, random.uniform(0.0, client.spread))
        else:
            self.busy -= 1
            self.plan(client, random.uniform(0.0, 2 * RETRY_SECONDS))
        client.acks = 0


def _messages(buffer: bytearray) -> list[bytes]:
    """Cut the whole frames off the front of a buffer; return the text messages, inflated.

    A close is the empty message.
    """
    found, at = [], 0
    while len(buffer) - at >= 2:
        length, start = buffer[at + 1] & 0x7F, at + 2
        if length == 126:
            if len(buffer) - at < 4:
                break
            length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
        if len(buffer) < start + length:
            break
        payload = bytes(buffer[start : start + length])
        if buffer[at] & 0x0F == 8:
            found.append(_CLOSED)
        elif buffer[at] & 0x0F == 1:
            is_deflated = buffer[at] & 0x40
            found.append(zlib.decompress(payload + _TAIL, -15) if is_deflated else payload)
        at = start + length
    del buffer[:at]
    return found


def _frame(payload: bytes) -> bytes:
    if len(payload) < 126:
        return bytes([0x81, 0x80 | len(payload)]) + _MASK + payload
    return bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big") + _MASK + payload


def main(port: int, count: int, window: int, channels: str, path: str) -> None:
    with open(path) as file:
        tokens = file.read().split()
    shared = [tokens[number % len(tokens)] for number in range(count)]
    Crowd(port, window, channels.split(","), shared).run()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5])
