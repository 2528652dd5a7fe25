"""`manage.py poll_fills`: polls a venue that answers over the network, in a process of its own."""

import logging
import threading
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connection

from dualis.trading import poller, venues

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
        stop = threading.Event()
        while not stop.wait(seconds):
            try:
                poller.step(venue, datetime.now(UTC))
            except (DatabaseError, InterfaceError):
                log.warning("the database is away; polling again in %s s", seconds)
                connection.close()
