"""Several sources' quotes of one asset become one price. Pure: no rows, no clock of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from dualis.exact import EXACT, round_even

MAX_AGE = timedelta(seconds=300)  # spec 3: quotes older than 300 s are dropped
PRICE_PLACES = 8
CONFIDENCE_PLACES = 4
_FULL_COUNT = 3  # sources for full confidence


@dataclass(frozen=True, slots=True)
class SourceQuote:
    """What one source says of one asset; `at` is on the source's clock, `price` in USD."""

    asset: str
    price: Decimal
    at: datetime
    source: str
    confidence: Decimal
    is_simulated: bool = False
    max_age: timedelta = MAX_AGE


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One price of several sources; `prices` are the sorted quotes behind it."""

    price: Decimal
    confidence: Decimal
    spread: Decimal
    prices: tuple[Decimal, ...]
    sources: tuple[str, ...]
    at: datetime
    is_simulated: bool


def aggregate(quotes: Iterable[SourceQuote], now: datetime) -> Aggregate | None:
    """Return the aggregate of the quotes not older than their source allows; None if none is left.

    `now` is on the clock of the sources. `at` is the newest quote's moment.
    """
    fresh = [quote for quote in quotes if now - quote.at <= quote.max_age]
    if not fresh:
        return None
    prices = tuple(sorted(quote.price for quote in fresh))
    return Aggregate(
        price=median(prices),
        confidence=confidence([quote.confidence for quote in fresh]),
        spread=spread(prices),
        prices=prices,
        sources=tuple(sorted(quote.source for quote in fresh)),
        at=max(quote.at for quote in fresh),
        is_simulated=any(quote.is_simulated for quote in fresh),
    )


def median(prices: tuple[Decimal, ...]) -> Decimal:
    """Return the median of sorted prices, half to even at 8 places; an even count: of two."""
    middle = len(prices) // 2
    if len(prices) % 2:
        return round_even(prices[middle], PRICE_PLACES)
    pair = EXACT.add(prices[middle - 1], prices[middle])
    return round_even(EXACT.divide(pair, Decimal(2)), PRICE_PLACES)


def confidence(values: list[Decimal]) -> Decimal:
    """Return min(1, mean x (0.8 + 0.2 x min(n / 3, 1))), half to even at 4 places (spec 3)."""
    count = len(values)
    share = EXACT.divide(Decimal(min(count, _FULL_COUNT)), Decimal(_FULL_COUNT))
    mean = EXACT.divide(sum(values, Decimal(0)), Decimal(count))
    weight = EXACT.add(Decimal("0.8"), EXACT.multiply(Decimal("0.2"), share))
    return min(Decimal(1), round_even(EXACT.multiply(mean, weight), CONFIDENCE_PLACES))


def spread(prices: tuple[Decimal, ...]) -> Decimal:
    """Return how far the highest of sorted prices lies above the lowest, as a fraction of it."""
    return round_even(EXACT.divide(prices[-1] - prices[0], prices[0]), PRICE_PLACES)
