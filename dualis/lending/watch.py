"""The engine's memory of all positions with debt, kept up to date by what the journal names."""

from collections.abc import Collection
from datetime import datetime

from dualis.exact import EXACT
from dualis.lending.models import BorrowPosition, Pool
from dualis.lending.screening import Screen
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
        kinds = [(pool.id, tier) for pool in pools for tier in pool.debts]
        assets = [pool.asset_id for pool in pools]
        if (
            changed is None
            or self._screen is None
            or list(self._screen.assets) != assets
            or list(self._screen.kinds) != kinds
        ):
            self._screen = Screen(assets, kinds)
            for position in BorrowPosition.objects.filter(closed_at=None).iterator(BATCH):
                self._put(position)
            return
        wanted = list(changed)
        for start in range(0, len(wanted), BATCH):
            ids = wanted[start : start + BATCH]
            found = BorrowPosition.objects.in_bulk(ids)
            for position_id in ids:
                row = found.get(position_id)
                if row is not None and row.is_open():
                    self._put(row)
                else:
                    self._screen.remove(position_id)

    def suspects(self, now: datetime) -> list[str]:
        """Return the ids of positions that may have crossed a zone or may be liquidated."""
        if self._screen is None:
            return []
        view = View.read(now)
        weights, owed = {}, {}
        for pool in view.pools.values():
            quote = view.quotes.get(pool.asset_id)
            if quote is None:
                continue
            weights[pool.asset_id] = EXACT.multiply(quote.price, pool.terms.weight)
            for tier, debt in pool.books.debts.items():
                owed[pool.id, tier] = EXACT.multiply(debt.index, quote.price)
        return self._screen.suspects(weights, owed)

    def _put(self, position: BorrowPosition) -> None:
        assert self._screen is not None, "a position is put into a screen"
        self._screen.put(
            position.id,
            position.held(),
            position.scaled,
            (position.pool_id, position.credit_tier),
            position.zone,
        )
