"""What staff do to the market: it counts, it is told, it is audited."""

import json

import pytest

from dualis import errors
from dualis.accounts.models import AuditEntry
from dualis.lending import accounts, bidding, pools, seed, staff, supplying
from dualis.lending.models import Liquidation, Market, Pool
from realtime import journal
from tests import lending_market as lm
from tests import liquidation_market as lqm
from tests import people, world
from tests.lending_market import T0, after, check, rich

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


@pytest.fixture
def by():
    return {"actor": people.make_staff(), "address": "192.0.2.9", "now": T0}


def entries():
    return [(e.action, e.target, e.details) for e in AuditEntry.objects.order_by("id")]


def test_parameters_are_changed_and_audited(by):
    assert staff.change_pool("usdc-main", {"supply_cap_usd": "5000"}, **by)
    details = {"supply_cap_usd": {"from": "1000000000", "to": "5000"}}
    assert entries() == [("lending.change_pool", "usdc-main", details)]
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.address, entry.at) == (by["actor"], "192.0.2.9", T0)
    with pytest.raises(errors.SupplyCapExceeded):
        supplying.supply(rich("ada").id, "usdc-main", "5001", now=T0)


def test_what_changes_nothing_leaves_no_entry_and_no_event(by):
    before = journal.position().seq
    assert not staff.change_pool("usdc-main", {"base": "0.02"}, **by)
    assert not staff.pause_pool("usdc-main", "supply", is_paused=False, **by)
    assert not staff.pause_protocol(is_paused=False, **by)
    assert not staff.assign_tier(rich("ada").id, "Unrated", **by)
    assert not entries() and journal.position().seq == before


def test_refused_change_leaves_no_entry(by):
    with pytest.raises(errors.ValidationError):
        staff.change_pool("usdc-main", {"kink": "2"}, **by)
    assert not entries()


@pytest.mark.parametrize("operation", ["supply", "borrow"])
def test_pool_is_paused_and_resumed(by, operation):
    before = journal.position().seq
    staff.pause_pool("usdc-main", operation, is_paused=True, **by)
    pool = Pool.objects.get(id="usdc-main")
    assert (pool.is_supply_paused, pool.is_borrow_paused) == (
        operation == "supply",
        operation == "borrow",
    )
    (event,) = journal.since(before)
    row = json.loads(event.text)
    assert event.key == row["poolId"] == "usdc-main" and row["reason"] == "params"
    assert row == pool.to_dict()
    assert (row["supplyPaused"], row["borrowPaused"], row["protocolPaused"]) == (
        operation == "supply",
        operation == "borrow",
        False,
    )
    staff.pause_pool("usdc-main", operation, is_paused=False, **by)
    assert not Pool.objects.get(id="usdc-main").to_dict()[f"{operation}Paused"]
    assert [e[0] for e in entries()] == [
        f"lending.pause_{operation}",
        f"lending.resume_{operation}",
    ]
    supplying.supply(rich("ada").id, "usdc-main", "1", now=T0)


def test_protocol_pause_is_enforced_and_tells_every_pool(by):
    user = rich("ada")
    before = journal.position().seq
    staff.pause_protocol(is_paused=True, **by)
    told = journal.since(before)
    assert {e.key for e in told} == set(Pool.objects.values_list("id", flat=True))
    rows = [json.loads(e.text) for e in told]
    assert {(r["protocolPaused"], r["supplyPaused"], r["reason"]) for r in rows} == {
        (True, False, "params")
    }
    with pytest.raises(errors.ProtocolPaused):
        supplying.supply(user.id, "usdc-main", "1", now=T0)
    staff.pause_protocol(is_paused=False, **{**by, "now": after(minutes=1)})
    assert not Market.objects.get().is_paused
    assert not any(pool.to_dict()["protocolPaused"] for pool in Pool.objects.all())
    assert [e[:2] for e in entries()] == [
        ("lending.pause_protocol", "market"),
        ("lending.resume_protocol", "market"),
    ]
    supplying.supply(user.id, "usdc-main", "1", now=after(minutes=1))


def test_a_pool_that_opens_while_the_protocol_is_paused_says_so_from_the_next_block(by):
    staff.pause_protocol(is_paused=True, **by)
    Pool.objects.filter(id="eth-main").delete()
    seed.seed_pools(T0)
    pools.run_block(after(seconds=5))
    assert Pool.objects.get(id="eth-main").to_dict()["protocolPaused"]


def test_a_pool_that_lends_no_more_is_still_liquidated_and_only_the_protocol_stops_it(by):
    _, position = lqm.opened()
    staff.pause_pool("usdc-main", "borrow", is_paused=True, **by)
    staff.pause_pool("usdc-main", "supply", is_paused=True, **by)
    staff.pause_protocol(is_paused=True, **by)
    lqm.reprice("ETH", "1690")
    lqm.run(T0)
    assert not Liquidation.objects.exists()
    staff.pause_protocol(is_paused=False, **by)
    lqm.run_to(330)
    row = Liquidation.objects.get(position=position)
    bidding.bid(rich("bidder").id, row.auction_id, "max", now=after(seconds=330))


def test_tier_is_assigned_and_audited(by):
    user = world.user("ada")
    assert staff.assign_tier(user.id, "Gold", **by)
    assert accounts.tier_of(user.id) == "Gold"
    assert staff.assign_tier(user.id, "Unrated", **by)
    assert accounts.tier_of(user.id) == "Unrated"
    assert [e[2] for e in entries()] == [
        {"from": "Unrated", "to": "Gold"},
        {"from": "Gold", "to": "Unrated"},
    ]


def test_tier_is_refused_to_oneself_to_nobody_and_of_no_kind(by):
    with pytest.raises(errors.Forbidden):
        staff.assign_tier(by["actor"].id, "Diamond", **by)
    with pytest.raises(errors.NotFound):
        staff.assign_tier("usr_nobody", "Gold", **by)
    with pytest.raises(errors.ValidationError):
        staff.assign_tier(world.user("ada").id, "Platinum", **by)
    assert not entries()
