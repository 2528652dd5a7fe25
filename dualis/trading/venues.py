"""Where fills come from: one interface, the embedded venue and Hyperliquid's public endpoint.

A venue is asked for an account's fills since a moment; it may repeat, reorder and fail. Knows fills
of a venue. Knows nothing of cursors, the ledger or what has been booked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import httpx
from django.conf import settings

from dualis.exact import ZERO
from dualis.trading.markets import MARKETS
from dualis.trading.models import Fill, milliseconds
from dualis.trading.orderbook import Side

TIMEOUT_SECONDS = 5.0
MOST = 2_000  # fills of one answer
MAX_BYTES = 4 * 1024 * 1024


class VenueError(Exception):
    """The venue did not answer, or not with fills; `retry_after` are seconds it asks for."""

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class VenueFill:
    """One fill as the venue tells it. `tid` names it; `time_ms` is the venue's clock."""

    tid: int
    oid: int
    coin: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    time_ms: int
    is_taker: bool


class Venue(Protocol):
    name: str
    is_local: bool  # whether asking it waits for nobody

    def fills(self, user: str, since_ms: int) -> Sequence[VenueFill]:
        """Return fills of an address from a moment on, oldest first; VenueError."""


class Paper:
    """The embedded venue: its matches are booked where they happen, and told here again."""

    name, is_local = "paper", True

    def fills(self, user: str, since_ms: int) -> Sequence[VenueFill]:
        since = datetime.fromtimestamp(since_ms / 1000, UTC)
        rows = Fill.objects.filter(account_id=user, at__gte=since).order_by("id")
        return [
            VenueFill(
                row.tid,
                row.venue_oid,
                row.coin,
                Side(row.side),
                row.price,
                row.size,
                row.fee,
                milliseconds(row.at),
                row.is_taker,
            )
            for row in rows[:MOST]
        ]


class Hyperliquid:
    """`userFillsByTime` of the public info endpoint at `url`."""

    name, is_local = "hyperliquid", False

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self._url = url.rstrip("/") + "/info"
        self._client = client or httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)

    def fills(self, user: str, since_ms: int) -> Sequence[VenueFill]:
        body = {"type": "userFillsByTime", "user": user, "startTime": since_ms}
        try:
            answer = self._client.post(self._url, json=body)
        except httpx.HTTPError as error:
            raise VenueError(type(error).__name__) from error
        if answer.status_code != 200:
            raise VenueError(f"HTTP {answer.status_code}", _seconds(answer))
        if len(answer.content) > MAX_BYTES:
            raise VenueError("the answer is too large")
        try:
            rows = answer.json()
            if not isinstance(rows, list):
                raise ValueError("fills are a list")
            found = [_parsed(row) for row in rows if row["coin"] in MARKETS]
        except (ValueError, TypeError, KeyError, InvalidOperation) as error:
            raise VenueError(f"not fills: {type(error).__name__}") from error
        return sorted(found, key=lambda fill: (fill.time_ms, fill.tid))


def current() -> Venue:
    """Return the venue of the settings: `paper`, or `hyperliquid:` and a URL."""
    name, _, url = settings.FILLS_VENUE.partition(":")
    return Hyperliquid(url) if name == "hyperliquid" else Paper()


def _parsed(row: dict[str, Any]) -> VenueFill:
    fill = VenueFill(
        int(row["tid"]),
        int(row["oid"]),
        str(row["coin"]),
        Side(row["side"]),
        Decimal(row["px"]),
        Decimal(row["sz"]),
        Decimal(row.get("fee", "0")),
        int(row["time"]),
        bool(row.get("crossed", True)),
    )
    good = fill.price > 0 and fill.size > 0 and fill.fee.is_finite() and fill.time_ms > ZERO
    if not good or not fill.price.is_finite() or not fill.size.is_finite() or fill.tid < 0:
        raise ValueError("a fill has a price, a size and a time")
    return fill


def _seconds(answer: httpx.Response) -> float | None:
    try:
        return max(0.0, float(answer.headers.get("retry-after", "")))
    except ValueError:
        return None
