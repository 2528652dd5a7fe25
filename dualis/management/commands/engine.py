"""`manage.py engine`: the clock of the market in a process of its own."""

import asyncio
import contextlib
import signal
from argparse import SUPPRESS
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dualis import engine
from realtime import hub, processes


class Command(BaseCommand):
    help = "Run the market's clock; a second engine waits until the first is gone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--parent-fd", type=int, help=SUPPRESS)  # how a parent starts it

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_run(options["parent_fd"]))


async def _run(parent_fd: int | None) -> None:
    await hub.current().start(is_listening=False)
    task = asyncio.ensure_future(engine.run())
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    if parent_fd is not None:
        processes.follow(parent_fd, lambda: _end(task, parent_fd))
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await hub.current().stop()


def _end(task: "asyncio.Future[None]", parent_fd: int) -> None:
    """The parent is gone: end too."""
    asyncio.get_running_loop().remove_reader(parent_fd)
    task.cancel()
