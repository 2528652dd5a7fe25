"""The simulated market: repeatable, with the volatility and correlation it claims."""

from decimal import Decimal
from math import log, sqrt
from statistics import correlation, pstdev

import pytest

from dualis.oracle import walk

START = 1_772_000_000
SEED = 7
PRICES = {
    "BTC": Decimal(67710),
    "wBTC": Decimal(67710),
    "ETH": Decimal(2041),
    "CC": Decimal("0.1756"),
}


def path(symbol, steps, *, seconds=1, seed=SEED, price=None):
    price = price or PRICES[symbol]
    found = [price]
    for index in range(steps):
        since = START + index * seconds
        found.append(walk.forward(symbol, found[-1], since, since + seconds, seed))
    return found


def returns(prices):
    return [log(b / a) for a, b in zip(prices, prices[1:], strict=False)]


def test_forward_gives_the_same_path_again_from_any_point():
    whole = path("ETH", 20)
    assert path("ETH", 20) == whole
    again = walk.forward("ETH", whole[10], START + 10, START + 11, SEED)
    assert again == whole[11]
    assert path("ETH", 20, seed=8)[1:] != whole[1:]


def test_forward_stands_still_within_a_second():
    assert walk.forward("ETH", Decimal("2041.5"), START, START, SEED) == Decimal("2041.5")
    assert walk.forward("ETH", Decimal("2041.5"), START, START - 5, SEED) == Decimal("2041.5")


def test_forward_gives_prices_of_eight_places():
    for price in path("CC", 50)[1:]:
        assert price.as_tuple().exponent == -8


@pytest.mark.parametrize(("symbol", "volatility"), [("BTC", 0.45), ("ETH", 0.60), ("CC", 0.90)])
def test_forward_has_the_annual_volatility_of_its_model(symbol, volatility):
    found = pstdev(returns(path(symbol, 3000, seconds=3600))) * sqrt(365 * 24)
    assert found == pytest.approx(volatility, rel=0.06)


@pytest.mark.parametrize(
    ("symbol", "low", "high"), [("wBTC", 0.998, 1.0), ("ETH", 0.75, 0.85), ("CC", 0.35, 0.55)]
)
def test_forward_moves_assets_with_the_market_as_modelled(symbol, low, high):
    btc, other = returns(path("BTC", 3000, seconds=60)), returns(path(symbol, 3000, seconds=60))
    assert low < correlation(btc, other) < high


def test_stable_coin_returns_to_one_dollar_from_either_side():
    for start in ("0.98", "1.02"):
        prices = path("USDC", 3000, seconds=5, price=Decimal(start))
        assert all(abs(price - 1) < Decimal("0.002") for price in prices[1500:])
        assert pstdev(float(price) for price in prices[1500:]) > 0


def test_the_demos_tide_liquidates_what_it_lent_and_trips_no_breaker():
    """A breaker lets pass 10 % off the extremes of 60 s and 20 % off the 5-minute TWAP."""
    prices = [float(p) for p in path("SWING", 3600, price=walk.starting("SWING", START))]
    for now in range(300, len(prices)):
        minute, mean = prices[now - 60 : now], sum(prices[now - 300 : now]) / 300
        assert max(minute) * 0.92 < prices[now] < min(minute) * 1.08
        assert mean * 0.82 < prices[now] < mean * 1.18
    assert min(prices) < max(prices) * 0.95 / 1.2 * 0.92


def test_a_tide_goes_on_by_the_clock_whatever_was_before():
    for later in (6_000, 86_400):
        price = walk.forward("SWING", Decimal(20), START, START + later, SEED)
        tide = walk.starting("SWING", START + later)
        assert float(price) == pytest.approx(float(tide), rel=0.02)


def test_a_tide_turns_twice_a_period():
    turn = walk.turn_before("SWING", START)
    assert START - 450 < turn <= START and walk.turn_before("SWING", turn - 1) == turn - 450
    high, low = sorted([walk.starting("SWING", turn), walk.starting("SWING", turn - 450)])[::-1]
    around = [walk.starting("SWING", turn + second) for second in range(-900, 900)]
    assert (high, low) == (max(around), min(around))


@pytest.mark.parametrize("symbol", ["BTC", "ETH", "USDC", "SWING"])
def test_backward_ends_exactly_at_the_price_it_is_given(symbol):
    price = PRICES.get(symbol, Decimal(1))
    moments = [START + index * 900 for index in range(200)]
    found = walk.backward(symbol, price, moments, SEED)
    assert len(found) == 200
    assert found[-1] == price
    assert len(set(found)) > 100


def test_backward_undoes_the_steps_that_forward_takes():
    moments = [START + index * 60 for index in range(100)]
    found = walk.backward("ETH", Decimal(2041), moments, SEED)
    price = found[0]
    for since, until in zip(moments, moments[1:], strict=False):
        price = walk.forward("ETH", price, since, until, SEED)
    assert float(price) == pytest.approx(2041, rel=1e-9)
