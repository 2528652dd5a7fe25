"""The rate model's worked numbers, and what must hold for any rate and time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.exact import round_even
from dualis.lending import rates
from dualis.lending.rates import MODELS, InvalidRateModel, RateModel

D = Decimal
NO_DISCOUNT = {"Bronze": D(0)}
YEAR = D(rates.YEAR_SECONDS)


@pytest.mark.parametrize(
    ("asset", "at_zero", "at_half", "at_kink", "at_95", "at_full"),
    [
        pytest.param(*row, id=f"spec-4-model-table-{row[0]}")
        for row in (
            ("USDC", ".0200", ".0550", ".0760", ".1210", ".1360"),
            ("USDT", ".0200", ".0550", ".0760", ".1210", ".1360"),
            ("wBTC", ".0100", ".0300", ".0360", ".1860", ".2110"),
            ("wETH", ".0100", ".0300", ".0360", ".1860", ".2110"),
            ("ETH", ".0100", ".0300", ".0360", ".1860", ".2110"),
            ("CC", ".0300", ".0800", ".0900", ".3700", ".4100"),
            ("T-BILL", ".0400", ".0550", ".0670", ".0745", ".0820"),
            ("T-BILL-2026", ".0400", ".0550", ".0670", ".0745", ".0820"),
            ("RWA-TBILL", ".0400", ".0550", ".0670", ".0745", ".0820"),
            ("TIFA-REC", ".0800", ".1400", ".1640", ".3140", ".3440"),
            ("CC-REC", ".0300", ".0600", ".0720", ".1345", ".1470"),
            ("SPY", ".0200", ".0450", ".0575", ".0935", ".1025"),
            ("SPY-2026", ".0200", ".0450", ".0575", ".0935", ".1025"),
        )
    ],
)
def test_borrow_apr_follows_the_model(asset, at_zero, at_half, at_kink, at_95, at_full):
    model = MODELS[asset]
    points = (D(0), D("0.5"), model.kink, D("0.95"), D(1))
    wanted = [D(text) for text in (at_zero, at_half, at_kink, at_95, at_full)]
    assert [rates.borrow_apr_up(model, point) for point in points] == wanted


@pytest.mark.parametrize(
    ("asset", "supply", "borrow", "utilization", "borrow_apy", "supply_apy"),
    [
        pytest.param(*row, id=f"spec-4-seed-pool-{row[0]}")
        for row in (
            ("USDC", "245600000", "178200000", ".725570", ".073356", ".047312"),
            ("wBTC", "1850", "920", ".497297", ".030343", ".012716"),
            ("ETH", "45200", "28900", ".639381", ".036216", ".019522"),
            ("CC", "89000000", "34200000", ".384270", ".070822", ".021258"),
            ("T-BILL-2026", "320000000", "245000000", ".765625", ".064994", ".046865"),
            ("SPY-2026", "156000000", "89400000", ".573077", ".049857", ".025412"),
        )
    ],
)
def test_rates_of_the_seeded_pools(asset, supply, borrow, utilization, borrow_apy, supply_apy):
    found = rates.pool_rates(MODELS[asset], {"Bronze": D(borrow)}, D(supply), NO_DISCOUNT)
    assert round_even(found.utilization, 6) == D(utilization)
    assert round_even(rates.apy_up(found.borrow_apr, 18), 6) == D(borrow_apy)
    assert round_even(rates.apy_down(found.supply_apr, 18), 6) == D(supply_apy)


@pytest.mark.parametrize(
    ("utilization", "borrow_apr", "borrow_apy", "supply_apr"),
    [
        pytest.param("0.5", "0.055", "0.056541", "0.02475", id="spec-4-apr-check-usdc-half"),
        pytest.param("0.9", "0.106", "0.111822", "0.08586", id="spec-4-apr-check-usdc-90"),
    ],
)
def test_usdc_at_a_utilization(utilization, borrow_apr, borrow_apy, supply_apr):
    borrowed = {"Bronze": D(utilization) * 1000}
    found = rates.pool_rates(MODELS["USDC"], borrowed, D(1000), NO_DISCOUNT)
    assert found.borrow_apr == D(borrow_apr)
    assert round_even(rates.apy_up(found.borrow_apr, 18), 6) == D(borrow_apy)
    assert found.supply_apr == D(supply_apr)


@pytest.mark.parametrize(
    ("discount", "apr", "apy"),
    [
        pytest.param("0.25", ".04125", ".042113", id="spec-5-tier-apr-diamond"),
        pytest.param("0.15", ".04675", ".047860", id="spec-5-tier-apr-gold"),
        pytest.param("0.08", ".0506", ".051902", id="spec-5-tier-apr-silver"),
        pytest.param("0", ".055", ".056541", id="spec-5-tier-apr-bronze-unrated"),
    ],
)
def test_tier_apr_is_discounted(discount, apr, apy):
    found = rates.tier_apr_up(D("0.055"), D(discount))
    assert found == D(apr)
    assert round_even(rates.apy_up(found, 18), 6) == D(apy)


def test_supply_apr_pays_for_the_discounts_ruling_6():
    """One half borrows at 25 % off: suppliers get the interest charged, not the undiscounted."""
    borrowed = {"Diamond": D(250), "Bronze": D(250)}
    found = rates.pool_rates(
        MODELS["USDC"], borrowed, D(1000), {"Diamond": D("0.25"), "Bronze": D(0)}
    )
    assert found.tier_aprs == {"Diamond": D("0.04125"), "Bronze": D("0.055")}
    assert found.supply_apr == (250 * D("0.04125") + 250 * D("0.055")) * D("0.9") / 1000


@pytest.mark.parametrize(
    ("borrowed", "supplied", "expected"),
    [("0", "0", "0"), ("0", "5", "0"), ("5", "0", "1"), ("6", "5", "1"), ("1", "4", "0.25")],
)
def test_utilization_is_between_zero_and_one(borrowed, supplied, expected):
    assert rates.utilization_up(D(borrowed), D(supplied)) == D(expected)


def test_utilization_rounds_up():
    assert rates.utilization_up(D(1), D(3)) == D("0.333333333333333334")


def test_the_curve_has_101_points_and_the_own_reserve_factor():
    points = rates.curve(MODELS["ETH"])
    assert len(points) == 101
    assert (points[0].utilization, points[100].utilization) == (0, 1)
    assert points[100].borrow_apr == D("0.211")
    assert points[100].supply_apr == D("0.211") * D("0.85")


def test_growth_over_a_year_is_e_to_the_rate_ruling_7():
    assert rates.growth_up(D(1), YEAR) == D("2.718281828459045235360287471352662498")
    assert rates.growth_down(D(1), YEAR) == D("2.718281828459045235360287471352662497")


def test_growth_of_no_time_is_none():
    assert rates.growth_up(D("0.5"), D(0)) == rates.growth_down(D("0.5"), D(0)) == 1


def test_growth_refuses_negative_time():
    with pytest.raises(ValueError, match="backwards"):
        rates.growth_up(D("0.5"), D(-1))


@given(
    st.decimals("0", "5", places=18),
    st.decimals("0", "31557600", places=6),
    st.decimals("0", "31557600", places=6),
)
def test_growth_rounds_apart_and_two_steps_make_one(apr, first, second):
    up, down = rates.growth_up(apr, first + second), rates.growth_down(apr, first + second)
    assert 0 <= up - down <= D("1e-36")
    two = rates.growth_up(apr, first) * rates.growth_up(apr, second)
    assert abs(two - up) <= up * D("1e-27")  # the product is rounded by the context of this test


def test_elapsed_seconds_are_exact_and_never_negative():
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert rates.elapsed_seconds(now, now + timedelta(microseconds=5_000_001)) == D("5.000001")
    assert rates.elapsed_seconds(now, now - timedelta(seconds=5)) == 0


@pytest.mark.parametrize(
    "numbers",
    [
        ("-0.01", "0.1", "0.8", "0.3", "0.1"),
        ("0.01", "0.1", "0", "0.3", "0.1"),
        ("0.01", "0.1", "1", "0.3", "0.1"),
        ("0.01", "0.1", "0.8", "0.3", "1"),
        ("0.01", "0.1", "0.8", "0.3", "-0.1"),
    ],
)
def test_a_model_that_makes_no_curve_is_refused(numbers):
    with pytest.raises(InvalidRateModel):
        RateModel(*map(D, numbers))


@pytest.mark.parametrize("asset", ["DUAL", "BTC", "US-T10Y", "DOGE"])
def test_an_unlisted_asset_has_no_model_ruling_1(asset):
    assert asset not in MODELS
