"""When the market came back: after an outage, a pause, a long freeze of an asset (rulings, 18).

Pure: takes what the row of the market keeps, and `now`. Knows nothing of positions or rows.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

OUTAGE = timedelta(seconds=60)  # no tick for longer is an outage; its time counts for no clock
LONG_FREEZE = timedelta(seconds=120)  # longer than the minute after which a breaker may release

Freezes = Mapping[str, Mapping[str, str | None]]  # symbol -> since, until (None: it lasts)


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
    """Return the freezes after a tick: begun, lasting, and ended ones that were long."""
    after: dict[str, dict[str, str | None]] = {}
    for symbol in sorted({*freezes, *frozen}):
        known = dict(freezes.get(symbol, {}))
        is_lasting = bool(known) and known["until"] is None
        if symbol in frozen:
            after[symbol] = known if is_lasting else {"since": now.isoformat(), "until": None}
        elif not is_lasting:
            after[symbol] = known
        elif now - _moment(known["since"]) >= LONG_FREEZE:
            after[symbol] = {**known, "until": now.isoformat()}
    return after


def since_outage(
    resumed_at: datetime | None, freezes: Freezes, symbols: Iterable[str], now: datetime
) -> Decimal | None:
    """Return the seconds since the market or one of these assets came back; None if none did."""
    ends = [] if resumed_at is None else [resumed_at]
    ends += [
        _moment(freezes[symbol]["until"])
        for symbol in symbols
        if symbol in freezes and freezes[symbol]["until"] is not None
    ]
    return seconds(max(now - max(ends), timedelta(0))) if ends else None


def seconds(span: timedelta) -> Decimal:
    """Return a span in seconds, exactly."""
    return Decimal(span // timedelta(microseconds=1)).scaleb(-6)


def _moment(text: str | None) -> datetime:
    assert text is not None, "a freeze has a beginning, and an end where one is asked for"
    return datetime.fromisoformat(text)
