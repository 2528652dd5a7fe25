"""TWAP orders against the book: what comes of slices, and how such an order ends."""

from decimal import Decimal as D

import pytest

from dualis import errors
from dualis.retry import retried
from dualis.trading import liquidation, orders, replay, twaps
from dualis.trading.models import Fill, LedgerTransaction, MarginOrder, Rejection, Twap
from dualis.trading.orderbook import Side
from dualis.trading.state import BrokenChain
from dualis.trading.twap_schedule import Asked
from tests import trading_world as tw
from tests.threads import raised, together
from tests.trading_world import ADA, BOB, after, check, place, position

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "1000000")
    yield
    check()


def ordered(side="B", size="5", minutes=2, slices=5, seconds=0, address=ADA, **more):
    """Place one: five slices of 1, half a minute apart."""
    asked = Asked("ETH", Side(side), D(size), minutes, slices, **more)
    return twaps.place(address, asked, now=after(seconds=seconds))


def step(seconds):
    return twaps.run(after(seconds=seconds))


def now(twap_id=None):
    return Twap.objects.get(id=twap_id) if twap_id else Twap.objects.get()


def asks(size="100", price="2000"):
    return place(BOB, "A", size, price).order


def test_an_order_is_worked_off_slice_by_slice_and_ends_completed():
    asks()
    placed = ordered()
    assert placed.twap.status == "pending" and placed.rejection is None
    for number, second in enumerate((1, 31, 61, 91, 121), 1):
        assert step(second) == 1
        assert step(second + 1) == 0  # a slice runs once
        assert position(ADA) == number
    row = now()
    assert (row.status, row.filled, row.value) == ("completed", 5, 10_000)
    assert (row.slices_filled, row.slices_partial, row.slices_rejected) == (5, 0, 0)
    assert row.next_at is None and not row.reason
    assert step(1_000) == 0
    made = MarginOrder.objects.filter(twap_id=row.id).order_by("venue_oid")
    assert [(o.twap_slice, o.tif, o.price, o.status) for o in made] == [
        (index, "Ioc", 2060, "filled") for index in range(5)
    ]


def test_the_row_shows_what_the_page_names():
    asks("1.5")
    twap_id = ordered().twap.id
    step(1)
    step(31)
    shown = now().to_dict()
    start = 1_000 * int(after(seconds=1).timestamp())
    assert shown == {
        "twapId": twap_id,
        "status": "active",
        "asset": "ETH",
        "side": "buy",
        "totalSz": "5",
        "filledSz": "1.5",
        "remainingSz": "3.5",
        "reduceOnly": False,
        "slicesFilled": 1,
        "slicesPartial": 1,
        "slicesRejected": 0,
        "totalNotional": "3000",
        "avgFillPx": "2000",
        "durationMs": 120_000,
        "sliceIntervalMs": 30_000,
        "createdAt": start - 1_000,
        "startedAt": start,
        "expectedEndAt": start + 120_000,
        "currentSliceIndex": 1,
        "totalExpectedSlices": 5,
        "randomize": False,
        "updatedAt": start + 30_000,
        "completedAt": None,
        "canceledAt": None,
        "reason": None,
    }


def test_a_slice_that_did_not_trade_is_made_up_for_by_the_next():
    ordered()
    step(1)
    step(31)
    asks()
    step(61)
    assert position(ADA) == 3
    assert MarginOrder.objects.get(twap_slice=2).original_size == 3
    step(91)
    assert position(ADA) == 4


def test_an_engine_that_was_away_goes_on_with_the_slice_of_the_present():
    asks()
    ordered(size="10", slices=10, minutes=3)  # 20 s apart
    step(1)
    assert step(102) == 1 and now().slice_index == 5 and position(ADA) == 4  # 1 + 3 x 1
    assert step(103) == 0
    step(121)
    assert position(ADA) == 7


def test_what_cannot_be_made_up_for_in_time_is_left_and_said():
    asks()
    ordered()
    step(1)
    step(1_000)
    row = now()
    assert (row.status, row.filled, row.slice_index) == ("completed_partial", 4, 4)
    assert row.reason == "its time was over before it was filled" and row.ended_at
    assert row.to_dict()["completedAt"] and row.to_dict()["canceledAt"] is None


def test_an_order_starts_with_its_first_slice_however_late():
    asks()
    ordered()
    step(500)
    assert now().started_at == after(seconds=500)
    assert step(520) == 0 and step(530) == 1 and position(ADA) == 2


def test_an_order_that_nobody_traded_with_expires():
    ordered()
    for second in (1, 31, 61, 91, 121):
        step(second)
    row = now()
    assert (row.status, row.slices_partial, row.filled) == ("expired", 5, 0)


def test_each_slice_is_margined_and_a_rejected_one_is_told_and_made_up_for():
    asks("200")
    ordered(size="50")  # 10 a slice: 10,000 of margin carry 5 of them at 10x, less fees
    for second in (1, 31, 61, 91, 121):
        step(second)
    row = now()
    assert (row.status, row.filled) == ("completed_partial", 40)
    assert (row.slices_filled, row.slices_rejected) == (4, 1)
    assert Rejection.objects.get().code == "INSUFFICIENT_MARGIN"
    assert row.reason.startswith("Insufficient margin")


def test_an_order_all_of_whose_slices_were_rejected_ends_in_error():
    quote = tw.world.quote("ETH", "2000")
    quote.is_tripped = True
    quote.save()
    ordered()
    for second in (1, 31, 61, 91, 121):
        step(second)
    row = now()
    assert (row.status, row.slices_rejected) == ("error", 5) and "no live price" in row.reason
    assert Rejection.objects.count() == 5 and not MarginOrder.objects.exists()


def test_a_slice_worth_too_little_for_an_order_is_made_up_for_by_the_next():
    asks()
    ordered(size="0.03")  # 0.006 a slice: 12 USDC
    tw.marked(ETH="1600")  # 9.60 USDC now
    place(BOB, "A", "1", "1600")
    step(1)
    row = now()
    assert (row.slices_partial, row.filled) == (1, 0)
    step(31)
    assert position(ADA) == D("0.012")
    for second in (61, 91):
        step(second)
    assert position(ADA) == D("0.024")
    step(121)  # 0.006 is left, and nothing comes after it
    row = now()
    assert (row.status, row.filled) == ("completed_partial", D("0.024"))
    assert "worth at least 10" in row.reason


def test_reduce_only_never_turns_a_position_and_ends_with_it():
    place(BOB, "A", "2", "2000")
    place(ADA, "B", "2", "2000")
    place(BOB, "B", "100", "1990")
    ordered("A", size="10", is_reduce_only=True)
    step(1)
    assert position(ADA) == 0
    assert step(31) == 1
    row = now()
    assert (row.status, row.filled) == ("completed_partial", 2)
    assert row.reason == "There is no position that it would reduce" and step(61) == 0


def test_a_randomised_slice_is_moved_by_what_is_drawn():
    asks()
    twap_id = ordered(is_randomized=True).twap.id
    assert twaps.take_slice(twap_id, now=after(seconds=1), draw=20)
    assert position(ADA) == D("1.2")
    for second in (31, 61, 91, 121):
        step(second)
        assert now().filled <= 5
    assert now().status == "completed"


def test_what_the_rules_refuse_is_a_rejection_and_runs_nothing():
    placed = ordered(size="0.0004")
    assert placed.twap is None and placed.rejection.code == "INVALID_SIZE"
    told = Rejection.objects.get()
    assert (told.code, told.account_id) == ("INVALID_SIZE", ADA) and not Twap.objects.exists()


def test_an_unknown_market_or_account_is_refused():
    with pytest.raises(errors.ValidationError):
        twaps.place(ADA, Asked("DOGE", Side.BUY, D(1), 5), now=after(seconds=0))
    with pytest.raises(errors.AccountNotFound):
        ordered(address="0x404")


def test_an_order_is_cancelled_by_its_owner_once_and_runs_no_more():
    asks()
    twap_id = ordered().twap.id
    step(1)
    assert twaps.cancel(BOB, twap_id, now=after(seconds=2)) is None
    gone = twaps.cancel(ADA, twap_id, now=after(seconds=2))
    assert gone.status == "canceled" and gone.to_dict()["canceledAt"]
    assert gone.to_dict()["completedAt"] is None
    assert twaps.cancel(ADA, twap_id, now=after(seconds=3)) is None
    assert step(31) == 0 and position(ADA) == 1


def test_a_liquidation_cancels_what_runs_of_the_account_alone():
    asks("40", "2000")
    place(ADA, "B", "40", "2000")
    mine, other = ordered().twap, ordered(address=BOB).twap
    tw.marked(ETH="1840")
    assert liquidation.run(after(seconds=10)) == 1
    row = now(mine.id)
    assert (row.status, row.reason) == ("canceled", "the account is liquidated")
    assert now(other.id).status == "pending"


def test_two_orders_at_once_keep_apart():
    asks()
    first, second = ordered().twap, ordered(size="2", minutes=1, slices=2).twap
    assert step(1) == 2 and step(31) == 1 and step(61) == 2
    assert (now(first.id).filled, now(second.id).filled) == (3, 2)
    assert now(second.id).status == "completed" and position(ADA) == 5


def test_a_step_runs_so_many_and_the_next_one_the_others(monkeypatch):
    monkeypatch.setattr(twaps, "BATCH", 2)
    asks()
    made = [ordered(seconds=number).twap.id for number in range(3)]
    assert step(5) == 2 and [now(i).slice_index for i in made] == [0, 0, -1]
    assert step(6) == 1 and step(7) == 0


def test_one_at_fault_holds_up_no_other(monkeypatch):
    asks()
    first, second = ordered().twap.id, ordered().twap.id
    take = twaps.take_slice

    def fail(twap_id, *, now):
        assert twap_id != first
        return take(twap_id, now=now)

    monkeypatch.setattr(twaps, "take_slice", fail)
    with pytest.raises(ExceptionGroup):
        step(1)
    assert (now(first).slice_index, now(second).slice_index) == (-1, 0)


@pytest.mark.parametrize("overtaker", ["slice", "cancel", "liquidation"])
def test_a_slice_that_was_overtaken_leaves_nothing(monkeypatch, overtaker):
    asks()
    twap_id = ordered().twap.id
    place_orders, is_first = orders.place, True

    def overtaken(*args, **kwargs):
        nonlocal is_first
        if is_first:
            is_first = False
            match overtaker:
                case "slice":
                    twaps.take_slice(twap_id, now=after(seconds=1))
                case "cancel":
                    twaps.cancel(ADA, twap_id, now=after(seconds=1))
                case "liquidation":
                    desk = twaps.open_desk([ADA], after(seconds=1))
                    twaps.twap_ending.cancel_all(desk, ADA, "")
                    desk.save()
        return place_orders(*args, **kwargs)

    monkeypatch.setattr(twaps.orders, "place", overtaken)
    with pytest.raises(twaps.Overtaken):
        twaps.take_slice(twap_id, now=after(seconds=1))
    # what overtook it stood in the same transaction here, so it is gone too: the slice is due
    assert now().status == "pending" and position(ADA) == 0
    assert step(1) == 1 and position(ADA) == 1


# --- the chain ----------------------------------------------------------------------------------
def test_the_chain_tells_placing_slices_and_end_and_replays_to_the_rows():
    asks("1")
    ordered()
    step(1)
    step(31)
    assert replay.verify().accounts
    kinds = list(LedgerTransaction.objects.order_by("id").values_list("type", flat=True))[-5:]
    assert kinds == ["OrderFilled", "TwapSlice", "OrderPlaced", "OrderCanceled", "TwapSlice"]
    first = LedgerTransaction.objects.filter(type="TwapSlice").first()
    made = MarginOrder.objects.get(twap_slice=0)
    assert first.order_id == now().id and first.data == {
        "index": 0,
        "outcome": "filled",
        "filled": "1",
        "value": "2000",
        "order": made.id,
    }
    told = LedgerTransaction.objects.get(type="OrderPlaced", order_id=made.id).data
    assert (told["twapId"], told["twapSlice"]) == (now().id, 0)
    assert Fill.objects.filter(order_id=made.id).count() == 1


@pytest.mark.parametrize(
    "change",
    [{"filled": "2"}, {"slice_index": 3}, {"value": "1"}, {"status": "canceled"}],
)
def test_a_row_changed_beside_the_chain_is_found(change):
    asks()
    ordered()
    step(1)
    kept = now()
    Twap._base_manager.filter(id=kept.id).update(**change)
    with pytest.raises(BrokenChain, match="TWAP"):
        replay.verify()
    Twap._base_manager.filter(id=kept.id).update(**{name: getattr(kept, name) for name in change})


# --- at once ------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_two_engines_run_a_slice_once():
    asks()
    ordered()
    for number, second in enumerate((1, 31, 61, 91, 121), 1):
        results = together(lambda s=second: step(s), lambda s=second: step(s))
        assert not raised(results) and sum(results) == 1, results
        assert position(ADA) == number
    assert now().status == "completed"


@pytest.mark.django_db(transaction=True)
def test_a_cancellation_and_a_slice_at_once_leave_one_after_the_other():
    asks()
    for number in range(6):
        twap_id = ordered(seconds=number).twap.id
        before = position(ADA)
        results = together(
            lambda n=number: step(n),
            lambda n=number, i=twap_id: retried(lambda: twaps.cancel(ADA, i, now=after(seconds=n))),
        )
        assert not raised(results), results
        row = now(twap_id)
        assert row.status == "canceled" and row.filled == position(ADA) - before
        assert row.filled == results[0]
