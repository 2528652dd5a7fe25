"""The hub and its connections without market, database and login: what the push itself costs."""

import asyncio
import os
from itertools import count
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

import django

django.setup()

from realtime import server  # noqa: E402
from realtime.connection import Connection  # noqa: E402
from realtime.frames import Frame  # noqa: E402
from realtime.hub import Hub  # noqa: E402
from realtime.messages import Event  # noqa: E402
from realtime.topics import select, topics_for  # noqa: E402
from realtime.transport import transport_for  # noqa: E402

FRAME = os.environ["FRAME"]
PRICES = topics_for(select("prices", {}), "")
ASSETS = tuple(f"A{n}" for n in range(16))
numbers = count(10_000_001)


class BareHub(Hub):
    """It has no journal: it tells what is handed to it, from its inbox as the real one does."""

    def begin(self) -> None:
        self._tasks = [asyncio.create_task(self._pump())]

    def take(self, events: list[Event]) -> None:
        first, last = events[0].seq, events[-1].seq
        rows = [event.to_wire() for event in events]
        self._inbox.put_nowait({"epoch": "", "first": first, "last": last, "events": rows})


hub = BareHub()
hub.cursor = 10_000_000


def frame_of(event: Event) -> Frame:
    frame = event.frames.get("bench")
    if frame is None:
        frame = event.frames["bench"] = Frame(event.text)
    return frame


def _moved(asset: str) -> Event:
    number = next(numbers)
    text = FRAME.replace("@", str(number))
    return Event(number, "", "prices", asset, "", (asset,), False, "", text)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        hub.begin()
        for said in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{said}.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/control":
        while (message := await receive())["type"] != "websocket.disconnect":
            hub.take([_moved(asset) for asset in ASSETS[: int(message["text"])]])
        return
    connection = Connection(
        transport_for(scope, send),
        frame_of=frame_of,
        on_slow=lambda: None,
        on_internal=lambda event: None,
        on_resync=lambda: None,
    )
    hub.subscribe(connection, PRICES)
    try:
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        hub.unsubscribe(connection, PRICES)
        connection.discard()


if __name__ == "__main__":
    config = server.config("127.0.0.1", int(os.environ["PORT"]))
    config.app = application
    server.Server(config).run()
