"""Resales end to end: lots, clocks, bids that sell them, what is refused, the books."""

import json
from decimal import Decimal

import pytest

from dualis import errors
from dualis.accounts.money import Entry, Movement
from dualis.lending import bidding, resales
from dualis.lending.models import Pool, Resale, ResaleBid, ResaleStage
from dualis.retry import retried
from realtime import journal
from tests import liquidation_market as lqm
from tests.lending_market import T0, after, check, rich, wallet
from tests.liquidation_market import about, auction_at, backed, reprice
from tests.resale_market import backstop_of, opened_lot, run_to, stocked
from tests.threads import raised, together

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def world():
    made = lqm.opened()
    reprice("ETH", "2000")
    yield made
    check()


@pytest.fixture
def buyer():
    return rich("buyer")


def told(since=0):
    return [json.loads(e.text) for e in journal.since(since, channels=["liquidations"])]


# --- lots --------------------------------------------------------------------------------------
def test_the_former_borrower_may_buy_back_what_the_backstop_bought_at_the_price_of_all(world):
    borrower, position = world
    backed()
    auction_at("1690")
    lqm.run_to(300)
    held = D(backstop_of().held["ETH"])
    assert about(held, "2.318787") and backstop_of().cash == 96_250
    resales.run(after(seconds=300))
    lot = Resale.objects.get()
    assert (lot.lot, lot.pool_id, lot.max_discount) == (held, "usdc-main", D("0.05"))
    run_to(600, since=300)
    borrower_had = wallet(borrower, "ETH")
    paid = resales.bid(borrower.id, lot.id, "max", now=after(seconds=600)).bid.paid
    # 2.318787 x 1690 x 0.95: 3,750 USD of debt with nine tenths of the bonus, at the discount
    assert about(paid, "3722.8125") and wallet(borrower, "ETH") == borrower_had + held
    assert backstop_of().cash == 96_250 + paid and backstop_of().held == {}
    position.refresh_from_db()
    assert position.is_open()


def test_a_lot_is_told_when_it_opens_and_when_it_is_sold_out(buyer):
    before = journal.position().seq
    row = opened_lot("10")
    run_to(90)
    done = resales.bid(buyer.id, row.id, "max", now=after(seconds=90))
    assert done.resale.status == "settled" and done.resale.settled_at == after(seconds=90)
    start, end = told(before)
    names = {
        "kind": "resale",
        "resaleId": row.id,
        "auctionId": row.id,
        "poolId": "usdc-main",
        "tier": "Resale",
        "paymentAsset": "USDC",
        "collateralAsset": "ETH",
    }
    assert start == {
        **names,
        "stage": "auction_start",
        "collateralAvailable": "10",
        "valueUSD": "20000.00",
        "oraclePrice": "2000",
        "startDiscount": 0,
        "maxDiscount": 0.05,
        "startsAt": "2026-03-01T12:00:00.000Z",
        "fullDiscountAt": "2026-03-01T12:05:00.000Z",
    }
    # 90 of 300 s: 1.5 %, so 19,700
    assert end == {
        **names,
        "stage": "settlement",
        "outcome": "sold",
        "collateralSold": "10",
        "proceeds": "19700",
        "settledAt": "2026-03-01T12:01:30.000Z",
    }


@pytest.mark.parametrize(("amount", "count"), [("0.004999", 0), ("0.005", 1)])
def test_dust_waits_until_it_is_worth_10_usd(amount, count):
    stocked(amount)
    resales.run(T0)
    assert Resale.objects.count() == count


def test_what_is_seized_later_is_the_next_lot(buyer):
    row = opened_lot("10")
    stocked("4", name="another")
    run_to(150)
    assert Resale.objects.get().lot == 10
    resales.bid(buyer.id, row.id, "max", now=after(seconds=150))
    run_to(151, since=150)
    following = Resale.objects.get(status="open")
    assert following.lot == 4 and following.live_seconds == 0


def test_each_pair_of_assets_has_an_auction_of_its_own():
    stocked("1")
    stocked("0.5", "wBTC", name="another")
    stocked("3000", "USDC", asset="ETH", name="third")
    resales.run(T0)
    resales.run(T0)
    found = set(Resale.objects.values_list("pool_id", "symbol"))
    assert found == {("usdc-main", "ETH"), ("usdc-main", "wBTC"), ("eth-main", "USDC")}
    assert Resale.objects.count() == 3


@pytest.mark.parametrize(
    "stop",
    [
        lambda: reprice("ETH", "2000", is_tripped=True),
        lambda: reprice("USDC", "1", is_stale=True),
        lambda: lqm.market(is_paused=True),
    ],
    ids=["a tripped breaker", "a stale payment asset", "a pause"],
)
def test_without_live_prices_nothing_opens_no_clock_moves_and_no_bid_is_taken(stop, buyer):
    row = opened_lot("10")
    stocked("1", "wBTC", name="another")
    run_to(60)
    assert Resale.objects.count() == 2
    row.refresh_from_db()
    assert row.live_seconds == 60
    stop()
    stocked("3000", "USDC", asset="ETH", name="third")
    run_to(120, since=60)
    row.refresh_from_db()
    assert row.live_seconds == 60 and Resale.objects.count() == 2
    with pytest.raises((errors.AuctionPaused, errors.ProtocolPaused)):
        resales.bid(buyer.id, row.id, "max", now=after(seconds=120))
    reprice("ETH", "2000", is_tripped=False)
    reprice("USDC", "1", is_stale=False)
    lqm.market(is_paused=False)
    run_to(130, since=120)
    row.refresh_from_db()
    assert row.live_seconds == 70 and Resale.objects.count() == 3


def test_an_outage_does_not_move_the_clock():
    row = opened_lot("10")
    run_to(1000, step=1000)
    row.refresh_from_db()
    assert row.live_seconds == 0
    run_to(1030, since=1000)
    row.refresh_from_db()
    assert row.live_seconds == 30


def test_the_penalty_of_the_opening_stays_the_lots(buyer):
    row = opened_lot("10")
    pool = Pool.objects.get(id="eth-main")
    pool.penalty = D("0.01")
    pool.save()
    run_to(300)
    assert resales.bid(buyer.id, row.id, "max", now=after(seconds=300)).bid.paid == 19_000


def test_a_lot_whose_rows_others_hold_waits_for_a_tick_and_the_others_go_on(monkeypatch, caplog):
    held = opened_lot("10")
    stocked("1", "wBTC", name="another")

    def contended(*args):
        raise errors.Contended()

    with monkeypatch.context() as patched:
        patched.setattr(resales, "advance", contended)
        run_to(1)
    held.refresh_from_db()
    assert held.live_seconds == 0 and "contended" in caplog.text
    assert Resale.objects.count() == 2
    run_to(2, since=1)
    held.refresh_from_db()
    assert held.live_seconds == 2


def test_a_lot_that_breaks_is_raised_after_the_others_had_their_turn(monkeypatch):
    broken = opened_lot("10")
    stocked("1", "wBTC", name="another")

    def fail(*args):
        raise ValueError("a bug")

    with monkeypatch.context() as patched, pytest.raises(ExceptionGroup):
        patched.setattr(resales, "advance", fail)
        run_to(1)
    broken.refresh_from_db()
    assert broken.live_seconds == 0 and Resale.objects.count() == 2


# --- bids --------------------------------------------------------------------------------------
def test_bids_fill_the_lot_in_parts_and_pay_into_the_backstop(buyer):
    row = opened_lot("10")
    pools = [pool.to_dict() for pool in Pool.objects.order_by("id")]
    other = rich("other")
    first = resales.bid(buyer.id, row.id, "5000", now=T0)
    assert (first.bid.bought, first.resale.status) == (D("2.5"), "open")
    run_to(150)
    second = resales.bid(other.id, row.id, "3900", now=after(seconds=150))
    assert (second.bid.bought, second.bid.discount) == (2, D("0.025"))  # at 1,950 USD
    last = resales.bid(other.id, row.id, "max", now=after(seconds=150))
    assert (last.bid.paid, last.bid.bought) == (10_725, D("5.5"))
    assert last.resale.status == "settled" and last.resale.proceeds == 19_625
    assert wallet(buyer, "USDC") == 995_000 and wallet(buyer, "ETH") == D("102.5")
    assert wallet(other, "USDC") == 985_375 and wallet(other, "ETH") == D("107.5")
    assert backstop_of().cash == 19_625 and backstop_of().held == {}
    assert [pool.to_dict() for pool in Pool.objects.order_by("id")] == pools


def test_a_sale_is_booked_with_both_its_sides(buyer):
    row = opened_lot("10")
    resales.bid(buyer.id, row.id, "5000", now=T0)
    movement = Movement.objects.get(kind="resale")
    assert (movement.reference, movement.user_id) == (row.id, buyer.id)
    entries = Entry.objects.filter(movement=movement).values_list("account", "asset", "amount")
    assert set(entries) == {
        (f"wallet:{buyer.id}", "USDC", D(-5000)),
        ("backstop:USDC", "USDC", D(5000)),
        ("backstop:USDC", "ETH", D("-2.5")),
        (f"wallet:{buyer.id}", "ETH", D("2.5")),
    }


def test_max_goes_as_far_as_the_wallet():
    row = opened_lot("10")
    poor = rich("poor", {"USDC": "3000"})
    assert resales.bid(poor.id, row.id, "max", now=T0).bid.bought == D("1.5")
    assert wallet(poor, "USDC") == 0


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("1999.999999", errors.BidTooSmall),
        ("20000.000001", errors.BidTooLarge),
        ("0", errors.ValidationError),
        ("nonsense", errors.ValidationError),
        ("2000.0000001", errors.ValidationError),
        ("19999", errors.InsufficientBalance),
    ],
)
def test_a_bid_that_is_refused_changes_nothing(amount, refusal):
    row = opened_lot("10")
    poor = rich("poor", {"USDC": "10000"})
    before = journal.position().seq
    with pytest.raises(refusal):
        resales.bid(poor.id, row.id, amount, now=T0)
    assert journal.position().seq == before and not ResaleBid.objects.exists()
    assert wallet(poor, "USDC") == 10_000 and backstop_of().held == {"ETH": "10"}
    assert not Movement.objects.filter(kind="resale").exists()


def test_max_of_too_small_a_wallet_is_refused_with_the_least():
    row = opened_lot("10")
    poor = rich("poor", {"USDC": "1999"})
    with pytest.raises(errors.BidTooSmall) as refused:
        resales.bid(poor.id, row.id, "max", now=T0)
    assert refused.value.details == {"minimum": "2000", "asset": "USDC"}


def test_an_auction_that_is_over_or_never_was_takes_no_bids(buyer):
    row = opened_lot("10")
    resales.bid(buyer.id, row.id, "max", now=T0)
    with pytest.raises(errors.AuctionEnded):
        resales.bid(buyer.id, row.id, "max", now=T0)
    with pytest.raises(errors.AuctionNotFound):
        resales.bid(buyer.id, "rsl_nothing", "max", now=T0)


def test_a_stage_is_told_once_and_stays():
    kept = ResaleStage.objects.get(key=f"{opened_lot('10').id}:auction_start")
    with pytest.raises(TypeError):
        kept.save()
    with pytest.raises(TypeError):
        kept.delete()


def test_nobody_is_named_in_public(buyer):
    row = opened_lot("10")
    resales.bid(buyer.id, row.id, "max", now=T0)
    for text in map(json.dumps, told()):
        assert buyer.id not in text and buyer.email not in text


# --- at once -----------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_of_two_buyers_at_once_the_second_gets_what_is_left(buyer):
    row = opened_lot("10")
    other = rich("other")

    def bids(user):
        return lambda: retried(lambda: resales.bid(user.id, row.id, "12000", now=T0))

    (refused,) = raised(together(bids(buyer), bids(other)))
    assert isinstance(refused, errors.BidTooLarge) and refused.details["left"] == "8000"
    row.refresh_from_db()
    assert row.sold == 6 and ResaleBid.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_bids_for_everything_at_once_one_wins_while_the_engine_ticks(buyer):
    row = opened_lot("10")
    other = rich("other")

    def bids(user):
        return lambda: retried(lambda: resales.bid(user.id, row.id, "max", now=T0))

    results = together(bids(buyer), bids(other), lambda: resales.run(after(seconds=1)))
    (refused,) = raised(results)
    assert isinstance(refused, errors.AuctionEnded)
    assert ResaleStage.objects.filter(stage="settlement").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_liquidation_and_a_resale_of_the_same_backstop_wait_for_each_other(buyer):
    backed()
    stocked("10")
    auction = auction_at("1690")
    lqm.run_to(299)
    resales.run(after(seconds=299))
    row = Resale.objects.get()
    other = rich("other")
    late = after(seconds=300)
    results = together(
        lambda: lqm.run(late),
        lambda: retried(lambda: resales.bid(buyer.id, row.id, "max", now=late)),
        lambda: retried(lambda: bidding.bid(other.id, auction.auction_id, "1000", now=late)),
        lambda: resales.run(late),
    )
    assert all(isinstance(error, errors.DomainError) for error in raised(results))
    row.refresh_from_db()
    assert row.sold == 10
