"""A process of many Notional sockets, each of one user: `python -m bench.fill_readers PORT USERS`.

Each subscribes to its user's fills and account summary. "ready" once all are confirmed; after a
line of input has come, one JSON line: when each fill arrived, by its trade id (epoch seconds), how
many came twice, and how many summaries came.
"""

import json
import os
import re
import selectors
import sys
import time

from bench.fill_writer import address
from bench.readers import frame, payloads, upgraded

_TID = re.compile(rb'"tid":(\d+)')


def main(port: int, users: int) -> None:
    selector = selectors.DefaultSelector()
    for number in range(users):
        sock = upgraded(port, "/ws")
        for type in ("userFills", "accountSummary"):
            wanted = {"type": type, "user": address(number)}
            sock.sendall(frame(json.dumps({"method": "subscribe", "subscription": wanted})))
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, bytearray())
    selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
    confirmed, is_over = 0, False
    chunks: list[tuple[bytearray, float, bytes]] = []  # looked at when all is over
    while not is_over:
        for key, _ in selector.select(0.2):
            if key.data is None:
                os.read(sys.stdin.fileno(), 100)
                is_over = True
                continue
            data = key.fileobj.recv(262_144)  # type: ignore[union-attr]
            assert data, "the server closed a socket"
            if confirmed == 2 * users:
                chunks.append((key.data, time.time(), data))
                continue
            key.data.extend(data)
            confirmed += sum(b"subscriptionResponse" in p for p in payloads(key.data))
            if confirmed == 2 * users:
                print("ready", flush=True)
    arrived: dict[int, float] = {}
    twice = summaries = 0
    for buffer, moment, data in chunks:
        buffer.extend(data)
        for payload in payloads(buffer):
            if payload.startswith(b'{"channel":"userFills"'):
                for tid in map(int, _TID.findall(payload)):
                    twice += tid in arrived
                    arrived[tid] = moment
            summaries += payload.startswith(b'{"channel":"accountSummary"')
    print(json.dumps({"arrived": arrived, "twice": twice, "summaries": summaries}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
