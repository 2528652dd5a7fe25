"""Liquidations end to end: triggers, stages, clocks, escalation, recovery, cooldown, grace."""

import json
from decimal import Decimal

import pytest

from dualis import errors
from dualis.apart import Apart
from dualis.lending import bidding, borrowing, figures, liquidation, risk
from dualis.lending.models import (
    BorrowPosition,
    Liquidation,
    LiquidationStage,
)
from dualis.lending.screening import Suspects
from dualis.lending.view import View
from realtime import journal
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import auction_at, loan, reprice, run_to, stage

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def world():
    made = lqm.opened()
    yield made
    check()


@pytest.fixture
def borrower(world):
    return world[0]


@pytest.fixture
def position(world):
    return world[1]


@pytest.fixture
def bidder():
    return rich("bidder")


def told():
    return [json.loads(e.text) for e in journal.since(0, channels=["liquidations"])]


# --- stages ------------------------------------------------------------------------------------
def test_stages_are_told_once_each_and_in_order(position, bidder):
    row = auction_at("1690")
    run_to(60)
    with Apart("a screening") as apart:
        again = Suspects([position.id, position.id], [position.id, position.id])
        liquidation.screen(again, after(seconds=61), apart)
    assert liquidation.screen_position(position.id, after(seconds=61)) is None
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=62))
    run_to(120, since=60)
    rows = told()
    assert [r["stage"] for r in rows] == ["trigger", "auction_start", "settlement"]
    assert {r["liquidationId"] for r in rows} == {row.id}
    trigger, start, _ = rows
    assert trigger["healthFactor"] == 0.9238 and trigger["share"] == 0.25
    assert (trigger["debtUSD"], trigger["collateralUSD"]) == ("15000.00", "16900.00")
    assert (start["debtTarget"], start["collateralAvailable"]) == ("3750", "10")
    assert (start["oraclePrice"], start["maxBonus"], start["startBonus"]) == ("1690", 0.05, 0)
    assert start["endsAt"] == "2026-03-01T12:05:00.000Z"


def test_a_stage_cannot_be_told_twice_or_changed(position):
    row = auction_at("1690")
    kept = LiquidationStage.objects.get(key=f"{row.id}:trigger")
    with pytest.raises(TypeError):
        kept.save()
    with pytest.raises(TypeError):
        kept.delete()


def test_nobody_is_named_in_public(borrower, bidder):
    row = auction_at("1690")
    bidding.bid(bidder.id, row.auction_id, "2000", now=T0)
    bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    public = [e.text for e in journal.since(0, channels=["liquidations", "pools"])]
    assert len(public) > 3
    for text in public:
        for secret in (borrower.id, borrower.email, bidder.id, bidder.email):
            assert secret not in text
    assert row.alias not in (borrower.id, row.position_id)


# --- who is liquidated -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("price", "tier"),
    [
        ("3245.67", None),
        ("1829.27", None),  # 1.00000
        ("1829.26", None),  # just below 1: a margin call
        ("1737.81", None),  # 0.95000
        ("1737.80", "SoftLiquidation"),
        ("1646.35", "SoftLiquidation"),
        ("1646.34", "ForcedLiquidation"),
        ("1575.06", "ForcedLiquidation"),  # above the full line of ETH, 0.861
        ("1574.9", "FullLiquidation"),
        ("1", "FullLiquidation"),
    ],
)
def test_the_tick_opens_an_auction_exactly_below_095(price, tier):
    reprice("ETH", price)
    lqm.run(T0)
    assert [row.tier for row in Liquidation.objects.all()] == ([tier] if tier else [])


def test_every_position_below_095_gets_an_auction_in_one_tick_and_no_other(borrower):
    for debt in range(11_000, 16_000, 500):
        loan(borrower, str(debt), {"ETH": "10"}) if debt < 15_000 else None
    reprice("ETH", "1500")
    view = View.read()
    below = set()
    for position in BorrowPosition.objects.all():
        if risk.health(figures.risk_position(position, view)).is_below(D("0.95")):
            below.add(position.id)
    assert 0 < len(below) < BorrowPosition.objects.count()
    lqm.run(T0)
    assert {row.position_id for row in Liquidation.objects.all()} == below


def test_a_change_of_zone_is_told_only_once(position):
    for price, zone in [("2500", "caution"), ("2000", "danger"), ("1800", "margin_call")]:
        reprice("ETH", price)
        before = journal.position().seq
        lqm.run(T0)
        events = [(e.channel, e.key) for e in journal.since(before)]
        assert events == [("positions", position.id)]
        assert BorrowPosition.objects.get().zone == zone
        before = journal.position().seq
        lqm.run(T0)
        assert journal.position().seq == before
    assert not Liquidation.objects.exists()


# --- clocks ------------------------------------------------------------------------------------
def test_a_worse_price_escalates_and_a_better_one_does_not_deescalate():
    row = auction_at("1690")
    run_to(60)
    reprice("ETH", "1640")
    run_to(90, since=60)
    row.refresh_from_db()
    assert (row.tier, row.opened_tier) == ("ForcedLiquidation", "SoftLiquidation")
    reprice("ETH", "1700")
    run_to(120, since=90)
    row.refresh_from_db()
    assert row.tier == "ForcedLiquidation" and row.live_seconds == 120


def test_a_frozen_asset_pauses_the_clock_and_bids(bidder):
    row = auction_at("1690")
    run_to(60)
    reprice("ETH", "1690", is_tripped=True)
    run_to(120, since=60)
    with pytest.raises(errors.AuctionPaused):
        bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=120))
    row.refresh_from_db()
    assert row.live_seconds == 60
    reprice("ETH", "1690", is_tripped=False)
    run_to(150, since=120)
    row.refresh_from_db()
    assert row.live_seconds == 90


def test_a_frozen_asset_opens_no_auction():
    reprice("ETH", "1690", is_stale=True)
    lqm.run(T0)
    assert not Liquidation.objects.exists()


def test_recovery_by_price_cancels_once_and_leaves_everything(position):
    row = auction_at("1690")
    run_to(30)
    reprice("ETH", "1900")
    run_to(90, since=30)
    said = stage(row, "settlement")
    assert said["outcome"] == "cancelled" and said["debtRepaid"] == "0"
    assert said["healthFactorAfter"] > 1 and not said["seized"]
    row.refresh_from_db()
    assert row.status == "settled" and not row.has_cooldown
    reprice("ETH", "1690")
    run_to(91, since=90)
    assert Liquidation.objects.filter(status="open").count() == 1, "no cooldown follows"


def test_recovery_by_repaying_or_collateral_cancels(borrower, position, bidder):
    row = auction_at("1690")
    borrowing.add_collateral(borrower.id, position.id, "ETH", "5", now=T0)
    with pytest.raises(errors.AuctionEnded):
        bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    borrowing.close_position(borrower.id, position.id, now=T0)
    run_to(30)
    assert stage(row, "settlement")["outcome"] == "cancelled"


def test_recovery_after_a_part_was_sold_cancels_the_rest(bidder):
    row = auction_at("1690")
    bidding.bid(bidder.id, row.auction_id, "2000", now=T0)
    reprice("ETH", "2100")
    run_to(30)
    said = stage(row, "settlement")
    assert (said["outcome"], said["debtRepaid"]) == ("bid", "2000")


# --- cooldown and grace ------------------------------------------------------------------------
def test_a_filled_lot_is_followed_by_a_cooldown_of_60_s(bidder):
    row = auction_at("1690")
    run_to(299)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=299))
    assert BorrowPosition.objects.get().zone == "liquidatable", "0.9448"
    run_to(358, since=299)
    assert Liquidation.objects.filter(status="open").count() == 0
    run_to(359, since=358)
    assert Liquidation.objects.filter(status="open").count() == 1


def test_a_cooldown_does_not_hold_below_the_full_line(bidder):
    row = auction_at("1690")
    run_to(299)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=299))
    reprice("ETH", "1500")
    run_to(300, since=299)
    assert Liquidation.objects.get(status="open").tier == "FullLiquidation"


def test_after_an_outage_there_is_grace_down_to_090_and_no_borrowing(borrower, position):
    lqm.run(T0)
    reprice("ETH", "1690")
    run_to(361, since=61, step=60)  # the first tick comes 121 s late
    assert not Liquidation.objects.exists()
    with pytest.raises(errors.GracePeriod) as refused:
        loan(borrower, "1000")
    assert refused.value.details["retryAfter"] > 0
    run_to(421, since=361)
    assert Liquidation.objects.count() == 1


def test_grace_ends_at_090_at_once():
    lqm.run(T0)
    reprice("ETH", "1640")
    lqm.run(after(seconds=121))
    assert Liquidation.objects.get().tier == "ForcedLiquidation"


def test_a_pause_stops_liquidation_and_is_followed_by_grace(bidder):
    row = auction_at("1690")
    lqm.market(is_paused=True)
    run_to(30, step=15)
    with pytest.raises(errors.ProtocolPaused):
        bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=30))
    lqm.market(is_paused=False)
    run_to(329, since=30)
    row.refresh_from_db()
    assert row.live_seconds == 0
    with pytest.raises(errors.AuctionPaused):
        bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=329))
    run_to(340, since=329)
    row.refresh_from_db()
    assert row.live_seconds == 11


def test_an_outage_does_not_move_the_clock():
    row = auction_at("1640")
    lqm.run(after(seconds=1000))
    row.refresh_from_db()
    assert row.status == "open" and row.live_seconds == 0


def test_a_long_freeze_of_an_asset_is_followed_by_grace_and_a_short_one_is_not():
    reprice("ETH", "1690", is_tripped=True)
    run_to(60)
    reprice("ETH", "1690", is_tripped=False)
    run_to(61, since=60)
    assert Liquidation.objects.count() == 1


def test_a_freeze_of_two_minutes_is_long():
    reprice("ETH", "1690", is_tripped=True)
    run_to(180)
    reprice("ETH", "1690", is_tripped=False)
    run_to(470, since=180)
    assert not Liquidation.objects.exists()
    run_to(520, since=470)
    assert Liquidation.objects.count() == 1
