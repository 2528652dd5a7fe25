"""The mark prices of one moment: the oracle's medians (rulings, 33). One query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.apps import apps

from dualis.lookups import Asked, built_once
from dualis.oracle.valuation import VALUED, is_frozen

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from dualis.oracle.models import Quote


@dataclass(frozen=True, slots=True)
class Marks:
    """`prices` by the oracle's symbol; `frozen` are those that nothing new may lean on."""

    prices: Mapping[str, Decimal]
    frozen: frozenset[str] = frozenset()

    @classmethod
    def read(cls, now: datetime | None = None) -> Self:
        """Read all quotes; with `now` one that nobody writes counts as frozen."""
        return cls.of(quotes_asked().read(), now)

    @classmethod
    def of(cls, quotes: "Sequence[Quote]", now: datetime | None = None) -> Self:
        """Return the marks of quotes that were read as `quotes_asked` says."""
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


def quotes_asked() -> "Asked[Quote]":
    """Return what marks are made of, to be read in one trip with something else."""
    return _quotes.of()


@built_once
def _quotes() -> "QuerySet[Quote]":
    quotes: QuerySet[Quote] = apps.get_model("oracle", "Quote").objects.all()
    return quotes.only(*VALUED)
