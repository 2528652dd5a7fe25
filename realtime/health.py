"""Liveness, readiness and the health page: what runs, and how old its last sign of life is."""

import asyncio
import time
from datetime import datetime
from typing import Any

from channels.layers import get_channel_layer
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from redis.exceptions import RedisError

from dualis.models import EngineStep, EngineTerm
from dualis.timestamps import iso, iso_or_none
from dualis.trading import poller
from realtime import readers
from realtime.consumers import presence
from realtime.journal import position

VERSION = "0.1.0"
STARTED_AT = time.time()
TICK_STEP = "oracle.tick"
LATE_TICKS = 10  # a tick this many intervals old is a stopped engine
LAYER_SECONDS = 1.0


def livez(request: HttpRequest) -> JsonResponse:
    """Answer as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


async def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if database, channel layer and engine work, else 503 with what does not."""
    parts = await dependencies(timezone.now())
    is_ready = all(part["status"] == "ok" for part in parts.values())
    body = {"status": "ready" if is_ready else "not_ready", "dependencies": parts}
    return JsonResponse(body, status=200 if is_ready else 503)


async def health(request: HttpRequest) -> JsonResponse:
    """Tell the state of everything; 200 if degraded, 503 only if the database is away."""
    now = timezone.now()
    parts = await dependencies(now)
    is_well = all(part["status"] == "ok" for part in parts.values())
    is_up = parts["database"]["status"] == "ok"
    body = {
        "status": "ok" if is_well else "degraded" if is_up else "down",
        "timestamp": iso(now),
        "version": VERSION,
        "uptime": round(time.time() - STARTED_AT, 1),
        "sockets": presence.sockets,
        "dependencies": parts,
    }
    return JsonResponse(body, status=200 if is_up else 503)


async def fills_health(request: HttpRequest) -> JsonResponse:
    """Answer `GET /health` of the Notional page: 503 when fills may be missing."""
    now = timezone.now()
    try:
        state = await readers.run(_poller, now)
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "timestamp": iso(now)}, status=503)
    is_well = state["status"] != "stopped" and not state["stale"]
    body = {
        "status": "ok" if is_well else "unavailable",
        "timestamp": iso(now),
        "fillsPoller": state,
    }
    return JsonResponse(body, status=200 if is_well else 503)


def _poller(now: datetime) -> dict[str, Any]:
    with readers.read_only():
        return poller.status(now)


async def dependencies(now: datetime) -> dict[str, dict[str, Any]]:
    """Return the state of database, channel layer and engine."""
    database, engine = await readers.run(_from_database, now)
    return {"database": database, "layer": await _layer(), "engine": engine}


def _from_database(now: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    database = _database()
    return database, _engine(now) if database["status"] == "ok" else {"status": "unknown"}


def _database() -> dict[str, Any]:
    try:
        at = position()
    except DatabaseError as error:
        return {"status": "down", "error": type(error).__name__}
    return {"status": "ok", "vendor": connection.vendor, "seq": at.seq, "epoch": at.epoch}


async def _layer() -> dict[str, Any]:
    kind = "redis" if settings.REDIS_URL else "in-process"
    try:
        async with asyncio.timeout(LAYER_SECONDS):
            await get_channel_layer().group_send("health", {"type": "health.ping"})
    except (OSError, TimeoutError, RedisError) as error:
        return {"status": "down", "kind": kind, "error": type(error).__name__}
    return {"status": "ok", "kind": kind}


def _engine(now: datetime) -> dict[str, Any]:
    step = EngineStep.objects.filter(name=TICK_STEP).first()
    term = EngineTerm.objects.get(id=1)
    if step is None or step.ran_at is None:
        return {"status": "down", "lastTickAt": None, "term": term.term}
    age = (now - step.ran_at).total_seconds()
    is_late = age > LATE_TICKS * max(1.0, step.interval_seconds)
    return {
        "status": "late" if is_late else "ok",
        "lastTickAt": iso_or_none(step.ran_at),
        "ageSeconds": round(age, 1),
        "durationMs": step.duration_ms,
        "term": term.term,
    }
