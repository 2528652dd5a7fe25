"""`make bench BENCH=wire`: the push against its peers, side by side; see `bench/README.md`.

Every server is one process on one core, every load one C process on another. Rounds go round the
servers, so that a slow moment of the machine hits all; ratios are taken inside a round.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bench import report
from bench.report import ASSETS, CHANNELS, FASTIFY, MANY, OURS, WHOLE, Figure, Plan
from bench.servers import Server, running, site
from bench.subscribers import LOAD_CORE, SERVER_CORE, CannotMeasure, Result, Subscribers
from bench.table import Row
from tests.servers import valkey

NATIVE = (OURS, FASTIFY, "ws", "socketify")


def run() -> list[Row]:
    return _run(Plan(), "wire")


def run_quickly() -> list[Row]:
    quick = Plan(sizes=(50, 200), many=200, rounds=2, seconds=0.3, latency_seconds=0.6)
    return _run(quick, "wire-quick")


def _run(plan: Plan, name: str) -> list[Row]:
    started = time.monotonic()
    figures: list[Figure] = []
    missing: list[str] = []
    if SERVER_CORE == LOAD_CORE:
        missing.append("a second core: server and load share one, so no figure means much")
    for measure in (_sizes, _one_at_a_time, _ticks, _deflated, _latency, _channels, _whole):
        try:
            for figure in measure(plan):
                figures.append(figure)
                print(report.line(figure), file=sys.stderr, flush=True)
        except CannotMeasure as error:
            missing.append(f"{measure.__name__.strip('_')}: {error}")
            print(f"NOT MEASURED: {missing[-1]}", file=sys.stderr, flush=True)
    report.write(name, figures, missing, plan, time.monotonic() - started)
    return report.rows(figures, missing, plan)


@contextmanager
def _pairs(
    names: Sequence[str], count: int, *, deflate: bool = False, **environment: str
) -> Iterator[list[tuple[Server, Subscribers]]]:
    """Run servers with their subscribers, all connected; only who is asked does anything."""
    if deflate:
        environment["DEFLATE"] = "1"
    with ExitStack() as stack:
        pairs = []
        for name in names:
            server = stack.enter_context(running(name, **environment))
            load = stack.enter_context(Subscribers(server.port, count, deflate=deflate))
            pairs.append((server, load))
        yield pairs


def _flood(
    figure: Figure,
    pairs: Sequence[tuple[Server, Subscribers]],
    plan: Plan,
    frames: int = 1,
    window: int = 4,
) -> Figure:
    """Take the rounds of one figure, interleaved."""
    for _ in range(plan.rounds):
        for server, load in pairs:
            before = server.cpu()
            result = load.flood(plan.seconds, frames, window)
            sent = result.published * frames * load.count
            figure.add(server.name, result.rate, (server.cpu() - before) / sent * 1e5)
            _check(figure, server, result)
    return figure


def _check(figure: Figure, server: Server, result: Result) -> None:
    """Say what makes a figure worth less."""
    if result.lost or result.closed:
        figure.notes.append(f"{server.name} lost {result.lost} frames, {result.closed} sockets")
    if result.is_receiver_busy:
        figure.notes.append(f"the receiver may have been the bottleneck for {server.name}")


def _sizes(plan: Plan) -> Iterator[Figure]:
    goals = {200: (0.8, 0.65), MANY: (1.3, 0.8), 5_000: (1.2, 0.8)}
    for count in plan.sizes:
        with _pairs(NATIVE, count) as pairs:
            figure = Figure(f"220-byte frames to {count:,} subscribers")
            if count in goals:
                figure.goals = dict(zip((FASTIFY, "socketify"), goals[count], strict=True))
            yield _flood(figure, pairs, plan)


def _one_at_a_time(plan: Plan) -> Iterator[Figure]:
    """The next publication starts when the last has arrived: nothing can be joined."""
    with _pairs(NATIVE, plan.many) as pairs:
        name = f"the same to {plan.many:,}, each publication after the last has arrived"
        yield _flood(Figure(name), pairs, plan, window=1)


def _ticks(plan: Plan) -> Iterator[Figure]:
    with _pairs(NATIVE, plan.many) as pairs:
        figure = Figure(f"a tick of {ASSETS} assets to {plan.many:,} subscribers")
        figure.goals = {FASTIFY: 4.0}
        yield _flood(figure, pairs, plan, frames=ASSETS, window=2)


def _deflated(plan: Plan) -> Iterator[Figure]:
    with _pairs(NATIVE, plan.many, deflate=True) as pairs:
        figure = Figure(f"220-byte frames, deflated, to {plan.many:,} subscribers")
        figure.goals = {FASTIFY: 6.0}
        _flood(figure, pairs, plan)
        for server, load in pairs:
            result = load.flood(plan.seconds)
            size = result.bytes / max(result.frames, 1)
            figure.notes.append(
                f"{server.name} deflated {result.deflated:.0%} of its frames, to {size:.0f} bytes"
            )
        yield figure


def _latency(plan: Plan) -> Iterator[Figure]:
    """Both at the same rate: half of what Fastify can."""
    with _pairs((OURS, FASTIFY), plan.many) as pairs:
        most = min(pairs[1][1].flood(plan.seconds).rate for _ in range(2)) / plan.many
        figure = Figure(f"p99 latency at half of what fastify can, {plan.many:,} subscribers", "ms")
        figure.goals = {FASTIFY: 1.0}
        figure.notes.append(f"{most / 2:.0f} publications a second to both")
        for _ in range(max(2, plan.rounds - 2)):
            for server, load in pairs:
                result = load.pace(plan.latency_seconds, most / 2)
                figure.add(server.name, result.p99)
                _check(figure, server, result)
        yield figure


def _channels(plan: Plan) -> Iterator[Figure]:
    with valkey() as redis, _pairs((OURS, CHANNELS), plan.many, REDIS_URL=redis.url) as pairs:
        figure = Figure(f"against plain Channels with channels-redis, {plan.many:,}")
        figure.goals = {CHANNELS: 40.0}
        yield _flood(figure, pairs, plan, window=2)


def _whole(plan: Plan) -> Iterator[Figure]:
    """Ticks of another process, through commit, journal and hub, to logged-in sockets."""
    with (
        tempfile.TemporaryDirectory() as folder,
        valkey() as redis,
        site(Path(folder), redis.url, plan.many) as (server, token, ticks),
    ):
        hello = [
            json.dumps({"type": "auth", "token": token}),
            json.dumps({"type": "subscribe", "channel": "prices", "params": {"seq": True}}),
        ]
        with (
            Subscribers(
                server.port, plan.many, path="/v1/ws", control="", hello=hello, await_frames=3
            ) as load,
            _pairs((OURS,), plan.many) as [(bare, bare_load)],
        ):
            figure = Figure(f"ticks through the whole application to {plan.many:,}", subject=WHOLE)
            figure.goals = {OURS: 0.8}
            for _ in range(plan.rounds):
                once = replace(plan, rounds=1)
                _flood(figure, [(bare, bare_load)], once, ASSETS, window=1)
                with ticks(plan.seconds + 2):
                    before = server.cpu()
                    result = load.watch(plan.seconds)
                    spent = server.cpu() - before
                    share = plan.seconds / (plan.seconds + 0.3)  # the receiver warms up uncounted
                    figure.add(WHOLE, result.rate, spent * share / max(result.frames, 1) * 1e5)
                    _check(figure, server, result)
            yield figure
