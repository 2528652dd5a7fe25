"""The engine's memory of all positions with debt, kept up to date by what the journal names."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from dualis.exact import EXACT
from dualis.lending import grace
from dualis.lending.auction import GRACE_SECONDS
from dualis.lending.models import BorrowPosition, Market, Pool
from dualis.lending.screening import Kind, Screen, Suspects, Tracked
from dualis.lending.view import View

BATCH = 2_000


class Watch:
    """Which positions to look at exactly. One object per engine process."""

    def __init__(self) -> None:
        self._screen: Screen | None = None

    def __len__(self) -> int:
        return len(self._screen) if self._screen else 0

    def take(self, changed: Collection[str] | None) -> None:
        """Read the positions with these ids again; None reads all."""
        pools = list(Pool.objects.order_by("id"))
        kinds = [(pool.asset_id, tier) for pool in pools for tier in pool.debts]
        assets = {pool.id: pool.asset_id for pool in pools}
        if (
            changed is None
            or self._screen is None
            or list(self._screen.assets) != list(assets.values())
            or list(self._screen.kinds) != kinds
        ):
            screen = Screen(list(assets.values()), kinds)
            screen.load(_tracked(BorrowPosition.objects.all(), assets))
            self._screen = screen
            return
        wanted = list(changed)
        for start in range(0, len(wanted), BATCH):
            ids = wanted[start : start + BATCH]
            gone = set(ids)
            for position in _tracked(BorrowPosition.objects.filter(id__in=ids), assets):
                self._screen.put(position)
                gone.discard(position.id)
            for position_id in gone:
                self._screen.remove(position_id)

    def suspects(self, now: datetime) -> Suspects:
        """Return the positions that may have crossed a zone or may be liquidated."""
        if self._screen is None:
            return Suspects()
        market, view = Market.objects.get(id=1), View.read(now)
        frozen, graced = [], []
        for pool in view.pools.values():
            symbol = pool.asset_id
            if view.is_frozen(symbol):
                frozen.append(symbol)
            since = grace.since_outage(market.resumed_at, market.freezes, [symbol], now)
            if since is not None and since < GRACE_SECONDS:
                graced.append(symbol)
        return self._screen.suspects(*_worth(view), frozen=frozen, graced=graced)

    def healths(self, ids: Sequence[str], now: datetime) -> NDArray[np.float64]:
        """Return the health of each of these as `Screen.healths` does: where to look exactly."""
        if self._screen is None or not ids:
            return np.full(len(ids), np.nan)
        return self._screen.healths(ids, *_worth(View.read(now)))


def _worth(view: View) -> tuple[dict[str, Decimal], dict[Kind, Decimal]]:
    """Return what a unit of each collateral, and of scaled debt of each kind, counts for."""
    weights: dict[str, Decimal] = {}
    owed: dict[Kind, Decimal] = {}
    for pool in view.pools.values():
        symbol = pool.asset_id
        quote = view.quotes.get(symbol)
        if quote is None:
            continue
        weights[symbol] = EXACT.multiply(quote.price, pool.terms.weight)
        for tier, debt in pool.books.debts.items():
            owed[symbol, tier] = EXACT.multiply(debt.index, quote.price)
    return weights, owed


def _tracked(rows: QuerySet[Any], assets: dict[str, str]) -> Iterator[Tracked]:
    """Return what the screen keeps of those of these positions that are open."""
    fields = ("id", "collateral", "scaled", "pool_id", "credit_tier", "zone")
    found = rows.filter(closed_at=None).order_by().values_list(*fields)
    for position_id, collateral, scaled, pool_id, tier, zone in found.iterator(BATCH):
        yield Tracked(position_id, collateral, scaled, (assets[pool_id], tier), zone)
