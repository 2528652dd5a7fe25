"""The pools a market starts with: terms and rate models of the catalogue, empty books."""

from datetime import datetime

from django.db import transaction

from dualis.lending import opening
from dualis.lending.models import Market, Pool
from dualis.lending.rates import MODELS
from dualis.lending.terms import ASSETS
from dualis.oracle.models import Quote

# spec 4; T-BILL-2026 and SPY-2026 have their instrument's id
POOLS: dict[str, str] = {
    "usdc-main": "USDC",
    "wbtc-main": "wBTC",
    "eth-main": "ETH",
    "cc-main": "CC",
    "tbill-2026": "T-BILL-2026",
    "spy-2026": "SPY-2026",
    "swing-demo": "SWING",  # priced in demo markets alone
}


@transaction.atomic
def seed_pools(now: datetime) -> int:
    """Open the pools of the catalogue that are missing and have a price; return how many."""
    Market.objects.get_or_create(id=1)
    opened = 0
    known = set(Pool.objects.values_list("id", flat=True))
    quotes = {quote.asset_id: quote for quote in Quote.objects.select_related("asset")}
    for pool_id, symbol in POOLS.items():
        if pool_id in known or symbol not in quotes:
            continue
        quote, terms, model = quotes[symbol], ASSETS[symbol], MODELS[symbol]
        pool = opening.new_pool(pool_id, quote, terms, model, now)
        pool.save(force_insert=True)
        opened += 1
    return opened
