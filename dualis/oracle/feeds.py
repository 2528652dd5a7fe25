"""Where an asset's price comes from, and moving it: to staff's entries, or back to the market.

A price does not jump because its source changes: what staff enter begins at the last price, and a
market price that is far from the last one is refused. The engine follows at its next tick.
"""

from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction

from dualis import errors
from dualis.exact import EXACT
from dualis.oracle import memory
from dualis.oracle.models import Asset, FeedKind, ManualPrice, Quote
from dualis.oracle.sources import SIMULATED, Simulated
from dualis.oracle.valuation import is_frozen

NEAR = Decimal("0.02")  # rulings, 3: sources that agree are within 2 %


@transaction.atomic
def change(asset: str, kind: FeedKind, *, actor: str, now: datetime) -> None:
    """Take the price of an asset from another feed. Locks the asset; refusals of `check`."""
    row = lock(asset)
    quote = check(asset, kind, now)
    if kind == FeedKind.MANUAL:
        ManualPrice.objects.create(
            asset=row,
            price=quote.price,
            actor_id=actor,
            entered_at=now,
            is_simulated=quote.is_simulated,
        )
    row.feed_kind = kind
    row.save(update_fields=["feed_kind"])


def lock(asset: str) -> Asset:
    """Lock and return an asset. NotFound."""
    row = Asset.objects.select_for_update(no_key=True).filter(symbol=asset).first()
    if row is None:
        raise errors.NotFound(what="asset", id=asset)
    return row


def check(asset: str, kind: FeedKind, now: datetime) -> Quote:
    """Return the quote of an asset whose feed may be changed to this kind; ValidationError."""
    if settings.PRICE_SOURCE != SIMULATED:
        raise errors.ValidationError({"newSourceId": ["a replay's sources stay as they are."]})
    quote = Quote.objects.select_related("asset").filter(asset_id=asset).first()
    if quote is None or is_frozen(quote, now):
        raise errors.ValidationError({"assetSymbol": [f"{asset} has no live price."]})
    if quote.asset.feed_kind == kind:
        raise errors.ValidationError({"newSourceId": [f"{asset} has this source already."]})
    if kind == FeedKind.MARKET:
        price = _market_price(asset, now)
        if price is None or abs(EXACT.subtract(price, quote.price)) > EXACT.multiply(
            quote.price, NEAR
        ):
            text = f"the market has no price of {asset} within 2 % of the present one."
            raise errors.ValidationError({"newSourceId": [text]})
    return quote


def _market_price(asset: str, now: datetime) -> Decimal | None:
    """Return what the market says now; None if it says nothing."""
    quotes = Simulated(memory.last_known([asset], now)).quotes(now)
    return quotes[0].price if quotes else None
