"""A client inside the test's own loop: Channels' communicator, with words for the protocol."""

import asyncio
import json
from contextlib import asynccontextmanager

from channels.testing import WebsocketCommunicator

from dualis.asgi import application
from realtime import hub

SECONDS = 10


class Talk:
    def __init__(self, communicator):
        self.wire = communicator

    async def send(self, **message):
        await self.wire.send_to(text_data=json.dumps(message))

    async def raw(self, text=None, data=None):
        await self.wire.send_to(text_data=text, bytes_data=data)

    async def next(self):
        return json.loads(await self.wire.receive_from(SECONDS))

    async def expect(self, type, **fields):
        """Return the next message, which must be of this type and have these fields."""
        message = await self.next()
        assert message["type"] == type, message
        assert {name: message.get(name) for name in fields} == fields, message
        return message

    async def closed(self, code):
        """Wait for the close; the error frame comes before it."""
        error = await self.expect("error", code=code)
        output = await self.wire.receive_output(SECONDS)
        assert (output["type"], output["code"]) == ("websocket.close", code), output
        return error

    async def auth(self, token):
        await self.send(type="auth", token=token)
        return await self.expect("auth", status="ok")

    async def subscribe(self, channel, **params):
        """Subscribe; return the acknowledgement and the rows of the snapshot."""
        await self.send(type="subscribe", channel=channel, params=params)
        ack = await self.expect("subscribed", channel=channel)
        rows = [(await self.expect("data"))["data"] for _ in range(ack.get("snapshot", 0))]
        return ack, rows

    async def silence(self):
        """Prove that nothing is on its way: a ping is answered with nothing before the pong."""
        await self.send(type="ping")
        await self.expect("pong")


@asynccontextmanager
async def talk(path="/v1/ws", headers=()):
    communicator = WebsocketCommunicator(application, path, headers=list(headers))
    communicator.scope["client"] = ["127.0.0.1", 50_000]
    connected, _ = await communicator.connect(SECONDS)
    assert connected
    try:
        yield Talk(communicator)
    finally:
        await communicator.disconnect()


def run(scenario):
    """Run a scenario in a loop of its own and stop that loop's hub."""

    async def whole():
        try:
            async with asyncio.timeout(60):
                await scenario()
        finally:
            await hub.current().stop()

    asyncio.run(whole())
