"""When an auction opens, how much it sells, how long it runs; the exploits the rulings answer."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.lending import auction as auctions
from dualis.lending.auction import CLOCK_SECONDS, SHARES, Auction, LiquidationTier
from dualis.lending.risk import with_collateral, with_debt
from tests.lending_world import frozen_collateral, frozen_debt, held, position, ten_eth

D = Decimal
MARGIN_CALL, SOFT, FORCED, FULL = LiquidationTier


def to_open(found, since_filled=None, since_outage=None):
    return auctions.tier_to_open(found, since_filled=since_filled, since_outage=since_outage)


@pytest.mark.parametrize(
    ("price", "tier"),
    [
        pytest.param("1829.27", None, id="spec-6-healthy-at-1"),
        pytest.param("1829.26", MARGIN_CALL, id="spec-6-margin-call-below-1"),
        pytest.param("1737.81", MARGIN_CALL, id="spec-6-margin-call-at-.95"),
        pytest.param("1737.80", SOFT, id="spec-6-soft-below-.95"),
        pytest.param("1690", SOFT, id="spec-6-worked-1690-soft"),
        pytest.param("1646.35", SOFT, id="spec-6-soft-at-.90"),
        pytest.param("1640", FORCED, id="spec-6-worked-1640-forced"),
        pytest.param("1575", FORCED, id="rulings-17-forced-at-the-line-.861"),
        pytest.param("1574.99", FULL, id="rulings-17-full-below-the-line-.861"),
        pytest.param("1550", FULL, id="spec-6-worked-1550-full"),
    ],
)
def test_the_tier_of_ten_eth(price, tier):
    assert auctions.tier_of(ten_eth(price)) is tier


def test_below_the_line_of_its_collateral_everything_is_sold_ruling_17():
    """Treasury bills: at 0.87 a part would be sold below the line .8807 and lower health."""
    found = position(held("T-BILL-2026", "10000", "1"), debt="9827.58")
    assert auctions.tier_of(found) is FULL


def test_the_line_of_several_collaterals_is_their_mean():
    """0.88: below the bills' line of .8807, above the mean of it and the receivables' .528."""
    mixed = position(
        held("T-BILL-2026", "10000", "1"), held("TIFA-REC", "10000", "1"), debt="15170.45"
    )
    assert auctions.tier_of(mixed) is FORCED


def test_a_margin_call_is_notice_only_ruling_16():
    assert to_open(ten_eth("1740")) is None


def test_an_auction_opens_below_0_95_ruling_16():
    assert to_open(ten_eth("1737")) is SOFT


@pytest.mark.parametrize(
    ("price", "since_filled", "tier"),
    [
        ("1690", "59.999", None),
        ("1690", "60", SOFT),
        ("1640", "0", None),
        ("1574.99", "0", FULL),
        ("1550", "0", FULL),
    ],
)
def test_the_cooldown_holds_60_seconds_and_never_below_the_line_ruling_19(
    price, since_filled, tier
):
    assert to_open(ten_eth(price), since_filled=D(since_filled)) is tier


@pytest.mark.parametrize(
    ("price", "since_outage", "tier"),
    [
        ("1690", "299.999", None),
        ("1690", "300", SOFT),
        ("1646.35", "0", None),
        ("1646.34", "0", FORCED),
    ],
)
def test_grace_after_an_outage_holds_down_to_0_90_ruling_18(price, since_outage, tier):
    assert to_open(ten_eth(price), since_outage=D(since_outage)) is tier


def test_a_frozen_asset_that_lifts_to_one_opens_nothing_ruling_2():
    assert to_open(ten_eth(frozen_collateral("1690"))) is None


def test_dust_of_a_frozen_asset_stops_neither_opening_nor_clock_ruling_2():
    dusty = position(
        held("ETH", "10", "1690"), held("CC", "1", frozen_collateral("0.17")), debt="15000"
    )
    assert to_open(dusty) is SOFT
    assert auctions.is_running(dusty)


def test_the_clock_stands_without_live_prices_ruling_18():
    assert auctions.is_running(ten_eth("1500"))
    assert not auctions.is_running(ten_eth(frozen_collateral("1500")))
    assert not auctions.is_running(ten_eth("1000", price=frozen_debt("1")))
    spared = position(
        held("ETH", "10", "1000"), held("CC", "10000", frozen_collateral("1")), debt="14900"
    )
    assert auctions.tier_of(spared) is not None
    lifted = position(
        held("ETH", "1", "1000"), held("CC", "10000", frozen_collateral("1")), debt="7500"
    )
    assert not auctions.is_running(lifted)


def test_nothing_opens_where_nothing_can_be_sold():
    assert to_open(ten_eth(frozen_collateral("1500"))) is None
    assert to_open(position(debt="15000")) is None


@pytest.mark.parametrize(
    ("tier", "share", "seconds"),
    [
        pytest.param(SOFT, "0.25", 300, id="spec-6-soft"),
        pytest.param(FORCED, "0.50", 180, id="spec-6-forced"),
        pytest.param(FULL, "1", 60, id="spec-6-full"),
    ],
)
def test_share_and_clock_of_a_tier(tier, share, seconds):
    assert (SHARES[tier], CLOCK_SECONDS[tier]) == (D(share), seconds)
    found = auctions.opened(ten_eth("1500"), tier)
    assert auctions.left_up(found, ten_eth("1500")) == D(share) * 15_000
    assert not auctions.is_over(auctions.ticked(found, ten_eth("1737"), D(seconds - 1)))
    assert auctions.is_over(auctions.ticked(found, ten_eth("1737"), D(seconds)))


def test_escalation_enlarges_the_lot_and_shortens_the_clock_ruling_18():
    running = auctions.ticked(auctions.opened(ten_eth("1690"), SOFT), ten_eth("1690"), D(100))
    assert not auctions.is_over(running)
    fallen = auctions.ticked(running, ten_eth("1550"), D(1))
    assert (fallen.tier, fallen.live_seconds) == (FULL, 101)
    assert auctions.left_up(fallen, ten_eth("1550")) == 15_000
    assert auctions.is_over(fallen)


@pytest.mark.parametrize("price", ["1690", "1740", "1900"])
def test_a_lot_never_shrinks_while_it_is_open(price):
    running = Auction(FORCED, D(15_000))
    after = auctions.ticked(running, ten_eth(price), D(1))
    assert after.tier is FORCED
    assert auctions.left_up(after, ten_eth(price)) == 7500


def test_a_tick_without_live_prices_does_not_count_ruling_18():
    running = Auction(SOFT, D(15_000), live_seconds=D(7))
    assert auctions.ticked(running, ten_eth("1690"), D(0)) == running


def test_recovery_is_health_of_one_ruling_19():
    assert auctions.is_recovered(ten_eth("1829.27"))
    assert not auctions.is_recovered(ten_eth("1829.26"))
    assert auctions.is_recovered(ten_eth("1829.26", "0"))


def test_what_is_left_follows_bids_and_the_borrower():
    lot = Auction(SOFT, D(15_000), filled=D(1000))
    assert auctions.left_up(lot, ten_eth("1690", "14000")) == 2750
    assert auctions.left_up(lot, ten_eth("1690", "500")) == 500
    full = Auction(FULL, D(15_000), filled=D(1000))
    assert auctions.left_up(full, ten_eth("1550", "14000.000007")) == D("14000.000007")
    assert auctions.left_up(Auction(SOFT, D(15_000), D(3750)), ten_eth("1690", "11250")) == 0


def test_a_lot_that_would_leave_a_dust_debt_is_the_whole_debt_ruling_9():
    small = position(held("ETH", "0.1", "1646.35"), debt="150")
    assert auctions.left_up(Auction(SOFT, D(150)), small) == D("37.5")
    small = position(held("ETH", "0.1", "1450"), debt="132")
    assert auctions.left_up(Auction(SOFT, D(132)), small) == 132


@pytest.mark.parametrize(
    ("filled", "earns"), [("0", False), ("1874.999999", False), ("1875", True), ("3750", True)]
)
def test_a_cooldown_is_earned_by_half_of_the_lot_ruling_19(filled, earns):
    """One unit bid once bought the borrower's friend 60 s of peace, over and over."""
    lot = Auction(SOFT, D(15_000), filled=D(filled))
    after = with_debt(ten_eth("1690"), -D(filled))
    assert auctions.earns_cooldown(lot, after) is earns


def test_collateral_is_sold_by_weight_then_value():
    found = position(
        held("T-BILL-2026", "100", "100"),
        held("ETH", "1", "2000"),
        held("TIFA-REC", "1", "1"),
        held("wETH", "2", "2000"),
        held("CC", "0", "1"),
        held("wBTC", "1", frozen_collateral("60000")),
        debt="1",
    )
    order = [collateral.asset for collateral in auctions.sellable(found)]
    assert order == ["TIFA-REC", "wETH", "ETH", "T-BILL-2026"]


@given(
    st.decimals("0.01", "1737.80", places=8),
    st.sampled_from([None, D(60), D(1000)]),
    st.sampled_from([None, D(300)]),
)
def test_below_0_95_with_live_prices_there_is_always_a_lot(price, since_filled, since_outage):
    found = ten_eth(price)
    tier = to_open(found, since_filled, since_outage)
    assert tier is not None
    assert auctions.left_up(auctions.opened(found, tier), found) > 0


@given(
    st.decimals("1737.81", "100000", places=8),
    st.decimals("0", "1000", places=6),
)
def test_at_0_95_and_above_there_is_never_one(price, more):
    assert to_open(with_collateral(ten_eth(price), "ETH", more)) is None
