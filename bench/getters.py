"""A process that asks for one address over and over: `python -m bench.getters PORT PATH SECONDS`.

Keeps CONNECTIONS busy, each with one request on its way, from ever new addresses behind a trusted
proxy, so that no limit is met. Prints one JSON line: how many were answered with 200, in how long.
Works on bytes: one epoll, no HTTP library.
"""

import json
import re
import select
import socket
import sys
import time

CONNECTIONS = 16
_LENGTH = re.compile(rb"content-length: (\d+)")


def main(port: int, path: str, seconds: float) -> None:
    epoll, socks, buffers = select.epoll(), {}, {}
    number = answered = 0

    def ask(sock: socket.socket) -> None:
        nonlocal number
        number += 1
        peer = f"10.{number >> 14 & 255}.{number >> 6 & 255}.{number & 63}"
        sock.send(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: {peer}\r\n\r\n".encode()
        )

    for _ in range(CONNECTIONS):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setblocking(False)
        socks[sock.fileno()], buffers[sock.fileno()] = sock, bytearray()
        epoll.register(sock.fileno(), select.EPOLLIN)
        ask(sock)
    started, cpu = time.perf_counter(), time.process_time()
    while time.perf_counter() - started < seconds:
        for fd, _ in epoll.poll(0.1):
            buffer = buffers[fd]
            buffer += socks[fd].recv(262_144)
            head = buffer.find(b"\r\n\r\n")
            length = _LENGTH.search(buffer, 0, head) if head >= 0 else None
            if length is None or len(buffer) < head + 4 + int(length.group(1)):
                continue
            assert buffer.startswith(b"HTTP/1.1 200"), bytes(buffer[:200])
            buffer.clear()
            answered += 1
            ask(socks[fd])
    spent = time.perf_counter() - started
    told = {"answered": answered, "seconds": spent, "cpu": time.process_time() - cpu}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]))
