"""The mark prices of one moment: the oracle's medians (rulings, 33). One query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Self

from django.apps import apps

from dualis.oracle.valuation import is_frozen


@dataclass(frozen=True, slots=True)
class Marks:
    """`prices` by the oracle's symbol; `frozen` are those that nothing new may lean on."""

    prices: Mapping[str, Decimal]
    frozen: frozenset[str] = frozenset()

    @classmethod
    def read(cls, now: datetime | None = None) -> Self:
        """Read all quotes; with `now` one that nobody writes counts as frozen."""
        quotes = list(apps.get_model("oracle", "Quote").objects.all())
        return cls(
            {quote.asset_id: quote.price for quote in quotes},
            frozenset(quote.asset_id for quote in quotes if is_frozen(quote, now)),
        )

    def is_live(self, feed: str) -> bool:
        """Tell whether a feed has a price that may be traded on."""
        return feed in self.prices and feed not in self.frozen

    def dead(self, feeds: Iterable[str]) -> list[str]:
        """Return which of these feeds have no such price, by name."""
        return sorted(feed for feed in feeds if not self.is_live(feed))
