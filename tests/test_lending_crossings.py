"""Changes of zone in bulk: as exact as one by one, once each, nobody held up by anybody else."""

from decimal import Decimal
from functools import partial

import pytest
from django.db import connection, transaction

from dualis.apart import Apart
from dualis.lending import bidding, crossings, figures, liquidation, risk
from dualis.lending.crossings import Crossing
from dualis.lending.models import BorrowPosition, Liquidation
from dualis.lending.view import View
from dualis.lending.watch import Watch
from realtime import journal
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import loan, reprice
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
def loans(world):
    """Loans of 15,000 down to 13,000 USDC against 10 ETH each, and one against two assets."""
    borrower, first = world
    rest = [loan(borrower, str(debt)) for debt in (14_500, 14_000, 13_500, 13_000)]
    return [first, *rest, loan(borrower, "6000", {"ETH": "2", "wBTC": "0.1"})]


@pytest.fixture
def told():
    return []


def zones():
    return dict(BorrowPosition.objects.values_list("id", "zone"))


def exact_zones():
    view = View.read()
    return {
        row.id: risk.zone_of(risk.health(figures.risk_position(row, view))).value
        for row in BorrowPosition.objects.all()
    }


def events(since):
    return [(e.channel, e.key) for e in journal.since(since)]


def add(told):
    return lambda found, now: told.extend(found)


def poison(monkeypatch, position_id):
    """Let the row of one position fail to be shown."""
    shown = figures.borrow_row

    def fail(position, view):
        if position.id == position_id:
            raise ValueError("a bug")
        return shown(position, view)

    monkeypatch.setattr(figures, "borrow_row", fail)


# --- in bulk ---------------------------------------------------------------------------------
@pytest.mark.parametrize("price", ["2700", "2300", "2000", "1745"])
def test_in_bulk_is_the_same_as_one_by_one(loans, price):
    ids = [position.id for position in loans]
    reprice("ETH", price)
    before = journal.position().seq
    with transaction.atomic():
        found = crossings.cross(ids, T0)
        in_bulk = zones()
        texts = {e.key: e.text for e in journal.since(before)}
        transaction.set_rollback(True)
    assert {crossing.position_id for crossing in found} == set(texts) and found
    before = journal.position().seq
    for position_id in ids:
        liquidation.screen_position(position_id, T0)
    assert zones() == in_bulk == exact_zones()
    one_by_one = {e.key: e.text for e in journal.since(before) if e.key != "account"}
    assert one_by_one == texts


def test_crossings_say_what_changed_and_take_one_head_increment(loans, told):
    reprice("ETH", "2300")
    before = journal.position().seq
    lqm.run(T0, told=add(told))
    assert len(told) > 3
    assert sorted(events(before)) == sorted(("positions", c.position_id) for c in told)
    first = next(crossing for crossing in told if crossing.position_id == loans[0].id)
    assert first == Crossing(
        loans[0].id,
        loans[0].user_id,
        "usdc-main",
        risk.Zone.SAFE,
        risk.Zone.CAUTION,
        D("1.2573"),
    )


def test_nothing_is_done_twice_when_the_step_runs_again(loans, told):
    watch = Watch()
    watch.take(None)
    reprice("ETH", "1690")
    liquidation.run(T0, watch, told=add(told))
    assert len(told) > 3 and Liquidation.objects.count() == 1
    before = journal.position().seq
    liquidation.run(T0, watch, told=add(told))  # with a memory from before the crossings
    assert journal.position().seq == before
    assert len({crossing.position_id for crossing in told}) == len(told)


def test_an_auction_tells_its_crossing_too_and_once(loans, told):
    reprice("ETH", "1690")
    lqm.run(T0, told=add(told))
    row = Liquidation.objects.get()
    (crossing,) = [found for found in told if found.position_id == row.position_id]
    assert (crossing.before, crossing.after) == (risk.Zone.SAFE, risk.Zone.LIQUIDATABLE)
    assert crossing.health == row.health_before == D("0.9238")


def test_a_closed_position_crosses_nothing(loans):
    reprice("ETH", "2300")
    BorrowPosition._base_manager.filter(id=loans[0].id).update(closed_at=T0)
    assert loans[0].id not in {c.position_id for c in crossings.cross([loans[0].id], T0)}
    BorrowPosition._base_manager.filter(id=loans[0].id).update(closed_at=None)


def test_what_is_told_is_one_transaction_with_the_crossings(loans):
    def fail(found, now):
        raise ValueError("cannot be told")

    reprice("ETH", "2300")
    before, stored = journal.position().seq, zones()
    with pytest.raises(ExceptionGroup) as raised:
        lqm.run(T0, told=fail)
    assert journal.position().seq == before and zones() == stored
    assert len(raised.value.exceptions) == len([z for z in exact_zones().values() if z != "safe"])


# --- who waits -------------------------------------------------------------------------------
def test_who_waits_below_the_line_is_not_read_again(loans):
    reprice("ETH", "1690")
    lqm.market(resumed_at=after(seconds=-1))
    lqm.run(T0)
    assert not Liquidation.objects.exists() and "liquidatable" in zones().values()
    watch = Watch()
    watch.take(None)
    suspects = watch.suspects(after(seconds=1))
    assert (suspects.crossed, suspects.below) == ([], [])
    lqm.market(is_paused=True)
    lqm.run(after(seconds=2))
    assert not Liquidation.objects.exists()
    lqm.market(is_paused=False)
    lqm.run(after(seconds=3))
    assert not Liquidation.objects.exists(), "the pause is followed by grace"
    lqm.market(resumed_at=None)
    for symbol in ("ETH", "USDC"):
        price = "1690" if symbol == "ETH" else "1"
        reprice(symbol, price, is_tripped=True)
        assert loans[0].id not in watch.suspects(after(seconds=4)).below
        reprice(symbol, price, is_tripped=False)
    lqm.run(after(seconds=4))
    assert Liquidation.objects.count() == 1


def test_a_crossing_into_a_cooldown_is_written_without_an_auction(told):
    row = lqm.auction_at("1690")
    lqm.run_to(299)
    bidding.bid(rich("bidder").id, row.auction_id, "max", now=after(seconds=299))
    reprice("ETH", "1750")
    lqm.run(after(seconds=300))
    assert BorrowPosition.objects.get().zone == "margin_call"
    reprice("ETH", "1690")
    lqm.run(after(seconds=301), told=add(told))
    assert [crossing.after for crossing in told] == [risk.Zone.LIQUIDATABLE]
    assert Liquidation.objects.filter(status="open").count() == 0


# --- apart -----------------------------------------------------------------------------------
def test_one_failing_position_leaves_the_others_served(loans, monkeypatch, caplog):
    reprice("ETH", "2300")
    poison(monkeypatch, loans[0].id)
    expected = exact_zones() | {loans[0].id: "safe"}
    with pytest.raises(ExceptionGroup) as raised:
        lqm.run(T0)
    assert zones() == expected and len(raised.value.exceptions) == 1
    assert f"{loans[0].id} failed" in caplog.text


def test_an_auction_that_fails_leaves_the_others_to_open(loans, monkeypatch):
    reprice("ETH", "1300")
    poison(monkeypatch, loans[1].id)
    with pytest.raises(ExceptionGroup):
        lqm.run(T0)
    open_for = set(Liquidation.objects.values_list("position_id", flat=True))
    assert loans[0].id in open_for and loans[2].id in open_for and loans[1].id not in open_for


def test_a_clock_that_fails_leaves_the_others_to_move_and_the_screen_to_run(loans, monkeypatch):
    reprice("ETH", "1600")
    lqm.run(T0)
    rows = set(Liquidation.objects.values_list("position_id", flat=True))
    assert rows == {loans[0].id, loans[1].id, loans[2].id}
    advance = liquidation.advance

    def fail(position_id, now, passed):
        if position_id == loans[0].id:
            raise ValueError("a bug")
        advance(position_id, now, passed)

    monkeypatch.setattr(liquidation, "advance", fail)
    reprice("ETH", "1500")
    with pytest.raises(ExceptionGroup):
        lqm.run(after(seconds=10))
    seconds = {row.position_id: row.live_seconds for row in Liquidation.objects.all()}
    assert (seconds[loans[0].id], seconds[loans[1].id]) == (0, 10)
    assert loans[3].id in seconds, "screened in the same step"


def test_a_position_that_cannot_be_judged_is_a_failure_and_not_silence(loans):
    BorrowPosition._base_manager.filter(id=loans[0].id).update(credit_tier="Platinum")
    reprice("ETH", "2300")
    with pytest.raises(ExceptionGroup):
        lqm.run(T0)
    BorrowPosition._base_manager.filter(id=loans[0].id).update(credit_tier="Unrated")
    assert zones()[loans[1].id] == exact_zones()[loans[1].id] != "safe"


# --- time ------------------------------------------------------------------------------------
def test_when_the_time_is_over_the_rest_waits_and_is_served_in_the_next_ticks(loans, monkeypatch):
    monkeypatch.setattr(liquidation, "CHUNK", 2)
    monkeypatch.setattr(liquidation, "FIRST_AUCTIONS", 1)
    reprice("ETH", "1300")
    below = [row for row, zone in exact_zones().items() if zone == "liquidatable"]
    assert len(below) >= 3
    watch = Watch()
    watch.take(None)
    opened = []
    for number in range(len(below)):
        before = set(Liquidation.objects.values_list("position_id", flat=True))
        liquidation.run(after(seconds=number), watch, time_left=lambda: -0.1)
        opened += set(Liquidation.objects.values_list("position_id", flat=True)) - before
        assert len(opened) == number + 1, "one a tick, as long as there is no time"
    assert opened[0] == loans[0].id, "the worst first"
    lqm.run(after(seconds=30))
    assert zones() == exact_zones()


def test_auctions_take_half_of_the_time_and_what_crossings_leave(loans, monkeypatch):
    monkeypatch.setattr(liquidation, "CHUNK", 1)
    monkeypatch.setattr(liquidation, "FIRST_AUCTIONS", 1)
    reprice("ETH", "1300")
    crossed = [row for row, zone in exact_zones().items() if zone not in ("safe", "liquidatable")]
    assert len(crossed) == 1
    order = []
    open_one, cross = liquidation.screen_position, crossings.cross
    monkeypatch.setattr(
        liquidation, "screen_position", lambda *a: order.append("auction") or open_one(*a)
    )
    monkeypatch.setattr(crossings, "cross", lambda *a: order.append("cross") or cross(*a))
    lqm.run(T0, time_left=lambda: 0.4)
    assert order == ["auction", *["cross"] * 5, *["auction"] * 4]
    assert zones() == exact_zones() and Liquidation.objects.count() == 5


# --- at the same time ------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_position_that_others_hold_is_left_for_the_next_tick(loans):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite locks no rows")
    reprice("ETH", "2300")
    ids = [position.id for position in loans]
    with transaction.atomic():
        BorrowPosition.objects.select_for_update(no_key=True, of=("self",)).get(id=ids[0])
        results = together(partial(crossings.cross, ids, T0))
    assert not raised(results)
    crossed = {crossing.position_id for crossing in results[0]}
    assert ids[0] not in crossed and len(crossed) > 2
    with Apart("the next tick"):
        again = crossings.cross(ids, T0)
    assert [crossing.position_id for crossing in again] == [ids[0]]
    assert zones() == exact_zones()


@pytest.mark.django_db(transaction=True)
def test_a_crossing_and_its_owner_at_once_leave_the_exact_zone(loans):
    from dualis.lending import borrowing

    reprice("ETH", "2300")
    ids = [position.id for position in loans]
    acts = [
        partial(borrowing.add_collateral, row.user_id, row.id, "ETH", "4", now=T0) for row in loans
    ]
    assert not raised(together(partial(crossings.cross, ids, T0), *acts))
    crossings.cross(ids, T0)
    assert zones() == exact_zones()
