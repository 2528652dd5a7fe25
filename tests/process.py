"""Real server processes, and clients that talk to them over real sockets."""

import fcntl
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.client import ClientProtocol
from websockets.extensions import ClientExtensionFactory
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.sync.client import ClientConnection, connect
from websockets.uri import parse_uri

from tests.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
DEMO = ("demo@dualis.finance", "Demo1234!")
SECONDS = 20.0
SEEDED = "DUALIS_TEST_SEEDED"


class Site:
    """One database and any number of processes on it; each serving process has its own port."""

    def __init__(self, folder: Path, **environment: Any) -> None:
        self.port = free_port()
        self.environment = {
            **os.environ,
            "DATA_DIR": str(folder),
            "PORT": str(self.port),
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "LOGIN_RATE": "1000/m",
            "PYTHONUNBUFFERED": "1",
            **{name: str(value) for name, value in environment.items()},
        }
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.log = folder / "server.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/ws"

    def manage(self, *command: str) -> None:
        """Run a command to its end."""
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=self.environment, check=True
        )

    def spawn(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a Python process of the site."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def start(self, *command: str) -> subprocess.Popen[bytes]:
        """Start a serving process, on a seeded database, and wait until it is ready."""
        is_empty = not (self.folder / "dualis.sqlite3").exists()
        if is_empty and not self.environment["DATABASE_URL"]:
            self.seed()
        process = self.spawn(*(command or ("manage.py", "quickstart")))
        self.wait_until_ready(process)
        return process

    def seed(self) -> None:
        """Make database and demo market; on SQLite they are made once a run and then copied."""
        if self.environment["DATABASE_URL"]:
            self.manage("migrate", "-v0")
            self.manage("seed_demo")
            return
        master = seeded_folder()
        with (master / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (master / "done").exists():
                made = Site(master)
                made.manage("migrate", "-v0")
                made.manage("seed_demo")
                (master / "done").touch()
        with (
            closing(sqlite3.connect(master / "dualis.sqlite3")) as source,
            closing(sqlite3.connect(self.folder / "dualis.sqlite3")) as target,
        ):
            source.backup(target)
            # The copy's market opens when it is served: that it was made earlier is no outage.
            target.execute("UPDATE lending_market SET ticked_at = NULL")
            target.commit()

    def wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        def is_ready() -> bool:
            assert process.poll() is None, self.log.read_text()
            try:
                return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        until(is_ready, seconds=60, why=lambda: self.log.read_text()[-4000:])

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    def login(self, email: str = DEMO[0], password: str = DEMO[1]) -> str:
        """Return an access token."""
        body = {"email": email, "password": password}
        answer = httpx.post(f"{self.url}/v1/auth/login", json=body, timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["accessToken"])

    @contextmanager
    def client(self, token: str | None = None, **options: Any) -> Iterator["Client"]:
        """Open a socket, authenticated if a token is given."""
        with connect(self.ws_url, **options) as wire:
            client = Client(wire)
            if token is not None:
                client.send(type="auth", token=token)
                client.expect("auth", status="ok")
            yield client


def seeded_folder() -> Path:
    """Return the folder that the processes of one run share; conftest makes and removes it."""
    return Path(os.environ.setdefault(SEEDED, tempfile.mkdtemp(prefix="dualis-seeded-")))


class Client:
    """A program written from the page: JSON out, JSON in."""

    def __init__(self, wire: ClientConnection) -> None:
        self.wire = wire

    def send(self, **message: Any) -> None:
        self.wire.send(json.dumps(message))

    def next(self, seconds: float = SECONDS) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.wire.recv(timeout=seconds))
        return message

    def expect(self, type: str, **fields: Any) -> dict[str, Any]:
        """Return the next message of this type with these fields; data may come before it."""
        while (message := self.next())["type"] != type:
            assert message["type"] == "data", message
        assert {name: message.get(name) for name in fields} == fields, message
        return message

    def subscribe(self, channel: str, **params: Any) -> dict[str, Any]:
        self.send(type="subscribe", channel=channel, params=params)
        return self.expect("subscribed", channel=channel)


class RawClient:
    """A peer that answers nothing unless told to: for what only the wire shows."""

    def __init__(
        self,
        port: int,
        path: str = "/v1/ws",
        headers: dict[str, str] | None = None,
        extensions: Sequence[ClientExtensionFactory] | None = None,
    ) -> None:
        uri = parse_uri(f"ws://127.0.0.1:{port}{path}")
        self.protocol = ClientProtocol(uri, extensions=extensions, max_size=None)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        request = self.protocol.connect()
        for name, value in (headers or {}).items():
            request.headers[name] = value
        self.protocol.send_request(request)
        self.flush()
        self.events: list[Any] = []
        (self.response,) = self.read(1, kind=Response)

    def flush(self) -> None:
        """Send what the protocol wants to send, automatic pongs included."""
        for data in self.protocol.data_to_send():
            if data:
                self.socket.sendall(data)

    def send_raw(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, **message: Any) -> None:
        self.protocol.send_text(json.dumps(message).encode())
        self.flush()

    def read(self, count: int, kind: type = Frame, seconds: float = SECONDS) -> list[Any]:
        """Return the next events of a kind, without answering any."""
        limit = time.monotonic() + seconds
        while len(found := [e for e in self.events if isinstance(e, kind)]) < count:
            self.socket.settimeout(max(0.01, limit - time.monotonic()))
            data = self.socket.recv(65_536)
            if not data:
                self.protocol.receive_eof()
                break
            self.protocol.receive_data(data)
            self.events += self.protocol.events_received()
        taken = found[:count]
        self.events = [event for event in self.events if event not in taken]
        return taken

    def next_of(self, opcode: Opcode, seconds: float = SECONDS) -> Any:
        """Return the next frame with this opcode; others are dropped."""
        while True:
            frames = self.read(1, seconds=seconds)
            assert frames, "the connection ended"
            if frames[0].opcode is opcode:
                return frames[0]

    def close_code(self) -> int | None:
        """Read to the end and return the code of the close frame; None if there was none."""
        while self.read(1):
            pass
        close = self.protocol.close_rcvd
        return None if close is None else close.code

    def close(self) -> None:
        self.socket.close()


def until(
    condition: Callable[[], Any], *, seconds: float = SECONDS, why: Callable[[], str] = lambda: ""
) -> Any:
    """Return the first true value of a condition, asked again and again for at most `seconds`."""
    limit = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < limit, f"not within {seconds} s: {why()}"
        time.sleep(0.02)
    return value
