"""`manage.py engine`: the clock of the market in a process of its own."""

import asyncio
import contextlib
import signal
from typing import Any

from django.core.management.base import BaseCommand

from dualis import engine
from realtime import hub


class Command(BaseCommand):
    help = "Run the market's clock; a second engine waits until the first is gone."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_run())


async def _run() -> None:
    await hub.current().start(is_listening=False)
    task = asyncio.ensure_future(engine.run())
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await hub.current().stop()
