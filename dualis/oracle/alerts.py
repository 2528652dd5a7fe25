"""Telling staff what happened to a price: a stored alert, and for the grave ones a notification.

Runs inside the transaction of whoever calls.
"""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model

from dualis.notifications.notices import notify_all
from dualis.oracle.models import AlertType, OracleAlert, Quote, Severity
from dualis.oracle.valuation import price_text, price_text_or_none

_SEVERITIES = {
    AlertType.TRIP: Severity.CRITICAL,
    AlertType.STALE: Severity.CRITICAL,
    AlertType.SOURCE_FAILURE: Severity.WARNING,
    AlertType.RESET: Severity.WARNING,
}
_REASONS = {
    "jump": "the price left the range of the last minute by more than 10 %",
    "drift": "the price left its 5-minute average by more than 20 %",
    "spread": "two sources are more than 2 % apart",
    "no_source": "no source answers",
}


def store(
    type: AlertType, asset: str, message: str, *, now: datetime, **metadata: Any
) -> OracleAlert:
    """Append an alert; its severity follows from its type."""
    severity = _SEVERITIES.get(type, Severity.INFO)
    return OracleAlert.objects.create(
        type=type, asset_id=asset, message=message, severity=severity, metadata=metadata, at=now
    )


def breaker_tripped(quote: Quote, *, now: datetime) -> None:
    """Tell that the breaker of the quote's asset has just tripped."""
    message = f"The breaker of {quote.asset_id} tripped: {_REASONS[quote.trip_reason]}."
    store(
        AlertType.TRIP,
        quote.asset_id,
        message,
        now=now,
        reason=quote.trip_reason,
        price=price_text(quote.price),
        candidate=price_text_or_none(quote.candidate),
    )
    _notify_staff("ORACLE_CIRCUIT_BREAKER", quote, "Circuit breaker tripped", message, now)


def breaker_released(quote: Quote, *, now: datetime) -> None:
    """Tell that the breaker of the quote's asset has just released."""
    price = price_text(quote.price)
    message = f"The breaker of {quote.asset_id} released at {price}."
    store(AlertType.RECOVER, quote.asset_id, message, now=now, price=price)


def price_stale(quote: Quote, *, now: datetime) -> None:
    """Tell that the quote's price has just become too old."""
    message = f"The price of {quote.asset_id} is stale: no valid price arrives."
    store(AlertType.STALE, quote.asset_id, message, now=now, price=price_text(quote.price))
    _notify_staff("ORACLE_STALE_PRICE", quote, "Price stale", message, now)


def sources_changed(quote: Quote, before: list[str], *, now: datetime) -> None:
    """Tell which sources stopped or began to answer for the quote's asset; nothing if none did."""
    asset, after = quote.asset_id, quote.sources
    for name in before:
        if name not in after:
            message = f"Source {name} stopped to answer for {asset}."
            store(AlertType.SOURCE_FAILURE, asset, message, now=now, source=name)
    for name in after:
        if name not in before:
            message = f"Source {name} answers for {asset} again."
            store(AlertType.SOURCE_RECOVERY, asset, message, now=now, source=name)


def _notify_staff(type: str, quote: Quote, title: str, message: str, now: datetime) -> None:
    staff = get_user_model().objects.filter(role="admin", status="active")
    notify_all(
        [str(user.pk) for user in staff],
        type,
        title=f"{title}: {quote.asset_id}",
        message=message,
        now=now,
        data={"asset": quote.asset_id},
        dedup_key=f"{type}:{quote.asset_id}",
    )
