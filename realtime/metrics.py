"""`GET /metrics`: what the health page tells, as numbers in the text format of Prometheus.

Each process tells of itself; what comes from the database is the same in all of them.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from realtime import hub
from realtime.consumers import presence
from realtime.health import STARTED_AT, dependencies

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Samples = list[tuple[str, str, str, Mapping[str, float]]]


async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer 200 whatever is down: that is what the numbers tell."""
    parts = await dependencies(timezone.now())
    return HttpResponse(text(_samples(parts)), content_type=CONTENT_TYPE)


def text(samples: Samples) -> str:
    """Write samples: name, kind, help, and a value for each set of labels."""
    return "".join(_lines(samples))


def _lines(samples: Samples) -> Iterator[str]:
    for name, kind, told, values in samples:
        yield f"# HELP {name} {told}\n# TYPE {name} {kind}\n"
        for labels, value in values.items():
            yield f"{name}{labels} {value}\n"


def _samples(parts: Mapping[str, Mapping[str, Any]]) -> Samples:
    database, engine = parts["database"], parts["engine"]
    up = {f'{{dependency="{name}"}}': float(part["status"] == "ok") for name, part in parts.items()}
    closes = {f'{{code="{int(code)}"}}': n for code, n in sorted(presence.closes.items())}
    samples: Samples = [
        ("dualis_up", "gauge", "Whether a dependency works.", up),
        ("dualis_uptime_seconds", "gauge", "Age of the process.", _one(time.time() - STARTED_AT)),
        ("dualis_sockets", "gauge", "Open sockets of the process.", _one(presence.sockets)),
        ("dualis_closes_total", "counter", "Closes the application sent, by code.", closes),
        ("dualis_hub_seq", "gauge", "What the process has pushed.", _one(hub.current().cursor)),
    ]
    if "seq" in database:
        told = "What is committed."
        samples.append(("dualis_journal_seq", "gauge", told, _one(database["seq"])))
    if "ageSeconds" in engine:
        told = "Age of the engine's last tick."
        samples.append(("dualis_tick_age_seconds", "gauge", told, _one(engine["ageSeconds"])))
    return samples


def _one(value: float) -> dict[str, float]:
    return {"": value}
