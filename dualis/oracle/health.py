"""How the oracle is doing, read from its rows: sources, breakers, staleness."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max

from dualis.oracle.breaker import STABLE
from dualis.oracle.models import PriceTick, Quote
from dualis.oracle.sources import CONFIDENCE, MANUAL
from dualis.oracle.valuation import price_text_or_none
from dualis.oracle.windows import HOUR
from dualis.timestamps import iso, iso_or_none

HEALTHY_AGE = timedelta(seconds=120)  # spec 3: the last cycle was less than 120 s ago


@dataclass(frozen=True, slots=True)
class Samples:
    """What the averages of an asset rest on; moments on the source's clock."""

    count: int
    last_at: datetime | None


def samples_of_last_hour(quote: Quote) -> Samples:
    """Return the valid samples of the hour before the quote's moment."""
    found = PriceTick.objects.filter(
        asset=quote.asset_id,
        feed=quote.feed,
        is_valid=True,
        at__gte=quote.source_at - HOUR,
    ).aggregate(count=Count("id"), last=Max("at"))
    return Samples(found["count"], found["last"])


def sources(quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    """Return each source by name, with the assets it answers for and those it fails."""
    found: dict[str, dict[str, Any]] = {}
    for quote in quotes:
        for name in quote.feed.split("+"):
            row = found.setdefault(
                name,
                {
                    "name": name,
                    "simulated": name != MANUAL,
                    "confidence": float(CONFIDENCE[name]),
                    "assets": [],
                    "failing": [],
                },
            )
            row["assets" if name in quote.sources else "failing"].append(quote.asset_id)
    return [found[name] for name in sorted(found)]


def releases_at(quote: Quote) -> datetime | None:
    """Return when the breaker releases if its only source keeps to its level; None if that is open.

    On the source's clock, as all of the breaker is.
    """
    if not quote.is_tripped or quote.run_since is None or "+" in quote.feed:
        return None
    return quote.run_since + STABLE


def status(quotes: list[Quote], price_source: str, *, now: datetime) -> dict[str, Any]:
    """Return whether ticks come, and each asset's breaker and staleness."""
    last_tick = max((quote.updated_at for quote in quotes), default=None)
    return {
        "healthy": last_tick is not None and now - last_tick < HEALTHY_AGE,
        "lastTickAt": iso_or_none(last_tick),
        "priceSource": price_source.partition(":")[0],
        "assets": [
            {
                "asset": quote.asset_id,
                "stale": quote.is_stale,
                "circuitBreaker": quote.is_tripped,
                "tripReason": quote.trip_reason or None,
                "trippedAt": iso_or_none(quote.tripped_at),
                "releasedAt": iso_or_none(quote.released_at),
                "releasesAt": iso_or_none(releases_at(quote)),
                "candidate": price_text_or_none(quote.candidate),
                "feed": quote.feed,
                "sourceAt": iso(quote.source_at),
            }
            for quote in quotes
        ],
    }
