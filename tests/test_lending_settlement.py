"""What bids and the backstop buy: the worked numbers and the exploits."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dualis.exact import round_even
from dualis.lending import auction as auctions
from dualis.lending import settlement as settle
from dualis.lending.auction import Auction, LiquidationTier
from dualis.lending.risk import health
from dualis.lending.settlement import BidLeavesDust, BidTooLarge, BidTooSmall
from tests.lending_world import frozen_collateral, held, position, ten_eth

D = Decimal
MARGIN_CALL, SOFT, FORCED, FULL = LiquidationTier
UNIT = D("0.000001")


def lot(tier, seconds=0, debt="15000", filled="0"):
    return Auction(tier, D(debt), D(filled), D(seconds))


def factor(found):
    now = health(found)
    return round_even(now.weighted / now.debt, 4)


# --- worked numbers -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "tier", "seconds", "repay", "seized", "reward", "fee", "after"),
    [
        pytest.param(
            "1690", SOFT, 0, "3750", "2.218935", "0", "0", ".9585", id="spec-6-1690-soft-at-0"
        ),
        pytest.param(
            "1690", SOFT, 150, "3750", "2.274408", "84.375", "9.375", ".9517",
            id="spec-6-1690-soft-at-150",
        ),
        pytest.param(
            "1690", SOFT, 300, "3750", "2.329882", "168.75", "18.75", ".9448",
            id="spec-6-1690-soft-at-300",
        ),
        pytest.param(
            "1640", FORCED, 180, "7500", "4.801829", "337.5", "37.5", ".9321",
            id="spec-6-1640-forced-at-180",
        ),
    ],
)  # fmt: skip
def test_a_bid_for_the_whole_lot(price, tier, seconds, repay, seized, reward, fee, after):
    found = settle.bid(lot(tier, seconds), ten_eth(price), D(repay))
    (seizure,) = found.seizures
    assert round_even(seizure.amount, 6) == D(seized)
    # what the liquidator gains is what he gets less what he paid
    assert round_even(seizure.reward * D(price) - D(repay), 6) == D(reward)
    assert round_even(seizure.fee * D(price), 6) == D(fee)
    assert factor(found.position) == D(after)
    assert auctions.left_up(found.auction, found.position) == 0


def test_spec_6_1550_full_repays_all_at_3_33_percent_ruling_17():
    """The facts' 5 % leaves 238.10 of bad debt where collateral covers the debt: capped."""
    found = ten_eth("1550")
    late = lot(FULL, 60)
    bonus = settle.bonus_down(late, found, found.collaterals[0])
    assert round_even(bonus, 4) == D("0.0333")
    taken = settle.bid(late, found, settle.most_up(late, found))
    assert taken.repaid == 15_000
    assert taken.position.debt.amount == 0
    assert 15_500 - taken.seizures[0].value < D("1e-9")
    assert settle.bad_debt(taken.position) == 0


@pytest.mark.parametrize(
    ("seconds", "repaid", "lost"),
    [
        pytest.param(0, "14000", "1000", id="spec-6-1400-full-at-0"),
        pytest.param(60, "13333.333334", "1666.666666", id="spec-6-1400-full-at-60"),
    ],
)
def test_a_bid_where_collateral_does_not_cover_the_debt(seconds, repaid, lost):
    late = lot(FULL, seconds)
    taken = settle.bid(late, ten_eth("1400"), settle.most_up(late, ten_eth("1400")))
    assert taken.repaid == D(repaid)
    assert taken.position.collaterals[0].amount == 0
    assert settle.bad_debt(taken.position) == D(lost)


def test_the_bonus_grows_linearly_up_to_the_penalty_spec_6():
    found = ten_eth("1690")
    bonuses = [
        settle.bonus_down(lot(SOFT, seconds), found, found.collaterals[0])
        for seconds in (0, 100, 150, 300, 10_000)
    ]
    assert bonuses == [0, D("0.016666666666666666"), D("0.025"), D("0.05"), D("0.05")]


def test_the_split_of_the_bonus_is_90_to_10_spec_6():
    (seizure,) = settle.bid(lot(SOFT, 300), ten_eth("1690"), D(3750)).seizures
    bonus = seizure.amount - D(3750) / 1690
    assert abs(seizure.fee - bonus / 10) <= D("1e-17")


def test_seized_collateral_rounds_down_and_the_fee_up():
    """wBTC has 8 decimals: 3,750 / 16,900 = 0.22189349..., a tenth of 2.5 % of it 0.00055473..."""
    found = position(held("wBTC", "1", "16900"), debt="15000")
    early = lot(FORCED, 75)  # bonus 2.5 % of a penalty of 6 %
    (seizure,) = settle.bid(early, found, D(3750)).seizures
    assert seizure.bonus == D("0.025")
    assert seizure.amount == D("0.22744082")  # 0.227440828...
    assert seizure.fee == D("0.00055474")


# --- bids -----------------------------------------------------------------------------------
def test_a_bid_is_at_least_a_tenth_of_the_lot_ruling_19():
    with pytest.raises(BidTooSmall) as refusal:
        settle.bid(lot(SOFT), ten_eth("1690"), D("374.999999"))
    assert refusal.value.limit == 375
    assert settle.bid(lot(SOFT), ten_eth("1690"), D(375)).auction.filled == 375


def test_all_that_is_left_is_always_enough_ruling_19():
    nearly = lot(SOFT, filled="3749.5")
    found = ten_eth("1690", "11250.5")
    taken = settle.bid(nearly, found, D("0.5"))
    assert auctions.left_up(taken.auction, taken.position) == 0
    with pytest.raises(BidTooSmall):
        settle.bid(nearly, found, D("0.4"))


def test_a_bid_above_what_is_left_is_refused():
    with pytest.raises(BidTooLarge) as refusal:
        settle.bid(lot(SOFT), ten_eth("1690"), D("3750.000001"))
    assert refusal.value.limit == 3750


def test_a_bid_of_nothing_is_refused_and_so_is_one_on_nothing():
    with pytest.raises(BidTooSmall):
        settle.bid(lot(SOFT, filled="3750"), ten_eth("1690", "11250"), D(0))
    with pytest.raises(BidTooLarge):
        settle.bid(lot(FULL), ten_eth("1550", "0"), D(1))


def test_a_bid_that_leaves_a_dust_debt_is_refused_ruling_9():
    with pytest.raises(BidLeavesDust):
        settle.bid(lot(FULL), ten_eth("1550"), D("14900.000001"))
    settle.bid(lot(FULL), ten_eth("1550"), D(14_900))
    settle.bid(lot(FULL), ten_eth("1550"), D(15_000))


def test_bids_fill_a_lot_one_after_the_other():
    first = settle.bid(lot(SOFT, 10), ten_eth("1690"), D(1000))
    assert auctions.left_up(first.auction, first.position) == 2750
    second = settle.bid(first.auction, first.position, D(2750))
    assert auctions.left_up(second.auction, second.position) == 0
    assert second.position.debt.amount == 11_250


# --- several collaterals --------------------------------------------------------------------
def test_dust_in_front_does_not_delay_the_rest():
    """One lot sells all collateral: dust of ten assets once meant ten auctions and cooldowns."""
    found = position(
        held("TIFA-REC", "1", "1"), held("CC", "1", "0.2"), held("ETH", "10", "1690"), debt="15000"
    )
    taken = settle.bid(lot(SOFT, 150), found, D(3750))
    assert [seizure.asset for seizure in taken.seizures] == ["TIFA-REC", "CC", "ETH"]
    assert [held.amount == 0 for held in taken.position.collaterals] == [True, True, False]


def test_each_collateral_is_sold_at_its_own_penalty():
    found = position(held("CC", "10000", "1"), held("ETH", "5", "1690"), debt="14200")
    taken = settle.bid(lot(FORCED, 180, "14200"), found, D(7100))
    assert [seizure.bonus for seizure in taken.seizures] == [D("0.08")]
    more = settle.bid(replace(lot(FULL, 60, "14200")), found, D(12_000))
    assert [seizure.bonus for seizure in more.seizures] == [D("0.08"), D("0.05")]


def test_frozen_collateral_is_not_sold():
    found = position(
        held("ETH", "10", "1400"), held("CC", "100", frozen_collateral("0.2")), debt="15000"
    )
    late = lot(FULL, 60)
    taken = settle.bid(late, found, settle.most_up(late, found))
    assert [seizure.asset for seizure in taken.seizures] == ["ETH"]
    assert settle.bad_debt(taken.position) == 0  # collateral is left: not bad yet


# --- the backstop ---------------------------------------------------------------------------
def test_the_backstop_settles_at_the_full_bonus_spec_6():
    taken = settle.backstop(lot(SOFT, 300), ten_eth("1690"), D(1_000_000))
    assert taken.repaid == 3750
    assert round_even(taken.seizures[0].amount, 6) == D("2.329882")


def test_the_backstop_takes_no_bonus_where_debt_would_remain_ruling_20():
    taken = settle.backstop(lot(FULL, 60), ten_eth("1400"), D(1_000_000))
    assert taken.repaid == 14_000
    assert taken.seizures[0].fee == 0
    assert settle.bad_debt(taken.position) == 1000


def test_the_backstop_pays_up_to_its_balance_and_leaves_the_rest_open_ruling_20():
    """An unlimited backstop once printed the money it paid with."""
    taken = settle.backstop(lot(FULL, 60), ten_eth("1400"), D(5000))
    assert taken.repaid == 5000
    assert taken.seizures[0].amount == D(5000) / 1400 // D("1e-18") * D("1e-18")
    assert auctions.left_up(taken.auction, taken.position) == 10_000
    left = taken.position
    assert settle.bonus_down(taken.auction, left, left.collaterals[0]) == D("0.05")


def test_an_empty_backstop_buys_nothing_ruling_20():
    assert settle.backstop(lot(FULL, 60), ten_eth("1400"), D(0)) is None


def test_the_backstop_leaves_no_dust_debt_ruling_9():
    taken = settle.backstop(lot(FULL, 60), ten_eth("1550"), D("14950"))
    assert taken.repaid == 14_900
    assert settle.backstop(lot(FULL, 60), ten_eth("10.4", "100"), D("50")) is None


# --- bad debt -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        pytest.param("5", ("5", "0", "0", "0"), id="rulings-21-fees-first"),
        pytest.param("25", ("10", "15", "0", "0"), id="rulings-21-then-reserves"),
        pytest.param("60", ("10", "20", "30", "0"), id="rulings-21-then-the-backstop"),
        pytest.param("61", ("10", "20", "30", "1"), id="rulings-21-then-suppliers"),
    ],
)
def test_bad_debt_is_borne_in_order(loss, expected):
    found = settle.share_loss(D(loss), fees=D(10), reserves=D(20), backstop=D(30))
    assert (found.fees, found.reserves, found.backstop, found.suppliers) == tuple(
        D(part) for part in expected
    )
