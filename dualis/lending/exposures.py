"""The exposure of the whole market, worked out once a block however often it is asked for.

It reads every loan. While one thread reads, the others are given the block before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from dualis.exact import EXACT
from dualis.lending import exposure
from dualis.lending.exposure import Exposure, Loan
from dualis.lending.models import BorrowPosition, Market, Pool
from dualis.oracle.models import InstrumentType

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class OfBlock:
    """What was found, and the published block whose prices and books it is of."""

    epoch: str
    block: int
    found: Exposure


class Memory:
    """The newest finding of this process. `epoch` tells one database's blocks from another's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OfBlock | None = None

    def read(self, epoch: str) -> OfBlock:
        """Return the exposure at the present block, or at the one before while it is read."""
        block = Market.objects.values_list("block", flat=True).get(id=1)
        kept = self._kept
        is_ours = kept is not None and kept.epoch == epoch
        if kept is not None and is_ours and kept.block == block:
            return kept
        if not self._lock.acquire(blocking=not is_ours):
            assert kept is not None, "who does not wait has something"
            return kept
        try:
            self._kept = OfBlock(epoch, block, measure())
            return self._kept
        finally:
            self._lock.release()


def measure() -> Exposure:
    """Read all loans and pools, and measure them at the pools' published prices."""
    pools = list(Pool.objects.select_related("asset").order_by("id"))
    market = exposure.Market(
        tuple(pool.asset_id for pool in pools),
        tuple(float(pool.price) for pool in pools),
        tuple(float(pool.terms.weight) for pool in pools),
    )
    stable = [p.asset_id for p in pools if p.asset.instrument_type == InstrumentType.STABLECOIN]
    return exposure.measure(list(_loans(pools)), market, stable=stable)


def _loans(pools: Sequence[Pool]) -> Iterator[Loan]:
    index = {
        (pool.id, tier): (pool.asset_id, debt.index)
        for pool in pools
        for tier, debt in pool.books.debts.items()
    }
    rows = BorrowPosition.objects.filter(closed_at=None).order_by()
    columns = rows.values_list("pool_id", "credit_tier", "scaled", "collateral")
    for pool_id, tier, scaled, collateral in columns.iterator(chunk_size=_CHUNK):
        asset, unit = index[pool_id, tier]
        if scaled:
            held = {symbol: float(amount) for symbol, amount in collateral.items()}
            yield Loan(held, asset, float(EXACT.multiply(scaled, unit)))
