"""Channels as its tutorial has it: a consumer per socket, a group, channels-redis; on uvicorn."""

import os
from itertools import count
from typing import Any

import uvicorn
from django.conf import settings

settings.configure(
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",  # the other one drops
            "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
        }
    }
)

import django  # noqa: E402

django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import URLRouter  # noqa: E402
from django.urls import path  # noqa: E402

FRAME = os.environ["FRAME"]
numbers = count(10_000_001)


class Subscriber(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add("prices", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("prices", self.channel_name)

    async def price(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


class Control(AsyncWebsocketConsumer):
    async def receive(self, text_data: str = "", bytes_data: bytes | None = None) -> None:
        for _ in range(int(text_data)):
            text = FRAME.replace("@", str(next(numbers)))
            await self.channel_layer.group_send("prices", {"type": "price", "text": text})


sockets = URLRouter([path("control", Control.as_asgi()), path("", Subscriber.as_asgi())])


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await sockets(scope, receive, send)


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    uvicorn.run(application, host="127.0.0.1", port=port, lifespan="off", log_level="warning")
