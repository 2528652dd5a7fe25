"""Price sources that say what a test tells them to, and moments to say it at."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from dualis.oracle.aggregate import MAX_AGE, SourceQuote

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
