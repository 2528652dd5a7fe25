"""`manage.py serve`: HTTP, sockets and static files on uvicorn; `--engine` runs the clock too."""

import asyncio
import socket
import sys
from argparse import SUPPRESS
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from dualis import engine
from dualis.oracle.market import Oracle
from realtime import processes, server


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
            "--engine",
            action="store_true",
            help="run the market's clock too: in this process, or in one beside several workers",
        )
        parser.add_argument(
            "--workers",
            type=int,
            default=1,
            help="how many processes serve the port; SIGHUP replaces them one by one",
        )
        # how a parent starts a worker
        parser.add_argument("--fd", type=int, action="append", help=SUPPRESS)
        parser.add_argument("--parent-fd", type=int, help=SUPPRESS)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        if options["parent_fd"] is not None:
            sockets = [socket.socket(fileno=fd) for fd in options["fd"] or ()]
            server.Server(server.config(host, port), parent_fd=options["parent_fd"]).run(sockets)
            return
        if options["workers"] != 1:
            self._serve_many(host, port, options["workers"], has_engine=options["engine"])
            return
        self.stdout.write(f"Dualis on {_url(host, port)}")
        run = engine.run if options["engine"] else None
        if run is not None:
            _check_source()
        server.Server(server.config(host, port), engine=run).run()

    def _serve_many(self, host: str, port: int, count: int, *, has_engine: bool) -> None:
        _check_shared(count)
        if has_engine:
            _check_source()
        try:
            sockets = processes.listen(host, port, count)
        except OSError as error:
            raise CommandError(f"cannot listen on {host}:{port}: {error.strerror}") from error
        manage = [sys.executable, sys.argv[0]]
        serve = [*manage, "serve", f"--host={host}", f"--port={port}"]
        places = [
            processes.Place(f"worker {number}", serve, those)
            for number, those in enumerate(sockets)
        ]
        if has_engine:
            places.append(processes.Place("engine", [*manage, "engine"], ()))
        self.stdout.write(f"Dualis on {_url(host, port)}, {count} workers")
        sys.exit(asyncio.run(_run(places)))


async def _run(places: Sequence[processes.Place]) -> int:
    return await processes.Parent(places).run()


def _check_shared(count: int) -> None:
    """Several processes meet in PostgreSQL and Redis; SQLite has one writer and no neighbors."""
    if count < 1:
        raise CommandError("--workers takes a number from 1 on")
    missing = [] if connection.vendor == "postgresql" else ["DATABASE_URL (PostgreSQL)"]
    if not settings.REDIS_URL:
        missing.append("REDIS_URL")
    if missing:
        raise CommandError(f"--workers {count} needs {' and '.join(missing)} to be set")


def _url(host: str, port: int) -> str:
    return f"http://{'localhost' if host == '127.0.0.1' else host}:{port}"
