"""Health, zones and capacity: the worked numbers, the exploits, and what holds for any position."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.exact import round_even
from dualis.lending import risk
from dualis.lending.risk import AlertLevel, Health, Zone
from dualis.lending.terms import TIERS
from tests.lending_world import (
    frozen_collateral,
    frozen_debt,
    held,
    live,
    position,
    ten_eth,
    worked_mix,
)

D = Decimal


def exact(found):
    return found.weighted / found.debt


# --- worked numbers -------------------------------------------------------------------------
def test_spec_5_worked_ten_eth():
    found = ten_eth("3245.67")
    assert risk.collateral_value(found) == D("32456.70")
    assert risk.usd_down(risk.weighted_value(found)) == D("26614.49")
    assert round_even(exact(risk.health(found)), 4) == D("1.7743")
    assert risk.health_factor_down(risk.health(found)) == D("1.7742")  # 1.774299...
    assert risk.weighted_ltv_up(found) == D("0.4622")
    price = risk.liquidation_price_up(found, "ETH")
    assert round_even(price, 2) == D("1829.27")
    assert round_even(price / D("3245.67") - 1, 4) == D("-0.4364")
    assert risk.distance_up(price, D("3245.67")) == D("-0.4363")


@pytest.mark.parametrize(
    ("factor", "price"),
    [
        pytest.param(*row, id=f"spec-5-crossing-{row[0]}")
        for row in (
            ("2.0", "3658.54"),
            ("1.5", "2743.90"),
            ("1.2", "2195.12"),
            ("1.05", "1920.73"),
            ("1.0", "1829.27"),
            (".95", "1737.80"),
            (".90", "1646.34"),
            (".85", "1554.88"),
        )
    ],
)
def test_the_price_at_which_ten_eth_cross_a_health_factor(factor, price):
    found = risk.liquidation_price_up(ten_eth("3245.67"), "ETH", D(factor))
    assert round_even(found, 2) == D(price)
    at_crossing = risk.health(ten_eth(found))
    assert not at_crossing.is_below(D(factor))
    assert risk.health(ten_eth(found - D("0.00000001"))).is_below(D(factor))


def test_spec_5_worked_mix():
    found = worked_mix()
    assert risk.collateral_value(found) == D("47443.70")
    assert risk.usd_down(risk.weighted_value(found)) == D("37553.37")  # 37,553.3790
    assert round_even(risk.weighted_value(found), 2) == D("37553.38")
    assert risk.health_factor_down(risk.health(found)) == D("1.5021")
    assert risk.weighted_ltv_up(found) == D("0.5270")


@pytest.mark.parametrize(
    ("tier", "by_ltv"),
    [
        pytest.param(*row, id=f"spec-5-max-borrow-{row[0]}")
        for row in (
            ("Diamond", "34407.03"),
            ("Gold", "33742.89"),
            ("Silver", "31361.05"),
            ("Bronze", "27166.61"),
            ("Unrated", "22972.18"),
        )
    ],
)
def test_capacity_of_the_worked_mix_is_the_lower_limit_ruling_10(tier, by_ltv):
    found = worked_mix(tier, debt="0")
    limit, gate = risk.limits(found)
    assert abs(limit - D(by_ltv)) <= D("0.005")
    assert abs(gate - D("31294.48")) <= D("0.005")
    assert abs(risk.capacity_down(found) - min(D(by_ltv), D("31294.48"))) <= D("0.005")


def test_spec_5_capacity_of_100000_t_bills():
    found = position(held("T-BILL-2026", "100000", "1"), debt="0", tier="Diamond")
    assert risk.limits(found)[0] == 80_750


def test_capacity_is_what_the_debt_leaves_and_never_negative():
    assert risk.capacity_down(ten_eth("3245.67", "16000")) == D("228.35")
    assert risk.capacity_down(ten_eth("3245.67", "17000")) == 0
    assert risk.borrowable_down(ten_eth("3245.67", "16000", price="1.5")) == 0
    assert risk.borrowable_down(ten_eth("3245.67", "10000", price="1.5")) == D("818.9")


# --- zones and alerts -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("factor", "zone"),
    [
        ("1.5", Zone.SAFE),
        ("1.499999999999999999", Zone.CAUTION),
        ("1.2", Zone.CAUTION),
        ("1.199999999999999999", Zone.DANGER),
        ("1.05", Zone.DANGER),
        ("1.049999999999999999", Zone.CRITICAL),
        ("1", Zone.CRITICAL),
        ("0.999999999999999999", Zone.MARGIN_CALL),
        ("0.95", Zone.MARGIN_CALL),
        ("0.949999999999999999", Zone.LIQUIDATABLE),
        ("0", Zone.LIQUIDATABLE),
    ],
)
def test_zones_are_decided_exactly_ruling_14(factor, zone):
    found = Health(D(factor) * 3, D(3))
    assert risk.zone_of(found) is zone
    shown = risk.health_factor_down(found)
    assert risk.zone_of(Health(shown, D(1))) is zone


def test_without_debt_health_is_infinite_and_safe():
    found = risk.health(ten_eth("100", "0"))
    assert risk.health_factor_down(found) is None
    assert risk.zone_of(found) is Zone.SAFE
    assert risk.alert_level(found, TIERS["Unrated"]) is None


def test_debt_without_collateral_is_liquidatable_and_has_no_ltv():
    found = position(debt="100")
    assert risk.zone_of(risk.health(found)) is Zone.LIQUIDATABLE
    assert risk.weighted_ltv_up(found) is None


@pytest.mark.parametrize(
    ("tier", "factor", "level"),
    [
        pytest.param("Unrated", "1.7743", AlertLevel.WARNING, id="spec-1.3-example-frame"),
        pytest.param("Unrated", "1.80", AlertLevel.WARNING, id="spec-5-at-warning"),
        pytest.param("Unrated", "1.8000001", None, id="spec-5-above-warning"),
        pytest.param("Unrated", "1.50", AlertLevel.DANGER, id="spec-5-at-danger"),
        pytest.param("Unrated", "1.30", AlertLevel.CRITICAL, id="spec-5-at-critical"),
        pytest.param("Diamond", "1.31", None, id="spec-5-diamond-above-warning"),
        pytest.param("Diamond", "1.10", AlertLevel.CRITICAL, id="spec-5-diamond-at-critical"),
    ],
)
def test_alerts_by_credit_tier(tier, factor, level):
    assert risk.alert_level(Health(D(factor), D(1)), TIERS[tier]) is level


# --- prices ---------------------------------------------------------------------------------
def test_a_spike_lifts_health_but_not_capacity_ruling_4():
    """A price pushed up for a moment once let one borrow against it and walk away."""
    calm, spike = ten_eth("2000", "5000"), ten_eth(live("3000", "2000"), "5000")
    assert risk.capacity_down(spike) == risk.capacity_down(calm) == 5000
    assert risk.removable_down(spike, "ETH") == risk.removable_down(calm, "ETH")
    assert exact(risk.health(spike)) > exact(risk.health(calm))


def test_a_dip_counts_at_once_ruling_4():
    assert risk.capacity_down(ten_eth(live("2000", "3000"), "5000")) == 5000


def test_a_frozen_asset_spares_only_what_it_lifts_to_one_ruling_2():
    assert risk.is_liquidatable(ten_eth("1690"))
    assert not risk.is_liquidatable(ten_eth(frozen_collateral("1690")))
    assert risk.is_liquidatable(ten_eth(frozen_collateral("1600")))  # lifted to 0.962
    assert not risk.is_liquidatable(ten_eth("1690", price=frozen_debt("1")))


def test_dust_of_a_frozen_asset_protects_nobody_ruling_2():
    dusty = position(
        held("ETH", "10", "1690"), held("CC", "1", frozen_collateral("0.1756")), debt="15000"
    )
    assert not risk.is_spared(dusty)
    assert risk.is_liquidatable(dusty)


def test_live_prices_spare_nobody():
    assert not risk.is_spared(ten_eth("3000"))
    assert not risk.is_liquidatable(ten_eth("1737.81"))
    assert risk.is_liquidatable(ten_eth("1737.80"))


# --- operations -----------------------------------------------------------------------------
def test_removable_keeps_both_limits_of_capacity():
    """Health alone once let one borrow at the tier's LTV and take the collateral out after."""
    found = ten_eth("3000", "9000")
    assert risk.removable_down(found, "ETH") == 4  # by LTV 0.5; by health 5.609...
    after = risk.with_collateral(found, "ETH", D(-4))
    assert risk.capacity_down(after) == 0
    assert risk.removable_down(after, "ETH") == 0
    assert not risk.health(after).is_below(risk.MIN_HEALTH_TO_BORROW)


def test_removable_is_nothing_below_the_limits_and_everything_without_debt():
    assert risk.removable_down(ten_eth("1900"), "ETH") == 0
    assert risk.removable_down(ten_eth("1900", "0"), "ETH") == 10
    assert risk.removable_down(worked_mix("Diamond", "100"), "TIFA-REC") == 5000


def test_projected_health_after_an_operation():
    found = ten_eth("1690")
    assert risk.health(risk.with_debt(found, D(-5000))).debt == 10_000
    assert risk.health(risk.with_collateral(found, "ETH", D(5))).weighted == D("20787.0")


def test_liquidation_price_of_one_collateral_is_none_where_the_others_cover():
    mixed = position(held("ETH", "10", "3000"), held("CC", "5", "0.2"), debt="15000")
    assert risk.liquidation_price_up(mixed, "CC") is None
    assert risk.liquidation_price_up(mixed, "ETH") == D("1829.18902440")
    assert risk.liquidation_price_up(ten_eth("3000", "0"), "ETH") is None
    assert risk.liquidation_price_up(position(held("ETH", "0", "1"), debt="9"), "ETH") is None


def test_distance_is_positive_once_the_price_is_below():
    assert risk.distance_up(D(110), D(100)) == D("0.1")
    assert risk.distance_up(D(100), D(100)) == 0


@pytest.mark.parametrize(
    ("debt", "is_dust"), [("0", False), ("0.000001", True), ("99.999999", True), ("100", False)]
)
def test_a_debt_is_nothing_or_100_usd_ruling_9(debt, is_dust):
    assert risk.is_dust_debt(ten_eth("3000", debt)) is is_dust


AMOUNTS = st.decimals("0", "1000000", places=6)
PRICES = st.decimals("0.00000001", "100000", places=8)
ASSET = st.sampled_from(["ETH", "wBTC", "CC", "T-BILL-2026", "TIFA-REC"])


@st.composite
def positions(draw):
    assets = draw(st.lists(ASSET, min_size=1, max_size=4, unique=True))
    collaterals = [held(asset, draw(AMOUNTS), live(draw(PRICES), draw(PRICES))) for asset in assets]
    return position(
        *collaterals,
        debt=draw(AMOUNTS),
        price=draw(st.decimals("0.01", "100000", places=8)),
        tier=draw(st.sampled_from(list(TIERS))),
    )


@given(positions())
def test_borrowing_all_of_the_capacity_leaves_health_at_1_2(found):
    borrowable = risk.borrowable_down(found)
    after = risk.with_debt(found, borrowable)
    if borrowable:
        assert not risk.health(after).is_below(risk.MIN_HEALTH_TO_BORROW)
        assert min(risk.limits(after)) >= risk.debt_value(after)


@given(positions())
def test_removing_all_that_is_removable_stays_within_the_limits(found):
    for collateral in found.collaterals:
        most = risk.removable_down(found, collateral.asset)
        assert 0 <= most <= collateral.amount
        after = risk.with_collateral(found, collateral.asset, -most)
        if most and found.debt.amount:
            assert min(risk.limits(after)) >= risk.debt_value(after)
            assert not risk.health(after).is_below(risk.MIN_HEALTH_TO_BORROW)


@given(positions())
def test_what_is_shown_lies_in_the_zone_of_what_is_exact(found):
    health = risk.health(found)
    shown = risk.health_factor_down(health)
    if shown is not None:
        assert risk.zone_of(Health(shown, D(1))) is risk.zone_of(health)
