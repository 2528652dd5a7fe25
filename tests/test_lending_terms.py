"""The tables against the facts, and what parameters contradict each other."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dualis.lending.terms import ASSETS, TIERS, CollateralTier, InvalidTerms

D = Decimal


@pytest.mark.parametrize(
    ("asset", "ltv", "threshold", "penalty", "borrow_cap", "supply_cap", "is_borrowable", "tier"),
    [
        pytest.param(*row, id=f"spec-4-collateral-table-{row[0]}")
        for row in (
            ("USDC", ".80", ".85", ".04", "500e6", "1e9", True, "crypto"),
            ("wBTC", ".73", ".80", ".06", "50e6", "100e6", True, "crypto"),
            ("ETH", ".75", ".82", ".05", "100e6", "200e6", True, "crypto"),
            ("wETH", ".75", ".82", ".05", "100e6", "200e6", True, "crypto"),
            ("CC", ".55", ".65", ".08", "20e6", "50e6", True, "crypto"),
            ("CC-REC", ".60", ".70", ".08", "50e6", "100e6", True, "crypto"),
            ("SPY", ".65", ".75", ".06", "50e6", "100e6", True, "crypto"),
            ("SPY-2026", ".65", ".75", ".06", "50e6", "100e6", True, "crypto"),
            ("T-BILL", ".85", ".90", ".03", "200e6", "500e6", True, "rwa"),
            ("T-BILL-2026", ".85", ".90", ".03", "200e6", "500e6", True, "rwa"),
            ("RWA-TBILL", ".85", ".90", ".03", "0", "500e6", False, "rwa"),
            ("TIFA-REC", ".50", ".60", ".10", "0", "100e6", False, "tifa"),
        )
    ],
)
def test_terms_of_an_asset(
    asset, ltv, threshold, penalty, borrow_cap, supply_cap, is_borrowable, tier
):
    terms = ASSETS[asset]
    assert (terms.ltv, terms.threshold, terms.penalty) == (D(ltv), D(threshold), D(penalty))
    assert (terms.borrow_cap, terms.supply_cap) == (D(borrow_cap), D(supply_cap))
    assert (terms.is_borrowable, terms.tier) == (is_borrowable, tier)


@pytest.mark.parametrize("asset", ["DUAL", "BTC", "USDT", "US-T10Y", "DOGE", ""])
def test_what_is_not_listed_has_no_terms_ruling_1(asset):
    assert asset not in ASSETS


@pytest.mark.parametrize(
    ("asset", "line"),
    [
        pytest.param(*row, id=f"spec-6-line-{row[0]}")
        for row in (
            ("ETH", ".861"),
            ("USDC", ".884"),
            ("wBTC", ".848"),
            ("CC", ".702"),
            ("T-BILL", ".88065"),
            ("SPY", ".795"),
            ("TIFA-REC", ".528"),
        )
    ],
)
def test_the_line_below_which_a_partial_liquidation_lowers_health(asset, line):
    assert ASSETS[asset].full_line == D(line)


@pytest.mark.parametrize(
    ("tier", "numbers"),
    [
        pytest.param(tier, numbers.split(), id=f"spec-5-credit-tier-{tier}")
        for tier, numbers in (
            ("Diamond", ".85 .25 1.15 .05 1.30 1.20 1.10"),
            ("Gold", ".78 .15 1.25 .08 1.40 1.30 1.15"),
            ("Silver", ".70 .08 1.35 .10 1.50 1.35 1.20"),
            ("Bronze", ".60 0 1.50 .12 1.60 1.40 1.25"),
            ("Unrated", ".50 0 1.75 .15 1.80 1.50 1.30"),
        )
    ],
)
def test_terms_of_a_credit_tier(tier, numbers):
    found = TIERS[tier]
    assert [
        found.max_ltv,
        found.discount,
        found.min_collateral_ratio,
        found.liquidation_buffer,
        found.warning,
        found.danger,
        found.critical,
    ] == [D(number) for number in numbers]


@pytest.mark.parametrize(
    "changes",
    [
        {"ltv": D("0.82")},
        {"ltv": D("-0.1")},
        {"threshold": D(1)},
        {"penalty": D("-0.01")},
        {"penalty": D("0.22")},
        {"supply_cap": D(-1)},
    ],
)
def test_terms_of_an_asset_that_contradict_each_other_are_refused(changes):
    with pytest.raises(InvalidTerms):
        replace(ASSETS["ETH"], **changes)


@pytest.mark.parametrize(
    "changes",
    [{"max_ltv": D(1)}, {"discount": D(1)}, {"critical": D("1.25")}, {"critical": D("0.99")}],
)
def test_terms_of_a_tier_that_contradict_each_other_are_refused(changes):
    with pytest.raises(InvalidTerms):
        replace(TIERS["Diamond"], **changes)


def test_every_collateral_tier_has_its_haircut_spec_5():
    found = {tier: ASSETS[asset].haircut for asset, tier in _SAMPLES.items()}
    assert found == {"crypto": D("1.00"), "rwa": D("0.95"), "tifa": D("0.80")}


_SAMPLES = {
    "ETH": CollateralTier.CRYPTO,
    "T-BILL": CollateralTier.RWA,
    "TIFA-REC": CollateralTier.TIFA,
}
