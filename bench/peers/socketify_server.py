"""uWebSockets through socketify, with its own topics: `publish` is its native fan-out."""

import os
from itertools import count
from typing import Any

from socketify import App, CompressOptions, OpCode

FRAME = os.environ["FRAME"]
IS_DEFLATING = bool(os.environ.get("DEFLATE"))
numbers = count(10_000_001)
app = App()


def publish(ws: Any, message: str | bytes, opcode: OpCode) -> None:
    for _ in range(int(message)):
        text = FRAME.replace("@", str(next(numbers)))
        app.publish("prices", text, OpCode.TEXT, IS_DEFLATING)


shared = CompressOptions.SHARED_COMPRESSOR if IS_DEFLATING else CompressOptions.DISABLED
app.ws("/", {"compression": shared, "open": lambda ws: ws.subscribe("prices")})
app.ws("/control", {"compression": CompressOptions.DISABLED, "message": publish})
app.listen(int(os.environ["PORT"]))
app.run()
