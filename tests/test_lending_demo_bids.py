"""Participants' bids: from which bonus on, by whom, in resales too."""

from decimal import Decimal

import pytest

from dualis.lending import demo_bids, demo_loans
from dualis.lending.models import Bid, Liquidation, Market, Resale, ResaleBid
from tests import demo_market
from tests import liquidation_market as lqm
from tests import resale_market as rsm
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import loan

pytestmark = pytest.mark.django_db
EMAILS = {f"sim-{number}@dualis.finance" for number in range(1, 7)}


@pytest.fixture(autouse=True)
def market():
    demo_market.made()
    yield
    check()


@pytest.fixture
def from_one_percent(monkeypatch):
    monkeypatch.setattr(demo_bids, "wanted", lambda auction_id: Decimal("0.01"))


def run(*seconds):
    return [demo_bids.step(after(seconds=moment)) for moment in seconds]


def test_what_an_auction_must_offer_is_1_to_8_percent_and_stays():
    found = {demo_bids.wanted(f"auc_{number}") for number in range(300)}
    assert min(found) == Decimal("0.010") and max(found) == Decimal("0.080")
    assert demo_bids.wanted("auc_1") == demo_bids.wanted("auc_1")


@pytest.mark.usefixtures("from_one_percent")
def test_they_bid_in_a_liquidation_once_it_offers_enough():
    loan(rich("borrower", {"SWING": "1000"}), "4000", {"SWING": "1000"})
    demo_market.swing("4.6")  # 0.92: 6 % in 300 s
    lqm.run(T0)
    lqm.run_to(49)
    assert run(49) == [False]
    lqm.run_to(51, since=49)
    assert run(51) == [True]
    bid = Bid.objects.get()
    assert bid.liquidation == Liquidation.objects.get() and bid.user.email in EMAILS


@pytest.mark.usefixtures("from_one_percent")
def test_a_borrower_never_bids_on_his_own(monkeypatch):
    seen = []
    monkeypatch.setattr(demo_bids.bidding, "bid", lambda user, *args, **kwargs: seen.append(user))
    demo_market.swing("11.2")
    assert demo_loans.step(after(seconds=1))
    demo_market.swing("8.5")
    lqm.run_to(120)
    row = Liquidation.objects.get()
    run(*range(121, 200, 2))
    assert len(set(seen)) == 5 and row.position.user_id not in seen


@pytest.mark.usefixtures("from_one_percent")
def test_they_buy_in_resales_too_until_all_is_sold():
    rsm.opened_lot("10")
    rsm.run_to(30)
    assert run(31) == [False], "0.5 %"
    rsm.run_to(60, since=30)
    run(*range(61, 121, 3))
    assert Resale.objects.get().status == "settled"
    assert {bid.user.email for bid in ResaleBid.objects.all()} <= EMAILS


def test_the_whole_discount_is_always_enough(monkeypatch):
    monkeypatch.setattr(demo_bids, "wanted", lambda auction_id: Decimal("0.08"))
    rsm.opened_lot("10")
    rsm.run_to(299)
    assert run(299) == [False]
    rsm.run_to(300, since=299)
    assert run(300) == [True]


@pytest.mark.usefixtures("from_one_percent")
def test_a_refusal_is_skipped():
    rsm.opened_lot("10")
    rsm.run_to(60)
    Market.objects.filter(id=1).update(is_paused=True)
    assert run(61, 64) == [False, False] and not ResaleBid.objects.exists()
