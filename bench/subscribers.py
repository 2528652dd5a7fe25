"""The load: many subscribers in one C process on a core of its own, told by lines and answering so.

Python's readers were the bottleneck at 60,000 frames a second; these take over a million.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType

SOURCE = Path(__file__).with_name("receivers.c")
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


class CannotMeasure(Exception):
    """Something that a figure needs is missing on this machine; the text says what."""


@dataclass(frozen=True, slots=True)
class Result:
    """What arrived in a window of time, counted by the receiver."""

    frames: int
    bytes: int
    seconds: float
    cpu: float  # seconds of the receiver
    closed: int
    deflated: float  # share of the frames
    published: int
    lost: int
    p50: float  # ms
    p99: float

    @property
    def rate(self) -> float:
        return self.frames / self.seconds

    @property
    def is_receiver_busy(self) -> bool:
        """Tell whether the receiver, not the server, may have been the bottleneck."""
        return self.cpu > 0.9 * self.seconds


def allow_sockets(count: int) -> None:
    """Raise the limit of descriptors for this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 200
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise CannotMeasure(
            f"{count} sockets want {wanted} descriptors; the hard limit is {hard} (ulimit -Hn)"
        )
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def pinned(core: int, command: Sequence[str], **options: object) -> "subprocess.Popen[str]":
    """Start a process whose threads all stay on one core."""
    whole = ["taskset", "-c", str(core), *command]
    return subprocess.Popen(whole, text=True, **options)  # type: ignore[call-overload]


@cache
def _binary() -> Path:
    made = Path(tempfile.mkdtemp(prefix="dualis-bench-")) / "receivers"
    compiler = os.environ.get("CC", "gcc")
    try:
        subprocess.run([compiler, "-O2", "-o", made, SOURCE], check=True)
    except FileNotFoundError as error:
        raise CannotMeasure(f"the receivers are C; there is no {compiler}") from error
    return made


class Subscribers:
    """Connected subscribers of one server."""

    def __init__(
        self,
        port: int,
        count: int,
        *,
        path: str = "/",
        control: str = "/control",
        deflate: bool = False,
        hello: Sequence[str] = (),
        await_frames: int = 0,
    ) -> None:
        allow_sockets(count)
        self.count = count
        options = ["-r", str(await_frames)]
        if deflate:
            options.append("-d")
        if control:
            options += ["-c", control]
        for text in hello:
            options += ["-t", text]
        command = [str(_binary()), *options, str(port), path, str(count)]
        self._process = pinned(
            LOAD_CORE, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=sys.stderr
        )
        if self._read().strip() != "ready":
            raise CannotMeasure(f"{count} subscribers could not connect to port {port}")

    def flood(self, seconds: float, frames: int = 1, window: int = 4) -> Result:
        """Publish as fast as it goes: always `window` publications of `frames` on their way."""
        return self._ask(f"flood {seconds} {window} {frames} {frames}")

    def pace(self, seconds: float, rate: float, frames: int = 1) -> Result:
        """Publish `rate` times a second."""
        return self._ask(f"pace {seconds} {rate} {frames} {frames}")

    def watch(self, seconds: float) -> Result:
        """Count what comes anyway."""
        return self._ask(f"watch {seconds}")

    def _ask(self, line: str) -> Result:
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return Result(**json.loads(self._read()))

    def _read(self) -> str:
        assert self._process.stdout is not None, "it is a pipe"
        return self._process.stdout.readline()

    def __enter__(self) -> "Subscribers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()  # closes the pipes too
