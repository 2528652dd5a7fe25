"""HTTP to Django in one hop: a request runs whole in one of a fixed number of threads.

Django's own handler hops between loop and thread at every middleware and starts a thread for each
request. Knows ASGI and Django's handler. Knows nothing of addresses; its views are not async.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.signals import request_started
from django.db import close_old_connections
from django.http import HttpResponseBase
from django.urls import set_script_prefix

# Twice the database's pool: whoever gets no connection is refused in time, not left in a queue.
THREADS = 32
_executor = ThreadPoolExecutor(THREADS, thread_name_prefix="request")


class Handler(ASGIHandler):
    """Answers one HTTP request, in a thread that has no other meanwhile."""

    def load_middleware(self, is_async: bool = False) -> None:
        super().load_middleware(is_async=False)

    async def __call__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Mapping[str, Any]]],
        send: Callable[[Mapping[str, Any]], Awaitable[None]],
    ) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with body:
            loop = asyncio.get_running_loop()
            response = await loop.run_in_executor(_executor, self._respond, scope, body)
            try:
                await self.send_response(response, send)
            finally:
                if response.streaming:
                    await loop.run_in_executor(_executor, response.close)

    def _respond(self, scope: dict[str, Any], body: IO[bytes]) -> HttpResponseBase:
        """Return the answer; the connections of the thread are given back."""
        set_script_prefix(get_script_prefix(scope))
        request_started.send(sender=type(self), scope=scope)
        request, refused = self.create_request(scope, body)
        response = refused if request is None else self.get_response(request)
        assert response is not None, "what is no request is refused"
        if response.streaming:
            close_old_connections()
        else:
            response.close()
        return response
