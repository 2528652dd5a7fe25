"""When the market came back: after an outage, a pause, a long freeze of an asset (rulings, 18).

Pure: takes what the row of the market keeps, and `now`. Knows nothing of positions or rows.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

OUTAGE = timedelta(seconds=60)  # no tick for longer is an outage; its time counts for no clock
LONG_FREEZE = timedelta(seconds=120)  # longer than the minute after which a breaker may release

# symbol -> since (of the freeze that lasts; None: none does), until (end of the last long one)
Freezes = Mapping[str, Mapping[str, str | None]]


def ticked_seconds(before: datetime | None, now: datetime) -> Decimal:
    """Return the seconds that clocks move on: none on the first tick and after an outage."""
    if before is None or is_outage(before, now):
        return Decimal(0)
    return seconds(max(now - before, timedelta(0)))


def is_outage(before: datetime, now: datetime) -> bool:
    """Tell whether no tick ran for too long."""
    return now - before > OUTAGE


def freezes_after(
    freezes: Freezes, frozen: Collection[str], now: datetime
) -> dict[str, dict[str, str | None]]:
    """Return the freezes after a tick: lasting ones, and the last end of a long one.

    A short freeze after a long one takes nothing of the grace that the long one gave.
    """
    after: dict[str, dict[str, str | None]] = {}
    for symbol in sorted({*freezes, *frozen}):
        known = freezes.get(symbol, {})
        since, until = known.get("since"), known.get("until")
        if symbol in frozen:
            since = since or now.isoformat()
        elif since is not None:
            if now - datetime.fromisoformat(since) >= LONG_FREEZE:
                until = now.isoformat()
            since = None
        if since or until:
            after[symbol] = {"since": since, "until": until}
    return after


def since_outage(
    resumed_at: datetime | None, freezes: Freezes, symbols: Iterable[str], now: datetime
) -> Decimal | None:
    """Return the seconds since the market or one of these assets came back; None if none did."""
    ends = [] if resumed_at is None else [resumed_at]
    for symbol in symbols:
        if until := freezes.get(symbol, {}).get("until"):
            ends.append(datetime.fromisoformat(until))
    return seconds(max(now - max(ends), timedelta(0))) if ends else None


def seconds(span: timedelta) -> Decimal:
    """Return a span in seconds, exactly."""
    return Decimal(span // timedelta(microseconds=1)).scaleb(-6)
