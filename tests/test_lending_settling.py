"""What sales do to the books: the worked numbers, the backstop, who bears a bad debt."""

from decimal import Decimal

import pytest

from dualis.accounts.money import Entry
from dualis.lending import bidding, supplying
from dualis.lending.models import (
    BackstopAccount,
    Bid,
    BorrowPosition,
    Liquidation,
    Pool,
    SupplyPosition,
)
from dualis.oracle.models import Quote
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, rich, wallet
from tests.liquidation_market import about, auction_at, backed, reprice, run_to, stage

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


# --- the worked numbers of spec 6 ---------------------------------------------------------------
WORKED = [
    # price, seconds, repaid, seized, reward, fee, health after
    ("1690", 0, "3750", "2.218935", "0", "0", 0.9585),
    ("1690", 150, "3750", "2.274408", "84.375", "9.375", 0.9517),
    ("1690", 300, "3750", "2.329882", "168.75", "18.75", 0.9448),
    ("1640", 180, "7500", "4.801829", "337.5", "37.5", 0.9321),
]


@pytest.mark.parametrize(
    ("price", "seconds", "repaid", "seized", "reward", "fee", "health"), WORKED
)
def test_a_bid_gets_the_worked_numbers_of_spec_6(
    bidder, price, seconds, repaid, seized, reward, fee, health
):
    row = auction_at(price)
    if seconds:
        run_to(seconds)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=seconds))
    said = stage(row, "settlement")
    assert (said["outcome"], said["debtRepaid"]) == ("bid", repaid)
    assert about(said["collateralSeized"], seized)
    assert about(said["liquidatorReward"], reward) and about(said["protocolFee"], fee)
    assert abs(said["healthFactorAfter"] - health) < 0.0002
    assert said["badDebt"] == "0" and said["collateralAsset"] == "ETH"
    fee_in_eth = D(said["seized"][0]["amount"]) - (wallet(bidder, "ETH") - 100)
    assert about(fee_in_eth * D(price), fee)
    assert wallet(bidder, "USDC") == 1_000_000 - D(repaid)


@pytest.mark.parametrize(
    ("price", "seconds", "repaid", "loss"),
    [
        ("1550", 20, "15000", "0"),
        ("1400", 0, "14000", "1000"),
        ("1400", 60, "13333.33", "1666.67"),
    ],
)
def test_a_full_lot_gets_the_worked_numbers_of_spec_6(bidder, price, seconds, repaid, loss):
    row = auction_at(price)
    assert row.tier == "FullLiquidation"
    if seconds:
        run_to(seconds, step=20)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=seconds))
    said = stage(row, "settlement")
    assert about(said["debtRepaid"], repaid) and about(said["badDebt"], loss, "0.0001")
    assert said["healthFactorAfter"] is None
    position = BorrowPosition.objects.get(id=row.position_id)
    assert not position.is_open() and not position.scaled and not position.held()


def test_while_collateral_covers_the_debt_the_bonus_leaves_no_bad_debt(bidder):
    """At 1,550 and the full penalty the facts lose 238.10; ruling 17 caps the bonus at 3.33 %."""
    row = auction_at("1550")
    run_to(60, step=20)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=60))
    said = stage(row, "settlement")
    assert about(said["debtRepaid"], "15000") and said["badDebt"] == "0"


# --- the end of the clock ----------------------------------------------------------------------
def test_the_backstop_buys_at_the_end_of_the_clock(position):
    backed()
    row = auction_at("1690")
    run_to(299)
    assert Liquidation.objects.get().status == "open"
    run_to(300, since=299)
    said = stage(row, "settlement")
    assert (said["outcome"], said["debtRepaid"]) == ("backstop", "3750")
    assert about(said["collateralSeized"], "2.329882")
    account = BackstopAccount.objects.get(asset="USDC")
    assert account.cash == 96_250 and about(account.held["ETH"], "2.3187870")
    assert Bid.objects.get().user_id is None


def test_without_cash_the_auction_stays_open_at_the_full_bonus(bidder):
    row = auction_at("1690")
    run_to(400)
    row.refresh_from_db()
    assert row.status == "open" and row.live_seconds == 400
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=400))
    assert about(stage(row, "settlement")["collateralSeized"], "2.329882")


def test_the_backstop_pays_up_to_its_balance_and_the_auction_goes_on(bidder):
    backed("1000")
    row = auction_at("1690")
    run_to(330)
    row.refresh_from_db()
    assert (row.status, row.filled) == ("open", 1000)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=331))
    assert stage(row, "settlement")["debtRepaid"] == "3750"


# --- bad debt ----------------------------------------------------------------------------------
def test_bad_debt_is_borne_by_fees_reserves_backstop_and_then_suppliers(position, bidder):
    backed("500")
    index = Pool.objects.get(id="usdc-main").supply_index
    row = auction_at("1400")
    run_to(40, step=20)
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=40))
    row.refresh_from_db()
    borne = {who: D(part) for who, part in row.losses.items()}
    assert row.bad_debt > 1000 and abs(sum(borne.values()) - row.bad_debt) < D("0.00001")
    # 3.33 % of 13,548.39: a bonus of 451.61, of which the fee is a tenth, bought by the backstop
    assert about(borne["fees"], "45.161", "0.0001")
    assert about(borne["backstop"], "454.839", "0.0001"), "what cash the fees leave"
    assert borne["suppliers"] > 900
    assert Pool.objects.get(id="usdc-main").supply_index < index
    account = BackstopAccount.objects.get(asset="USDC")
    assert account.cash == 0 and D(account.held["ETH"]) > 0 and not row.fees
    assert not BorrowPosition.objects.get().scaled


def test_suppliers_loss_is_booked_to_them_when_they_leave(bidder):
    row = auction_at("1400")
    bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    supplier = SupplyPosition.objects.get()
    done = supplying.withdraw(supplier.user_id, "usdc-main", "max", now=T0)
    assert abs(done.amount - 499_000) < D("0.001")
    entries = Entry.objects.filter(account=f"supply:{supplier.id}").values_list("amount", flat=True)
    assert sum(entries) == 0


def test_reserves_bear_bad_debt_before_suppliers(bidder):
    index = Pool.objects.get(id="usdc-main").supply_index
    late = after(days=2000)
    for quote in Quote.objects.all():
        quote.updated_at = late
        quote.save()
    reprice("ETH", "1400")
    lqm.run(late)
    row = Liquidation.objects.get()
    bidding.bid(bidder.id, row.auction_id, "max", now=late)
    row.refresh_from_db()
    assert D(row.losses["reserves"]) > 0 and Pool.objects.get(id="usdc-main").reserves < 1
    assert Pool.objects.get(id="usdc-main").supply_index != index
