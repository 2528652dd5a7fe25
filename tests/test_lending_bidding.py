"""Bids: what they buy, what is refused and changes nothing, two bidders on one lot."""

from decimal import Decimal

import pytest

from dualis import errors
from dualis.lending import bidding, liquidation
from dualis.lending.models import Bid, Liquidation, LiquidationStage
from dualis.retry import retried
from realtime import journal
from tests import liquidation_market as lqm
from tests.lending_market import T0, check, rich, wallet
from tests.liquidation_market import auction_at, loan, reprice, stage
from tests.threads import raised, together

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
def bidder():
    return rich("bidder")


def test_bids_fill_the_lot_in_parts_and_the_last_settles_it(bidder):
    row = auction_at("1690")
    other = rich("other")
    first = bidding.bid(bidder.id, row.auction_id, "2000", now=T0)
    assert first.liquidation.status == "open"
    last = bidding.bid(other.id, row.auction_id, "max", now=T0)
    assert last.bid.repaid == 1750 and last.liquidation.status == "settled"
    said = stage(row, "settlement")
    assert (said["debtRepaid"], said["outcome"]) == ("3750", "bid")
    assert wallet(bidder, "USDC") == 998_000 and wallet(other, "USDC") == 998_250
    assert wallet(bidder, "ETH") == 100 + D("2000") / 1690 // D("1e-18") * D("1e-18")


def test_max_goes_as_far_as_the_wallet(bidder):
    row = auction_at("1690")
    poor = rich("poor", {"USDC": "1000"})
    done = bidding.bid(poor.id, row.auction_id, "max", now=T0)
    assert done.bid.repaid == 1000 and wallet(poor, "USDC") == 0


def test_what_is_repaid_with_the_last_of_the_debt_is_returned(borrower, bidder):
    row = auction_at("1570")
    bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    said = stage(row, "settlement")
    assert said["finalTier"] == "FullLiquidation" and said["debtRepaid"] == "15000"
    (rest,) = said["returnedToBorrower"]
    assert rest["symbol"] == "ETH" and D(rest["amount"]) == wallet(borrower, "ETH") - 90


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("374.999999", errors.BidTooSmall),
        ("3750.000001", errors.BidTooLarge),
        ("0", errors.ValidationError),
        ("nonsense", errors.ValidationError),
        ("400.0000001", errors.ValidationError),
    ],
)
def test_a_bid_that_is_refused_changes_nothing(bidder, amount, refusal):
    row = auction_at("1690")
    before = journal.position().seq
    with pytest.raises(refusal):
        bidding.bid(bidder.id, row.auction_id, amount, now=T0)
    assert journal.position().seq == before and not Bid.objects.exists()
    assert wallet(bidder, "USDC") == 1_000_000


def test_a_bid_that_would_leave_dust_of_debt_is_refused(bidder):
    row = auction_at("1570")
    with pytest.raises(errors.BidLeavesDust):
        bidding.bid(bidder.id, row.auction_id, "14950", now=T0)


def test_a_wallet_that_cannot_pay_is_refused(bidder):
    row = auction_at("1690")
    poor = rich("poor", {"USDC": "1000"})
    with pytest.raises(errors.InsufficientBalance):
        bidding.bid(poor.id, row.auction_id, "2000", now=T0)


def test_a_borrower_cannot_bid_on_his_own_position(borrower):
    row = auction_at("1690")
    with pytest.raises(errors.Forbidden):
        bidding.bid(borrower.id, row.auction_id, "max", now=T0)


def test_an_auction_that_is_over_or_never_was_takes_no_bids(bidder):
    row = auction_at("1690")
    bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    with pytest.raises(errors.AuctionEnded):
        bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    with pytest.raises(errors.AuctionNotFound):
        bidding.bid(bidder.id, "auc_nothing", "max", now=T0)


def test_a_lot_of_several_collaterals_is_sold_lowest_weight_first(borrower, bidder):
    position = loan(borrower, "12000", {"ETH": "5", "wBTC": "0.2"})
    reprice("ETH", "1100")
    reprice("wBTC", "35000")
    liquidation.screen_position(position.id, T0)
    row = Liquidation.objects.get(position=position)
    bidding.bid(bidder.id, row.auction_id, "max", now=T0)
    said = stage(row, "settlement")
    assert [part["symbol"] for part in said["seized"]] == ["wBTC", "ETH"]
    assert wallet(bidder, "wBTC") == D("10.2")


@pytest.mark.django_db(transaction=True)
def test_of_two_bidders_at_once_the_second_gets_what_is_left(bidder):
    row = auction_at("1690")
    other = rich("other")

    def bids(user):
        return lambda: retried(lambda: bidding.bid(user.id, row.auction_id, "2000", now=T0))

    results = together(bids(bidder), bids(other))
    (refused,) = raised(results)
    assert isinstance(refused, errors.BidTooLarge) and refused.details["left"] == "1750"
    row.refresh_from_db()
    assert row.filled == 2000 and Bid.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_bids_at_once_that_fit_buy_the_lot_together_and_no_more(bidder):
    row = auction_at("1690")
    other = rich("other")

    def bids(user):
        return lambda: retried(lambda: bidding.bid(user.id, row.auction_id, "1875", now=T0))

    done = together(bids(bidder), bids(other), lambda: lqm.run(T0))
    assert not raised(done)
    row.refresh_from_db()
    assert (row.status, row.filled) == ("settled", 3750)
    assert sorted(answer.liquidation.status for answer in done[:2]) == ["open", "settled"]
    bought = {bid.user_id: D(bid.reward["ETH"]) for bid in Bid.objects.all()}
    assert bought == {user.id: wallet(user, "ETH") - 100 for user in (bidder, other)}
    assert sum(bought.values()) == D(stage(row, "settlement")["seized"][0]["amount"])


@pytest.mark.django_db(transaction=True)
def test_of_two_bids_for_everything_at_once_one_wins_and_it_is_settled_once(bidder):
    row = auction_at("1690")
    other = rich("other")

    def bids(user):
        return lambda: retried(lambda: bidding.bid(user.id, row.auction_id, "max", now=T0))

    results = together(bids(bidder), bids(other), lambda: lqm.run(T0))
    (refused,) = raised(results)
    assert isinstance(refused, errors.AuctionEnded)
    assert LiquidationStage.objects.filter(stage="settlement").count() == 1
