"""Price sources that say what a test tells them to, moments to say it at, and what came of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from dualis.oracle.aggregate import MAX_AGE, SourceQuote
from dualis.oracle.models import PriceTick, Quote

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the moment so many seconds after the tests' beginning."""
    return T0 + timedelta(seconds=seconds)


@dataclass
class Scripted:
    """A source that repeats the prices of `says`, each stamped when it was last asked.

    A price of None leaves the last quote as it is: the source has stopped.
    """

    says: dict[str, str | None]
    name: str = "scripted"
    is_simulated: bool = False
    confidence: Decimal = Decimal("0.95")
    max_age: timedelta = MAX_AGE
    stopped: dict[str, SourceQuote] = field(default_factory=dict)

    @property
    def assets(self):
        return self.says.keys()

    def clock(self, now: datetime) -> datetime:
        return now

    def quotes(self, now: datetime) -> list[SourceQuote]:
        for asset, price in self.says.items():
            if price is not None:
                self.stopped[asset] = SourceQuote(
                    asset, Decimal(price), now, self.name, self.confidence, max_age=self.max_age
                )
        return list(self.stopped.values())

    def recorded(self, asset: str, at: datetime) -> Decimal | None:
        return None


def eth() -> Quote:
    return Quote.objects.get(asset="ETH")


def run(oracle, source, prices, start=0):
    """Tick once a second with these prices of ETH."""
    for second, price in enumerate(prices, start):
        source.says["ETH"] = price
        oracle.tick(at(second))


def everything():
    return [
        *Quote.objects.values_list().order_by("pk"),
        *PriceTick.objects.values_list("asset", "feed", "at", "price", "is_valid").order_by("at"),
    ]


def after_rollback(action):
    """Do something, look at the database, undo it."""
    with transaction.atomic():
        action()
        found = everything()
        transaction.set_rollback(True)
    return found
