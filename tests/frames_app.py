"""An ASGI application that sends what its clients ask for, through a connection; for any server.

`{"do": "send", "lengths": [..]}` sends one batch of that many texts, to `"all"` connections or to
the asking one; `"stream"` sends `count` batches with a breath between; `"close"` closes.
"""

import asyncio
import json
from base64 import b64encode
from itertools import count
from random import Random
from typing import Any

from realtime.connection import Connection
from realtime.frames import Frame
from realtime.messages import Batch, Event
from realtime.transport import transport_for

connections: set[Connection] = set()
_numbers = count(1)


def text_of(length: int) -> str:
    """Return a text of this length that deflates to about three quarters of it."""
    return b64encode(Random(1).randbytes(length)).decode()[:length]


def event(text: str, channel: str = "notifications", key: str = "") -> Event:
    seq = next(_numbers)
    return Event(seq, "e", channel, key or str(seq), "", (), False, "", text)


def frame_of(event: Event) -> Frame:
    return event.frames.setdefault("text", Frame(event.text))


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for said in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{said}.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    closing: list[asyncio.Task[None]] = []

    def close(code: int) -> None:
        if not closing:
            closing.append(asyncio.create_task(connection.close(code, "", grace=20)))

    connection = Connection(
        transport_for(scope, send),
        frame_of=frame_of,
        on_slow=lambda: close(4008),
        on_internal=lambda event: None,
        on_resync=lambda: None,
    )
    connections.add(connection)
    try:
        while (message := await receive())["type"] != "websocket.disconnect":
            asked = json.loads(message["text"])
            match asked["do"]:
                case "send":
                    batch = Batch(event(text_of(length)) for length in asked["lengths"])
                    for one in connections if asked.get("all") else [connection]:
                        one.deliver(batch)
                case "stream":
                    for number in range(asked["count"]):
                        connection.deliver(Batch([event(f"{number} {text_of(number)}")]))
                        await asyncio.sleep(0)
                case "close":
                    close(asked["code"])
    finally:
        connections.discard(connection)
        if not closing:
            connection.discard()
