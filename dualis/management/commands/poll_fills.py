"""`manage.py poll_fills`: polls a venue that answers over the network, in a process of its own."""

import asyncio
import logging
import signal
from datetime import UTC, datetime
from typing import Any

from channels.db import database_sync_to_async
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from dualis.trading import poller, venues
from realtime import hub

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Poll the venue of FILLS_VENUE for fills until stopped."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--seconds", type=float, default=2.0, help="between two steps")

    def handle(self, *args: Any, seconds: float, **options: Any) -> None:
        venue = venues.current()
        if venue.is_local:
            raise CommandError("the embedded venue is polled by the engine; set FILLS_VENUE")
        self.stdout.write(f"Polling {venue.name} for fills")
        asyncio.run(_run(venue, seconds))


async def _run(venue: venues.Venue, seconds: float) -> None:
    """Poll until SIGTERM or SIGINT, and publish what is booked as soon as it is."""
    await hub.current().start(is_listening=False)
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    while not stop.is_set():
        await database_sync_to_async(_step)(venue, seconds)
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            continue
    await hub.current().stop()


def _step(venue: venues.Venue, seconds: float) -> None:
    try:
        poller.step(venue, datetime.now(UTC))
    except (DatabaseError, InterfaceError):
        log.warning("the database is away; polling again in %s s", seconds)
        connection.close()
