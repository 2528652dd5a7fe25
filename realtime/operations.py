"""The admin's live page of operations: its figures, and the actions that staff confirm there.

Figures are read and told; acts are those of the services, which audit them. Whoever lacks a right
neither sees the figures nor reaches the act.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dualis.accounts.models import User
from dualis.lending import staff as lending_staff
from dualis.lending.models import Market
from dualis.models import EngineStep, EngineTerm
from dualis.notifications.door_models import State
from dualis.notifications.models import Delivery
from dualis.timestamps import iso, iso_or_none
from dualis.trading import poller
from dualis.trading import staff as trading_staff
from dualis.trading.models import PollerState
from realtime import journal, readers, workers

MAY_LOOK = "dualis.view_enginestep"
FAILED_OVER = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Action:
    """`act(actor=, address=, now=)` tells whether it changed anything."""

    title: str
    warning: str
    permission: str
    act: Callable[..., bool]
    is_shown: Callable[[], bool]


def _is_paused() -> bool:
    return Market.objects.filter(id=1, is_paused=True).exists()


def _is_polling() -> bool:
    return not PollerState.objects.filter(id=1, is_enabled=False).exists()


ACTIONS: dict[str, Action] = {
    "pause-protocol": Action(
        "Pause the protocol",
        "Nobody can supply, borrow or bid until it is resumed; repaying, adding collateral and "
        "withdrawing stay open. Every user is told.",
        "lending.change_market",
        partial(lending_staff.pause_protocol, is_paused=True),
        lambda: not _is_paused(),
    ),
    "resume-protocol": Action(
        "Resume the protocol",
        "The market opens again for everybody. Every user is told.",
        "lending.change_market",
        partial(lending_staff.pause_protocol, is_paused=False),
        _is_paused,
    ),
    "stop-poller": Action(
        "Stop the fills poller",
        "Fills of the venue are no longer booked; GET /health answers 503 until it runs again.",
        "trading.change_pollerstate",
        partial(trading_staff.switch_poller, is_enabled=False),
        _is_polling,
    ),
    "start-poller": Action(
        "Start the fills poller",
        "It goes on where it stopped; nothing is booked twice.",
        "trading.change_pollerstate",
        partial(trading_staff.switch_poller, is_enabled=True),
        lambda: not _is_polling(),
    ),
    "restart-poller": Action(
        "Restart the fills poller",
        "Its back-off and its count of errors are forgotten, and it asks the venue at once.",
        "trading.change_pollerstate",
        trading_staff.restart_poller,
        lambda: True,
    ),
}


def urls(site: AdminSite) -> list[URLPattern]:
    """Return the page's addresses within the admin."""
    return [
        path("operations/", site.admin_view(partial(page, site=site)), name="operations"),
        path("operations/figures", partial(figures_view, site=site), name="operations-figures"),
        path(
            "operations/<str:name>/",
            site.admin_view(partial(confirm, site=site)),
            name="operation",
        ),
    ]


@require_safe
def page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show the page; what moves on it is asked for by its module."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    shown = [
        (name, action)
        for name, action in ACTIONS.items()
        if request.user.has_perm(action.permission) and action.is_shown()
    ]
    context = {**site.each_context(request), "title": "Live operations", "actions": shown}
    return TemplateResponse(request, "admin/operations.html", context)


@require_safe
@never_cache
def figures_view(request: HttpRequest, site: AdminSite) -> JsonResponse:
    """Tell the figures to staff who may look; 403 to everybody else."""
    if not (site.has_permission(request) and request.user.has_perm(MAY_LOOK)):
        return JsonResponse({"error": "You may not see this."}, status=403)
    return JsonResponse(figures(timezone.now(), time.time()))


@never_cache
def confirm(request: HttpRequest, name: str, site: AdminSite) -> HttpResponse:
    """Show what an action does; do it when that is confirmed."""
    action = ACTIONS.get(name)
    if action is None:
        raise Http404(f"There is no operation {name}.")
    actor = request.user
    if not actor.has_perm(action.permission):
        raise PermissionDenied
    if request.method != "POST":
        context = {**site.each_context(request), "title": action.title, "action": action}
        return TemplateResponse(request, "admin/operation.html", context)
    assert isinstance(actor, User), "the admin is for those who are signed in"
    address: str = request.address  # type: ignore[attr-defined]
    if action.act(actor=actor, address=address, now=timezone.now()):
        messages.success(request, f"{action.title}: done.")
    else:
        messages.warning(request, f"{action.title}: nothing to change.")
    return HttpResponseRedirect(reverse("admin:operations"))


def figures(now: datetime, epoch_seconds: float) -> dict[str, Any]:
    """Return everything the page shows, the database's part as of one moment."""
    processes, is_whole = workers.told(epoch_seconds)
    with readers.read_only():
        at = journal.position()
        found = {
            "timestamp": iso(now),
            "layer": "redis" if settings.REDIS_URL else "in-process",
            "isWhole": is_whole,
            "journal": {
                "seq": at.seq,
                "epoch": at.epoch,
                "perSecond": max((one["eventsPerSecond"] for one in processes), default=None),
            },
            "engine": _engine(now),
            "market": _market(),
            "poller": poller.status(now) | {"isEnabled": _is_polling()},
            "deliveries": _deliveries(now),
        }
    found["workers"] = [_worker(one, at.seq, epoch_seconds) for one in processes]
    return found


def _worker(row: dict[str, Any], seq: int, epoch_seconds: float) -> dict[str, Any]:
    age = max(0.0, epoch_seconds - row["at"])
    return {**row, "ageSeconds": round(age, 1), "behind": max(0, seq - row["cursor"])}


def _engine(now: datetime) -> dict[str, Any]:
    term = EngineTerm.objects.get(id=1)
    return {
        "term": term.term,
        "holder": term.holder,
        "sinceAt": iso_or_none(term.since_at),
        "steps": [_step(step, now) for step in EngineStep.objects.all()],
    }


def _step(step: EngineStep, now: datetime) -> dict[str, Any]:
    """Return a step with its lag: how much longer ago than its interval it last succeeded."""
    age = None if step.ran_at is None else max(0.0, (now - step.ran_at).total_seconds())
    return {
        "name": step.name,
        "intervalSeconds": step.interval_seconds,
        "ranAt": iso_or_none(step.ran_at),
        "ageSeconds": None if age is None else round(age, 1),
        "lagSeconds": None if age is None else round(max(0.0, age - step.interval_seconds), 1),
        "durationMs": step.duration_ms,
        "failures": step.failures,
        "lastError": step.last_error,
    }


def _market() -> dict[str, Any]:
    market = Market.objects.get(id=1)
    return {
        "isPaused": market.is_paused,
        "block": market.block,
        "blockAt": iso_or_none(market.block_at),
    }


def _deliveries(now: datetime) -> list[dict[str, Any]]:
    """Return what waits at each outer door, and what failed in the last 24 h."""
    waiting = Delivery.objects.filter(ended_at=None).order_by().values("door")
    open_rows = waiting.annotate(count=Count("id"), oldest=Min("created_at"))
    failed_rows = (
        Delivery.objects.filter(state=State.FAILED, created_at__gte=now - FAILED_OVER)
        .order_by()
        .values_list("door")
        .annotate(count=Count("id"))
    )
    failed, found = dict(failed_rows), {row["door"]: row for row in open_rows}
    return [
        {
            "door": door,
            "waiting": found[door]["count"] if door in found else 0,
            "oldestAt": iso_or_none(found[door]["oldest"]) if door in found else None,
            "failed24h": failed.get(door, 0),
        }
        for door in sorted({"webhook", *found, *failed})
    ]
