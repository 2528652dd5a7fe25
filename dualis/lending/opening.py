"""Opening a pool: an asset with a live feed, its terms and its rate model, empty books.

Knows nothing of who asked: the seed and proposals come in here.
"""

from datetime import datetime

from django.db import transaction

from dualis import errors
from dualis.lending.books import open_books
from dualis.lending.models import Pool
from dualis.lending.rates import RateModel
from dualis.lending.terms import AssetTerms, CreditTier
from dualis.oracle import feeds
from dualis.oracle.models import Quote
from dualis.oracle.valuation import is_frozen

# A voting token that can be borrowed is votes for hire (rulings, 1: it is no collateral either).
EXCLUDED = frozenset({"DUAL"})
_MAIN = "{}-main"


def id_of(asset: str) -> str:
    """Return the id that the pool of an asset is opened with."""
    return _MAIN.format(asset.lower())


def require_openable(asset: str, now: datetime) -> Quote:
    """Return the quote of an asset that may have a pool and has none.

    ValidationError for one that is not listed or not allowed, has no live price, or has a pool.
    """
    quote = Quote.objects.select_related("asset").filter(asset_id=asset).first()
    if asset in EXCLUDED:
        raise _refusal(f"{asset} carries votes and is not lent.")
    if quote is None or not quote.asset.is_active or is_frozen(quote, now):
        raise _refusal(f"{asset} has no live price.")
    if Pool.objects.filter(asset_id=asset).exists():
        raise _refusal(f"{asset} has a pool.")
    return quote


@transaction.atomic
def open_pool(
    pool_id: str, asset: str, terms: AssetTerms, model: RateModel, *, now: datetime
) -> Pool:
    """Open a pool of an asset and publish it. Locks the asset. NotFound, and refusals of
    `require_openable`."""
    feeds.lock(asset)
    pool = new_pool(pool_id, require_openable(asset, now), terms, model, now)
    pool.save(force_insert=True)
    return pool


def new_pool(
    pool_id: str, quote: Quote, terms: AssetTerms, model: RateModel, now: datetime
) -> Pool:
    """Return an empty pool; the caller saves."""
    pool = Pool(
        id=pool_id,
        asset=quote.asset,
        places=quote.asset.decimals,
        accrued_at=now,
        base=model.base,
        slope=model.slope,
        kink=model.kink,
        jump=model.jump,
        reserve_factor=model.reserve_factor,
        ltv=terms.ltv,
        threshold=terms.threshold,
        penalty=terms.penalty,
        haircut_tier=terms.tier.value,
        supply_cap_usd=terms.supply_cap,
        borrow_cap_usd=terms.borrow_cap,
        is_borrowable=terms.is_borrowable,
        is_collateral=True,
        price=quote.price,
    )
    pool.set_books(open_books(pool.places, tuple(tier.value for tier in CreditTier)))
    return pool


def _refusal(text: str) -> errors.ValidationError:
    return errors.ValidationError({"assetSymbol": [text]})
