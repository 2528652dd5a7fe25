"""`manage.py serve`: HTTP, sockets and static files on uvicorn; `--engine` runs the clock too."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dualis import engine
from dualis.oracle.market import Oracle
from realtime import server


def _check_source() -> None:
    """Read the price source once before serving: a bad row stops the start, by line and column."""
    try:
        Oracle()
    except ImproperlyConfigured as error:
        raise CommandError(str(error)) from error


class Command(BaseCommand):
    help = "Serve HTTP and WebSockets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST)
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument(
            "--engine", action="store_true", help="run the market's clock in this process"
        )

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        self.stdout.write(f"Dualis on http://{'localhost' if host == '127.0.0.1' else host}:{port}")
        run = engine.run if options["engine"] else None
        if run is not None:
            _check_source()
        server.Server(server.config(host, port), engine=run).run()
