"""What staff may do to prices: enter a net asset value, reset a breaker. Each leaves an alert row.

The engine is another process: it reads what is written here at its next tick.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.accounts import audit
from dualis.bulk import save_all
from dualis.exact import round_even
from dualis.oracle import alerts
from dualis.oracle.aggregate import PRICE_PLACES
from dualis.oracle.models import AlertType, Asset, FeedKind, ManualPrice, Quote
from dualis.oracle.valuation import price_text

_MOST = Decimal(10) ** 20  # what a price field holds before the point


@transaction.atomic
def set_manual_price(asset: str, price: Decimal, *, actor: str, now: datetime) -> ManualPrice:
    """Enter a net asset value in USD, valid for 24 h, half to even at 8 places.

    Locks the asset. Raises NotFound, NotManual, or ValidationError if the price is not positive.
    """
    row = _locked(asset)
    if row.feed_kind != FeedKind.MANUAL:
        raise errors.NotManual(asset=asset, reason="it has a market price.")
    if not price.is_finite() or price >= _MOST or round_even(price, PRICE_PLACES) <= 0:
        raise errors.ValidationError({"price": ["must be above 0 and below 10^20."]})
    entry = ManualPrice.objects.create(asset=row, price=price, actor_id=actor, entered_at=now)
    text = price_text(entry.price)
    message = f"{asset} was set to {text} by staff."
    alerts.store(AlertType.MANUAL_PRICE, asset, message, now=now, actor=actor, price=text)
    audit.record(actor, "oracle.manual_price", asset, now=now, details={"price": text})
    return entry


@transaction.atomic
def reset_breaker(asset: str, *, actor: str, now: datetime) -> Quote:
    """Let the next tick accept what the sources say then as the new base of a tripped asset.

    Locks the asset. Raises NotFound, BreakerNotTripped, or OracleStale if no source answers: there
    is nothing to accept.
    """
    row = _locked(asset)
    quote = Quote.objects.filter(asset=row).first()
    if quote is None or not quote.is_tripped:
        raise errors.BreakerNotTripped(asset=asset)
    if quote.candidate is None:
        raise errors.OracleStale(asset=asset)
    quote.reset_requested_at, quote.reset_requested_by = now, actor
    save_all([], silent=[quote])
    message = f"The breaker of {asset} was reset by staff."
    alerts.store(
        AlertType.RESET,
        asset,
        message,
        now=now,
        actor=actor,
        price=price_text(quote.price),
        candidate=price_text(quote.candidate),
    )
    audit.record(actor, "oracle.reset_breaker", asset, now=now)
    return quote


def _locked(symbol: str) -> Asset:
    asset = Asset.objects.select_for_update(no_key=True).filter(symbol=symbol).first()
    if asset is None:
        raise errors.NotFound(what="asset", id=symbol)
    return asset
