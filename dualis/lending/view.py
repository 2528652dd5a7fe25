"""All pools and quotes at one moment: what positions are valued with. One trip."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.apps import apps

from dualis.lending.risk import Price
from dualis.lookups import Asked, built_once, read_all
from dualis.oracle.valuation import (
    VALUED,
    is_frozen,
    price_for_capacity,
    price_for_liquidation_of_frozen,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from dualis.lending.models import Pool
    from dualis.oracle.models import Quote

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class View:
    """`pools` by id; `quotes` by symbol. `now` makes a quote that nobody writes count as frozen.

    `memory` is for a view of rows that nobody changes, positions included: see `still`.
    """

    pools: "dict[str, Pool]"
    quotes: "dict[str, Quote]"
    now: "datetime | None" = None
    memory: dict[Hashable, Any] | None = None

    @classmethod
    def read(cls, now: "datetime | None" = None) -> Self:
        """Read both as the current transaction sees them."""
        found, quotes = read_all(*asked())
        return cls.of(found, quotes, now)

    @classmethod
    def of(
        cls, pools: "Iterable[Pool]", quotes: "Iterable[Quote]", now: "datetime | None" = None
    ) -> Self:
        """Return the view of these pools and quotes, read as `asked` says."""
        return cls({p.id: p for p in pools}, {q.asset_id: q for q in quotes}, now)

    def with_pools(self, pools: "Iterable[Pool]") -> "View":
        """Return the view with these pools instead of those of the same id."""
        return View({**self.pools, **{pool.id: pool for pool in pools}}, self.quotes, self.now)

    def still(self) -> "View":
        """Return a view that computes a figure once: for showing many positions as they stand."""
        return replace(self, memory={})

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns; a still view makes it once for a key."""
        if self.memory is None:
            return make()
        if key not in self.memory:
            self.memory[key] = make()
        found: T = self.memory[key]
        return found

    def pool_of(self, symbol: str) -> "Pool | None":
        """Return the pool of an asset; None if it has none."""
        return next((pool for pool in self.pools.values() if pool.asset_id == symbol), None)

    def is_frozen(self, symbol: str) -> bool:
        """Tell whether an asset is frozen (rulings, 2); one without a quote is."""
        quote = self.quotes.get(symbol)
        return quote is None or is_frozen(quote, self.now)

    def price(self, symbol: str, *, is_collateral: bool) -> Price:
        """Return what a unit counts for each purpose; the quote must exist."""
        quote = self.quotes[symbol]
        frozen = self.is_frozen(symbol)
        spot = quote.price
        return Price(
            spot,
            price_for_capacity(quote),
            price_for_liquidation_of_frozen(quote, is_collateral=is_collateral) if frozen else spot,
            frozen,
        )


def asked() -> "tuple[Asked[Pool], Asked[Quote]]":
    """Return what a view asks for, to be read in one trip with something else."""
    return _pools.of(), _quotes.of()


@built_once
def _pools() -> "QuerySet[Pool]":
    pools: QuerySet[Pool] = apps.get_model("lending", "Pool").objects.all()
    return pools


@built_once
def _quotes() -> "QuerySet[Quote]":
    quotes: QuerySet[Quote] = apps.get_model("oracle", "Quote").objects.all()
    return quotes.only(*VALUED)
