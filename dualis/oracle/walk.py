"""The simulated market: a seeded walk, one draw per asset and second. Pure.

1. A step depends on the seed, the asset and the integer second alone, so a restart goes on from the
   last stored price as if it had not happened.
2. Floats live inside a step; a price leaves it as a decimal of 8 places, half to even.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from math import exp, log, pi, sin, sqrt
from statistics import NormalDist

from dualis.exact import round_even
from dualis.oracle.aggregate import PRICE_PLACES

YEAR_SECONDS = 365 * 24 * 3600
_COMMON = "common factor"
_NORMAL = NormalDist()
_LEAST = Decimal(1).scaleb(-PRICE_PLACES)


@dataclass(frozen=True, slots=True)
class Free:
    """Geometric Brownian motion without drift in the mean.

    `volatility` is annual, `correlation` the one with the factor common to the market.
    """

    volatility: float
    correlation: float


@dataclass(frozen=True, slots=True)
class Pegged:
    """A stable coin: pulled back to one dollar within `pull_seconds`, off by `deviation`."""

    deviation: float = 0.0002
    pull_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Tidal:
    """An asset of demo markets, which swings as no real one does: a sine of the clock around a
    level, e^`swing` up and down once in `period_seconds`, and off it by `deviation`.

    So loans come near liquidation within minutes. It moves by less than 8 % in 60 s and stays
    within 18 % of its 5-minute TWAP, inside what a circuit breaker lets pass.
    """

    level: float
    swing: float = 0.17
    period_seconds: int = 900
    deviation: float = 0.004
    pull_seconds: float = 600.0

    def at(self, second: int) -> float:
        """Return the price at a second without the deviation."""
        return self.level * exp(self.swing * sin(2 * pi * second / self.period_seconds))


# Annual volatilities and correlations of the size these markets have shown; BTC is the factor.
MODELS: dict[str, Free | Pegged | Tidal] = {
    "BTC": Free(0.45, 1.0),
    "wBTC": Free(0.45, 0.9995),
    "ETH": Free(0.60, 0.80),
    "CC": Free(0.90, 0.45),
    "DUAL": Free(0.80, 0.35),
    "USDC": Pegged(),
    "USDT": Pegged(),
    "SWING": Tidal(10.0),
}
_UNKNOWN = Free(0.60, 0.50)


def starting(symbol: str, second: int) -> Decimal:
    """Return the price of an asset with a tide when nothing is known of it yet."""
    return _decimal(_tide(symbol).at(second))


def turn_before(symbol: str, second: int) -> int:
    """Return the last second, at or before this one, at which a tide was high or low."""
    period = _tide(symbol).period_seconds
    return second - (second - period // 4) % (period // 2)


def forward(symbol: str, price: Decimal, since: int, until: int, seed: int) -> Decimal:
    """Return the price at second `until` of an asset that cost `price` at second `since`."""
    if until <= since:
        return price
    return _decimal(_next(symbol, float(price), until - since, until, seed))


def backward(symbol: str, price: Decimal, moments: Sequence[int], seed: int) -> list[Decimal]:
    """Return the prices at rising seconds, the last of which is exactly `price`."""
    found = [price]
    for later, earlier in zip(reversed(moments), reversed(moments[:-1]), strict=False):
        value = float(found[-1])
        match MODELS.get(symbol, _UNKNOWN):
            case Free():  # undo the step that led to the later moment
                value = value * value / _next(symbol, value, later - earlier, later, seed)
            case Pegged():  # the same in both directions of time
                value = _next(symbol, value, later - earlier, later, seed)
            case Tidal() as tide:  # the deviation as well
                off = value / tide.at(later)
                value = tide.at(earlier) * _pulled(tide, symbol, off, later - earlier, later, seed)
        found.append(_decimal(value))
    return found[::-1]


def _next(symbol: str, value: float, seconds: int, until: int, seed: int) -> float:
    match MODELS.get(symbol, _UNKNOWN):
        case Free(volatility, correlation):
            own = _draw(seed, symbol, until)
            drawn = correlation * _draw(seed, _COMMON, until) + sqrt(1 - correlation**2) * own
            years = seconds / YEAR_SECONDS
            return value * exp(volatility * sqrt(years) * drawn - volatility**2 * years / 2)
        case Pegged() as peg:
            return _pulled(peg, symbol, value, seconds, until, seed)
        case Tidal() as tide:
            off = value / tide.at(until - seconds)
            return tide.at(until) * _pulled(tide, symbol, off, seconds, until, seed)


def _pulled(
    model: Pegged | Tidal, symbol: str, value: float, seconds: int, until: int, seed: int
) -> float:
    """Return what is pulled back to 1 after a step."""
    kept = exp(-seconds / model.pull_seconds)
    noise = model.deviation * sqrt(1 - kept**2) * _draw(seed, symbol, until)
    return exp(log(value) * kept + noise)


def _tide(symbol: str) -> Tidal:
    tide = MODELS[symbol]
    assert isinstance(tide, Tidal), f"{symbol} has no tide"
    return tide


@lru_cache(maxsize=64)
def _draw(seed: int, name: str, second: int) -> float:
    """Return a standard normal number that is always the same for the same arguments."""
    digest = blake2b(f"{seed}:{name}:{second}".encode(), digest_size=8).digest()
    # 52 bits, so that the half step below one is not rounded up to it
    return _NORMAL.inv_cdf(((int.from_bytes(digest) >> 12) + 0.5) / 2**52)


def _decimal(value: float) -> Decimal:
    return max(_LEAST, round_even(Decimal(value), PRICE_PLACES))
