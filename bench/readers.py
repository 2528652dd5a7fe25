"""A process of many subscribers: reads frames with as little Python as possible.

`python -m bench.readers PORT SUBSCRIBERS SECONDS` takes tokens on standard input, prints "ready"
once all are subscribed, and then one JSON line: arrival latencies from the envelope's `timestamp`
(milliseconds cut, so up to 1 ms too much) and how many frames of each `seq` arrived.

Works on bytes: one selector, no protocol library on the hot path. Server frames are unmasked.
"""

import base64
import json
import os
import re
import selectors
import socket
import sys
import time
from collections import Counter
from datetime import datetime

_STAMP = re.compile(rb'"timestamp":"([^"]+)"')
_SEQ = re.compile(rb'"seq":(\d+)')


def frame(text: str) -> bytes:
    """Return a text message as a client sends it."""
    payload = text.encode()
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    if len(payload) < 126:
        return bytes([0x81, 0x80 | len(payload)]) + mask + masked
    return bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big") + mask + masked


def upgraded(port: int, path: str) -> socket.socket:
    """Open a WebSocket."""
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    key = base64.b64encode(os.urandom(16)).decode()
    sock.sendall(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += sock.recv(4096)
    assert b" 101 " in answer.split(b"\r\n", 1)[0], answer
    return sock


def _open(port: int, token: str) -> socket.socket:
    sock = upgraded(port, "/v1/ws")
    sock.sendall(frame(json.dumps({"type": "auth", "token": token})))
    subscribe = {"type": "subscribe", "channel": "prices", "params": {"seq": True}}
    sock.sendall(frame(json.dumps(subscribe)))
    return sock


def payloads(buffer: bytearray) -> list[bytes]:
    """Cut the whole frames off the front of a buffer; pings are left out."""
    found, at = [], 0
    while len(buffer) - at >= 2:
        length, start = buffer[at + 1] & 0x7F, at + 2
        if length == 126:
            if len(buffer) - at < 4:
                break
            length, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
        if len(buffer) < start + length:
            break
        if buffer[at] & 0x0F == 1:
            found.append(bytes(buffer[start : start + length]))
        at = start + length
    del buffer[:at]
    return found


def main(port: int, count: int, seconds: float) -> None:
    tokens = [line.strip() for line in sys.stdin if line.strip()]
    selector = selectors.DefaultSelector()
    for number in range(count):
        sock = _open(port, tokens[number % len(tokens)])
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, bytearray())
    snapshots = rows = 0
    chunks: list[
        tuple[bytearray, float, bytes]
    ] = []  # looked at when all is over: reading is quick
    stop_at = None
    while stop_at is None or time.time() < stop_at:
        for key, _ in selector.select(0.2):
            data = key.fileobj.recv(262_144)  # type: ignore[union-attr]
            assert data, "the server closed a socket"
            if stop_at is not None:
                chunks.append((key.data, time.time(), data))
                continue
            key.data.extend(data)
            for payload in payloads(key.data):
                if payload.startswith(b'{"type":"subscribed"'):
                    snapshots += 1
                    rows = json.loads(payload)["snapshot"]
        if stop_at is None and snapshots == count:
            print("ready", flush=True)
            stop_at = time.time() + seconds
    spent = time.process_time()
    latencies: list[float] = []
    arrived: Counter[int] = Counter()
    for buffer, moment, data in chunks:
        buffer.extend(data)
        for payload in payloads(buffer):
            if b'"snapshot"' in payload or b'"asset"' not in payload:
                continue
            stamp = _STAMP.search(payload).group(1).decode()  # type: ignore[union-attr]
            latencies.append(moment - datetime.fromisoformat(stamp).timestamp())
            arrived[int(_SEQ.search(payload).group(1))] += 1  # type: ignore[union-attr]
    whole = sorted(arrived)[2 * rows : -2 * rows]  # ticks seen from start to end
    print(
        json.dumps(
            {
                "latencies": latencies,
                "rows": rows,
                "lost": sum(count - arrived[seq] for seq in whole),
                "whole": len(whole),
                "cpu": spent,
            }
        )
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
