"""What was measured: figures with their rounds, ratios inside a round, a table, JSON and a plot."""

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import plot
from bench.table import Row

RESULTS = Path(__file__).with_name("results")
OURS, FASTIFY, CHANNELS, WHOLE = "this project", "fastify", "plain channels", "whole application"
MANY = 1_000
ASSETS = 11


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    sizes: Sequence[int] = (200, MANY, 5_000)
    many: int = MANY
    rounds: int = 5
    seconds: float = 1.5
    latency_seconds: float = 4.0


@dataclass(slots=True)
class Figure:
    """What each server did, by round; `cpu` is its processor time per 100,000 frames."""

    name: str
    unit: str = "frames/s"
    subject: str = OURS  # whose ratio to the others counts
    values: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    goals: dict[str, float] = field(default_factory=dict)  # peer -> at least this times
    notes: list[str] = field(default_factory=list)

    def add(self, server: str, value: float, cpu: float = 0.0) -> None:
        self.values.setdefault(server, []).append(value)
        self.cpu.setdefault(server, []).append(cpu)

    def ratios(self, peer: str) -> list[float]:
        """Return by round how many times as good the subject was; less is better of latencies."""
        pairs = zip(self.values[self.subject], self.values[peer], strict=True)
        return [peer / own if self.unit == "ms" else own / peer for own, peer in pairs]

    @property
    def peers(self) -> list[str]:
        return [name for name in self.values if name != self.subject]


def line(figure: Figure) -> str:
    """Return a figure in one line, for who waits."""
    parts = [f"{name} {_number(figure, median(found))}" for name, found in figure.values.items()]
    return f"{figure.name}: {', '.join(parts)} {figure.unit}"


def rows(figures: Sequence[Figure], missing: Sequence[str], plan: Plan) -> list[Row]:
    """Return the rows of the table that `make bench` prints."""
    how = f"{plan.rounds} rounds of {plan.seconds} s, medians; ratios within a round"
    made = []
    for figure in figures:
        own = _number(figure, median(figure.values[figure.subject]))
        made.append(Row(figure.name, f"{own} {figure.unit}", "", how))
        for peer in figure.peers:
            goal = f"{figure.goals[peer]} x" if peer in figure.goals else ""
            value = f"{peer}: {_number(figure, median(figure.values[peer]))}"
            made.append(Row(f"  against {peer}", _times(figure.ratios(peer)), goal, value))
        made += [Row("  note", "", "", note) for note in figure.notes]
    return made + [Row("not measured", "", "", text) for text in missing]


def write(
    name: str, figures: Sequence[Figure], missing: Sequence[str], plan: Plan, seconds: float
) -> None:
    """Write the results: JSON with every round, a table to read, and a plot."""
    about = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}",
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "seconds": round(seconds),
        "plan": asdict(plan),
    }
    found = {**about, "figures": [asdict(figure) for figure in figures], "missing": list(missing)}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    (RESULTS / f"{name}.md").write_text(_markdown(name, about, figures, missing))
    panels = [
        plot.Panel(f"{figure.name} ({figure.unit})", figure.values, figure.unit == "ms")
        for figure in figures
    ]
    (RESULTS / f"{name}.svg").write_text(plot.svg(panels))


def _markdown(
    name: str, about: dict[str, object], figures: Sequence[Figure], missing: Sequence[str]
) -> str:
    lines = [
        "# The push, side by side",
        "",
        f"Written by `make bench BENCH={name}` at {about['at']}, commit {about['commit']}, on "
        f"{about['machine']}, Python {about['python']}; load of the machine at the end "
        f"{about['load']}. How to read it: `bench/README.md`.",
        "",
        f"![the figures as bars]({name}.svg)",
    ]
    for figure in figures:
        lines += [
            "",
            f"## {figure.name[0].upper()}{figure.name[1:]}",
            "",
            f"| server | median, {figure.unit} | lowest to highest | CPU s per 100,000 frames |"
            f" {figure.subject} against it | at least |",
            "|---|---|---|---|---|---|",
        ]
        for server, values in figure.values.items():
            spread = f"{_number(figure, min(values))} to {_number(figure, max(values))}"
            cpu = median(figure.cpu[server])
            is_peer = server != figure.subject
            cells = [
                server,
                _number(figure, median(values)),
                spread,
                f"{cpu:.2f}" if cpu else "",
                _times(figure.ratios(server)) if is_peer else "",
                f"{figure.goals[server]} x" if server in figure.goals else "",
            ]
            lines.append(f"| {' | '.join(cells)} |")
        lines += [f"\n{note}." for note in figure.notes]
    lines += ["", *(f"Not measured: {text}" for text in missing)]
    return "\n".join(lines).rstrip() + "\n"


def _times(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"


def _number(figure: Figure, value: float) -> str:
    return f"{value:,.1f}" if figure.unit == "ms" else f"{value:,.0f}"


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=RESULTS.parent
    )
    return done.stdout.strip() or "unknown"
