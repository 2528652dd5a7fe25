"""The fills poller: asks the venue for watched accounts, and books what the ledger lacks.

1. What is booked and the cursor move in one transaction: after kill -9 at any step a fill is found
   again or known already, never dropped or doubled.
2. A fill is known by the account and the venue's trade id, whatever the venue repeats or reorders.
   The cursor stays behind by OVERLAP, so that a fill that comes late is still seen.
3. An error backs off, doubling up to a minute, or as long as the venue asks.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from dualis.retry import retried
from dualis.timestamps import iso_or_none
from dualis.trading import fills
from dualis.trading.desk import lock_books, open_desk
from dualis.trading.models import Fill, MarginAccount, PollCursor, PollerState, milliseconds
from dualis.trading.state import FEES, SYSTEM, VENUE
from dualis.trading.venues import Venue, VenueError, VenueFill

log = logging.getLogger(__name__)

BATCH = 50  # accounts asked in one step
OVERLAP = timedelta(seconds=10)
MAX_BACKOFF = 60.0
STALE_AFTER = timedelta(seconds=60)  # without a success: data may be missing
DEGRADED_AFTER = timedelta(seconds=15)
# All but the switch: staff may turn it while a venue is being asked.
_OWN = ["after", "last_attempt_at", "last_success_at", "resume_at", "errors", "last_error"]


def step(venue: Venue, now: datetime) -> int:
    """Poll the next batch of accounts; return how many fills were booked.

    Does nothing while it is switched off or backs off.
    """
    state = _state()
    if not state.is_enabled or (state.resume_at and now < state.resume_at):
        return 0
    booked, names = 0, _next_accounts(state.after) or _next_accounts("")
    try:
        for name in names:
            state.after = name  # whoever makes trouble holds up nobody after him
            booked += poll(venue, name, now)
    except VenueError as error:
        _failed(state, error, now)
        return booked
    state.last_success_at = state.last_attempt_at = now
    state.errors, state.last_error, state.resume_at = 0, "", None
    state.after = names[-1] if len(names) == BATCH else ""
    state.save(update_fields=_OWN)
    return booked


def poll(venue: Venue, name: str, now: datetime) -> int:
    """Ask the venue for one account and book what is new; return how many. VenueError."""
    cursor = PollCursor.objects.filter(account_id=name, venue=venue.name).first()
    since = cursor.since_ms if cursor else milliseconds(_opened_at(name))
    found = venue.fills(name, since)
    if not found:
        return 0
    return retried(lambda: _book(venue.name, name, found, now))


def status(now: datetime) -> dict[str, Any]:
    """Return the poller's state for `/health`."""
    row = PollerState.objects.filter(id=1).first() or PollerState()
    age = now - row.last_success_at if row.last_success_at else None
    if not row.is_enabled or age is None:
        word = "stopped"
    elif row.errors or age > DEGRADED_AFTER:
        word = "degraded"
    else:
        word = "running"
    return {
        "status": word,
        "lastPollAt": iso_or_none(row.last_attempt_at),
        "lastSuccessAt": iso_or_none(row.last_success_at),
        "lagMs": None if age is None else max(0, age // timedelta(milliseconds=1)),
        "consecutiveErrors": row.errors,
        "lastError": row.last_error or None,
        "stale": age is None or age > STALE_AFTER,
    }


@transaction.atomic
def _book(venue: str, name: str, found: Sequence[VenueFill], now: datetime) -> int:
    """Book the fills that are not known yet, and move the cursor. Locks as in `desk`."""
    lock_books({fill.coin for fill in found})
    desk = open_desk({name, VENUE, FEES}, now)
    known = set(
        Fill.objects.filter(account_id=name, tid__in=[f.tid for f in found]).values_list(
            "tid", flat=True
        )
    )
    booked = 0
    for one in sorted(found, key=lambda fill: (fill.time_ms, fill.tid)):
        if one.tid not in known:
            fills.book_external(desk, name, one)
            known.add(one.tid)
            booked += 1
    if booked:
        desk.save()
    newest = max(fill.time_ms for fill in found) - OVERLAP // timedelta(milliseconds=1)
    cursor, _ = PollCursor.objects.get_or_create(
        account_id=name, venue=venue, defaults={"since_ms": max(newest, 0)}
    )
    if newest > cursor.since_ms:
        cursor.since_ms = newest
        cursor.save()
    return booked


def _failed(state: PollerState, error: VenueError, now: datetime) -> None:
    state.last_attempt_at = now
    state.errors += 1
    state.last_error = str(error)[:200]
    wait = min(2.0 ** min(state.errors, 10), MAX_BACKOFF)
    if error.retry_after is not None:
        wait = min(max(wait, error.retry_after), 10 * MAX_BACKOFF)
    state.resume_at = now + timedelta(seconds=wait)
    state.save(update_fields=_OWN)
    log.warning("the venue failed (%s); polling again in %.0f s", error, wait)


def _next_accounts(after: str) -> list[str]:
    rows = MarginAccount.objects.exclude(name__in=SYSTEM).filter(is_simulated=False, name__gt=after)
    return list(rows.order_by("name").values_list("name", flat=True)[:BATCH])


def _opened_at(name: str) -> datetime:
    return MarginAccount.objects.values_list("opened_at", flat=True).get(name=name)


def _state() -> PollerState:
    row, _ = PollerState.objects.get_or_create(id=1)
    return row
