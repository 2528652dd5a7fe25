"""The Notional protocol through the shell: Channels' own test client and a real database."""

import json

import pytest
from channels.testing import WebsocketCommunicator

from dualis.asgi import application
from realtime import hub
from realtime.messages import Event
from tests.talk import SECONDS, run

pytestmark = pytest.mark.django_db(transaction=True)

USER = "0x742d35cc6634c0532925a3b844bc9e7595f0beb"


class Client:
    """Speaks the Notional protocol on one path."""

    def __init__(self, path):
        self.socket = WebsocketCommunicator(application, path, headers=[])

    async def __aenter__(self):
        connected, _ = await self.socket.connect()
        assert connected
        return self

    async def __aexit__(self, *args):
        await self.socket.disconnect()

    async def say(self, method, type=None, **more):
        message = {"method": method}
        if type:
            message["subscription"] = {"type": type, **more}
        await self.socket.send_to(text_data=json.dumps(message))
        return await self.next()

    async def next(self):
        return json.loads(await self.socket.receive_from(SECONDS))


@pytest.mark.parametrize("path", ["/", "/ws"])
def test_both_paths_speak_it_and_say_nothing_first(path):
    async def scenario():
        async with Client(path) as client:
            assert await client.socket.receive_nothing()
            assert await client.say("ping") == {"channel": "pong"}

    run(scenario)


def test_a_binary_message_is_refused_and_the_connection_goes_on():
    async def scenario():
        async with Client("/ws") as client:
            await client.socket.send_to(bytes_data=b"\x00")
            assert (await client.next())["data"]["message"] == "Binary messages not supported"
            assert await client.say("ping") == {"channel": "pong"}

    run(scenario)


def emit(seq, owner=USER):
    text = json.dumps({"coin": "ETH", "tid": seq})
    hub.current().emit([Event(seq, "e", "userFills", str(seq), owner, (), False, "", text)])


def test_two_addresses_on_one_socket_are_told_apart_and_stopped_one_by_one():
    async def scenario():
        async with Client("/ws") as client:
            await client.say("subscribe", "userFills", user=USER.upper().replace("X", "x"))
            await client.say("subscribe", "userFills", user="0x1")
            emit(10**9)
            fills = await client.next()
            assert fills["data"]["user"] == USER and fills["data"]["fills"][0]["tid"] == 10**9
            emit(10**9 + 1, "0x1")
            assert (await client.next())["data"]["user"] == "0x1"
            await client.say("unsubscribe", "userFills", user=USER)
            emit(10**9 + 2)
            emit(10**9 + 3, "0x1")
            assert (await client.next())["data"]["fills"][0]["tid"] == 10**9 + 3

    run(scenario)


def test_a_silent_client_is_closed_with_1000(settings):
    settings.NOTIONAL_IDLE_SECONDS = 0.2

    async def scenario():
        async with Client("/ws") as client:
            assert await client.say("ping") == {"channel": "pong"}
            closed = await client.socket.receive_output(timeout=5)
            assert closed["type"] == "websocket.close" and closed["code"] == 1000
            assert closed["reason"] == "Idle timeout"

    run(scenario)
