"""REST of pools (spec 9): the list, one pool, its rate curve, what counts as collateral. Public.

Every list carries `seq`; a row is the socket's row, with keys added.
"""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dualis import errors
from dualis.api import PublicView, asked, reply
from dualis.exact import plain_trimmed
from dualis.lending import figures, rates, risk
from dualis.lending.models import Pool
from dualis.lending.terms import TIERS
from dualis.lending.view import View
from dualis.paging import SortedQuery, paged
from dualis.timestamps import iso
from realtime import journal, readers

SORTS = {
    "tvl": lambda row: float(row["tvlUSD"]),
    "supplyApy": lambda row: row["supplyAPY"],
    "borrowApy": lambda row: row["borrowAPY"],
    "utilization": lambda row: row["utilization"],
}
TYPES = {
    "stablecoin": ("Stablecoin",),
    "crypto": ("CryptoCurrency",),
    "treasury": ("TokenizedTreasury",),
    "rwa": ("TokenizedReceivable", "TokenizedTreasury", "TokenizedBond", "TokenizedEquity"),
}


class _PoolsQuery(SortedQuery):
    assetType = serializers.ChoiceField(["all", *TYPES], default="all")
    sortBy = serializers.ChoiceField(list(SORTS), default="tvl")


class Pools(PublicView):
    """GET pools?assetType&sortBy&sortOrder&page&limit."""

    def get(self, request: Request) -> Response:
        query = asked(_PoolsQuery, request)
        with readers.read_only():
            at = journal.position()
            pools = list(Pool.objects.select_related("asset"))
        kinds = TYPES.get(query["assetType"])
        rows = [rest_pool(p) for p in pools if not kinds or p.asset.instrument_type in kinds]
        rows.sort(key=SORTS[query["sortBy"]], reverse=query["sortOrder"] == "desc")
        page, pagination = paged(rows, query)
        return reply(page, pagination=pagination, seq=at.seq, epoch=at.epoch)


class PoolDetail(PublicView):
    """GET pools/<id>: the row with model, terms and indices."""

    def get(self, request: Request, pool_id: str) -> Response:
        with readers.read_only():
            at = journal.position()
            pool = _pool(pool_id)
        return reply(rest_pool_detail(pool), seq=at.seq, epoch=at.epoch)


class RateCurve(PublicView):
    """GET pools/<id>/rate-curve: 101 points of the pool's own model."""

    def get(self, request: Request, pool_id: str) -> Response:
        with readers.read_only():
            at = journal.position()
            pool = _pool(pool_id)
        places = figures.SHOWN_PLACES
        points = [
            {
                "utilization": float(point.utilization),
                "supplyAPY": float(rates.apy_down(point.supply_apr, places)),
                "borrowAPY": float(rates.apy_up(point.borrow_apr, places)),
            }
            for point in rates.curve(pool.model)
        ]
        return reply(
            {
                "poolId": pool.id,
                "model": _model(pool),
                "currentUtilization": rest_pool(pool)["utilization"],
                "curve": points,
            },
            seq=at.seq,
            epoch=at.epoch,
        )


class CollateralAssets(PublicView):
    """GET borrow/collateral-assets: what may be locked, what it counts for, and the tiers' terms.

    With it a client computes health and capacity as the services do: prices here are exact, where a
    row of the stream writes 2 decimals.
    """

    def get(self, request: Request) -> Response:
        now = timezone.now()
        with readers.read_only():
            at = journal.position()
            view = View.read(now)
        rows = [_collateral_asset(pool, view) for pool in view.pools.values()]
        return reply(rows, rules=_RULES, creditTiers=_TIERS, seq=at.seq, epoch=at.epoch)


_RULES = {
    "minHealthFactorToBorrow": float(risk.MIN_HEALTH_TO_BORROW),
    "liquidatableBelow": float(risk.LIQUIDATABLE_BELOW),
    "minDebtUSD": plain_trimmed(risk.MIN_DEBT),
}
_TIERS = {
    tier.value: {
        "maxLTV": float(terms.max_ltv),
        "discount": float(terms.discount),
        "warning": float(terms.warning),
        "danger": float(terms.danger),
        "critical": float(terms.critical),
    }
    for tier, terms in TIERS.items()
}


def _collateral_asset(pool: Pool, view: View) -> dict[str, Any]:
    price = view.price(pool.asset_id, is_collateral=True)
    return {
        "symbol": pool.asset_id,
        "poolId": pool.id,
        "decimals": pool.places,
        "priceUSD": view.quotes[pool.asset_id].to_dict()["price"],
        "exactPriceUSD": plain_trimmed(price.spot),
        "capacityPriceUSD": plain_trimmed(price.capacity),
        "isFrozen": price.is_frozen,
        "loanToValue": float(pool.ltv),
        "liquidationThreshold": float(pool.threshold),
        "haircut": float(pool.terms.haircut),
        "supplyCap": plain_trimmed(pool.supply_cap_usd),
        "borrowCap": plain_trimmed(pool.borrow_cap_usd),
        "isBorrowable": pool.is_borrowable,
        "isCollateralEnabled": pool.is_collateral and pool.is_active,
    }


def rest_pool(pool: Pool) -> dict[str, Any]:
    """Return the socket's row with the keys that REST adds."""
    row = pool.to_dict()
    books = pool.books
    return {
        **row,
        "assetType": pool.asset.instrument_type,
        "priceUSD": plain_trimmed(pool.price),
        "totalBorrowUSD": figures.usd_text(books.borrowed, pool.price),
        "totalReserves": plain_trimmed(books.reserves),
    }


def rest_pool_detail(pool: Pool) -> dict[str, Any]:
    """Return a pool with its model, its terms and its indices."""
    return {
        **rest_pool(pool),
        "interestRateModel": _model(pool),
        "collateralConfig": {
            "loanToValue": float(pool.ltv),
            "liquidationThreshold": float(pool.threshold),
            "liquidationPenalty": float(pool.penalty),
            "supplyCap": plain_trimmed(pool.supply_cap_usd),
            "borrowCap": plain_trimmed(pool.borrow_cap_usd),
            "isCollateral": pool.is_collateral,
            "isBorrowable": pool.is_borrowable,
        },
        "supplyIndex": plain_trimmed(pool.supply_index),
        "borrowIndices": {tier: index for tier, (_, index) in pool.debts.items()},
        "lastAccrualTimestamp": iso(pool.accrued_at),
    }


def _model(pool: Pool) -> dict[str, float]:
    return {
        "base": float(pool.base),
        "slope": float(pool.slope),
        "kink": float(pool.kink),
        "jump": float(pool.jump),
        "reserveFactor": float(pool.reserve_factor),
    }


def _pool(pool_id: str) -> Pool:
    pool = Pool.objects.select_related("asset").filter(id=pool_id).first()
    if pool is None:
        raise errors.PoolNotFound(poolId=pool_id)
    return pool
