"""Fees to stakers: of settled liquidations, 40 %, exactly once."""

from decimal import Decimal

import pytest

from dualis import engine
from dualis.accounts import ledger
from dualis.lending import bidding
from dualis.lending.models import Liquidation
from dualis.notifications.models import Notification
from governance import sharing, staking
from governance.models import FeeShare, Stake
from tests import lending_market as lm
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, rich
from tests.staking_world import check, holder, settled

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def loan():
    return lqm.opened()[1]


@pytest.fixture
def ada():
    ada = holder("ada")
    staking.stake(ada.id, "100", now=T0)
    return ada


def told():
    return list(Notification.objects.values_list("user_id", "type"))


def test_a_real_liquidations_fees_are_shared_once_it_is_settled(loan, ada):
    row = lqm.auction_at("1690")
    lqm.run_to(150)
    bidder = rich("bidder")
    bidding.bid(bidder.id, row.auction_id, "2000", now=after(seconds=150))
    sharing.run(after(seconds=150))
    assert not FeeShare.objects.exists()
    bidding.bid(bidder.id, row.auction_id, "max", now=after(seconds=150))
    fee = D(Liquidation.objects.get().fees["ETH"])
    assert fee and ledger.balance("fees", "ETH") == fee
    sharing.run(after(seconds=151))
    shared = D(FeeShare.objects.get().amounts["ETH"])
    assert fee * D("0.4") - D("1e-18") <= shared <= fee * D("0.4")
    assert ledger.balance("fees", "ETH") == fee - shared
    assert ledger.balance("rewards", "ETH") == shared
    before = staking.current().indices, staking.current().shared
    sharing.run(after(seconds=152))
    assert (staking.current().indices, staking.current().shared) == before
    assert before[1] == {"ETH": format(shared, "f")}
    lm.check()
    check()


def test_fees_of_a_time_without_stakers_stay_with_the_protocol(loan):
    settled(loan, {"ETH": "1"})
    sharing.run(T0)
    assert FeeShare.objects.get().amounts == {}
    late = holder("late")
    staking.stake(late.id, "1", now=T0)
    sharing.run(T0)
    assert not Stake.objects.get(user=late).earned_at(staking.current())
    assert ledger.balance("fees", "ETH") == 1 and not sharing.tell(T0)


def test_a_liquidation_that_spent_its_fees_has_none_to_share(loan, ada):
    settled(loan, {})
    sharing.run(T0)
    assert FeeShare.objects.get().amounts == {} and not sharing.tell(T0)


def test_every_batch_is_shared(loan, ada, monkeypatch):
    monkeypatch.setattr(sharing, "_BATCH", 2)
    for _ in range(5):
        settled(loan, {"ETH": "1"})
    for count in (2, 4, 5, 5):
        sharing.run(T0)
        assert FeeShare.objects.count() == count
    assert ledger.balance("rewards", "ETH") == 2
    check()


def test_whoever_stakes_late_earns_nothing_of_what_was_settled_before(loan, ada):
    settled(loan, {"ETH": "1"})
    eve = holder("eve", "100000")
    staking.stake(eve.id, "99000", now=T0)
    sharing.run(T0)
    assert not any(Stake.objects.get(user=eve).earned_at(staking.current()).values())
    assert staking.claim(ada.id, now=T0).amounts == {"ETH": D("0.4")}


def test_whoever_unstakes_keeps_what_was_settled_before(loan, ada):
    settled(loan, {"ETH": "1"})
    staking.unstake(ada.id, "max", now=T0)
    sharing.run(T0)
    assert staking.claim(ada.id, now=T0).amounts == {"ETH": D("0.4")}
    check()


def test_those_who_can_claim_are_told_once_a_day(loan, ada, monkeypatch):
    monkeypatch.setattr(sharing, "_TOLD", 1)
    bob, small = holder("bob"), holder("small")
    staking.stake(bob.id, "100", now=T0)
    staking.stake(small.id, "0.000001", now=T0)  # earns less than a unit
    for hours in (0, 23, 25):
        settled(loan, {"USDC": "1"}, now=after(hours=hours))
        sharing.run(after(hours=hours))
        while sharing.tell(after(hours=hours)):
            pass
        assert not sharing.tell(after(hours=hours))
    assert sorted(told()) == sorted(
        [(ada.id, "REWARD_CLAIMABLE"), (bob.id, "REWARD_CLAIMABLE")] * 2
    )


def test_a_share_while_stakers_are_told_lets_the_telling_go_on(loan, ada, monkeypatch):
    monkeypatch.setattr(sharing, "_TOLD", 1)
    bob = holder("bob")
    staking.stake(bob.id, "100", now=T0)
    settled(loan, {"ETH": "1"})
    sharing.run(T0)
    assert sharing.tell(T0)
    assert told() == [(ada.id, "REWARD_CLAIMABLE")]
    settled(loan, {"ETH": "1"})
    sharing.run(T0)
    assert sharing.tell(T0)
    assert sorted(told()) == [(ada.id, "REWARD_CLAIMABLE"), (bob.id, "REWARD_CLAIMABLE")]
    assert not sharing.tell(T0)


def test_the_engine_shares_and_tells():
    runs = {step.name: step.run for step in engine.market_steps()}
    assert runs["governance.rewards"] is sharing.run
    assert runs["governance.reward_notices"] is sharing.tell
