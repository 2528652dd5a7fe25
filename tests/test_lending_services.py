"""Borrow, repay, collateral: what they do, refuse, book and publish; and the blocks."""

from datetime import timedelta
from decimal import Decimal

import pytest

from dualis import errors
from dualis.lending import borrowing, figures, pools, supplying
from dualis.lending.models import Account, BorrowPosition, Pool, SupplyPosition
from dualis.oracle.models import Quote
from realtime import journal
from tests import lending_market as lm
from tests.lending_market import T0, after, check, rich, wallet
from tests.liquidation_market import reprice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


@pytest.fixture
def lender():
    user = rich("lender")
    supplying.supply(user.id, "usdc-main", "500000", now=T0)
    return user


@pytest.fixture
def borrower(lender):
    return rich("borrower")


def loan(user, amount="5000", collateral=None, **options):
    collateral = collateral or {"ETH": "10"}
    return borrowing.open_position(
        user.id, "usdc-main", amount, collateral, now=T0, **options
    ).position


# --- borrow -----------------------------------------------------------------------------------
def test_a_loan_locks_collateral_and_pays_out(borrower):
    position = loan(borrower, "5000")
    row = position.to_dict()
    assert wallet(borrower, "ETH") == 90 and wallet(borrower, "USDC") == 1_005_000
    assert row["debt"] == "5000" and row["healthFactor"] == 3.3472
    assert row["status"] == "safe" and row["creditTier"] == "Unrated"
    assert row["collateral"][0]["symbol"] == "ETH"


def test_max_borrows_the_capacity_and_not_a_unit_more(borrower):
    """10 ETH at 2041 and the Unrated tier: 50 % of 20,410."""
    position = loan(borrower, "max")
    assert position.to_dict()["debt"] == "10205"
    with pytest.raises(errors.InsufficientCollateral):
        borrowing.borrow(borrower.id, position.id, "0.000001", now=T0)


def test_capacity_takes_the_lower_of_spot_and_average(borrower):
    reprice("ETH", "2041")
    row = Quote.objects.get(asset_id="ETH")
    row.twap_5m = Decimal("1000")
    row.save()
    assert loan(borrower, "max").to_dict()["debt"] == "5000"


@pytest.mark.parametrize(
    ("amount", "collateral", "refusal"),
    [
        ("10205.01", {"ETH": "10"}, errors.InsufficientCollateral),
        ("99.99", {"ETH": "10"}, errors.DebtTooSmall),
        ("100", {"DUAL": "10"}, errors.CollateralNotAccepted),
        ("100", {"BTC": "1"}, errors.CollateralNotAccepted),
        ("100", {"DOGE": "1"}, errors.CollateralNotAccepted),
        ("100", {"ETH": "101"}, errors.InsufficientBalance),
        ("100", {}, errors.ValidationError),
        ("600000", {"wBTC": "10", "ETH": "100", "CC": "500000"}, errors.InsufficientCollateral),
    ],
)
def test_a_loan_that_is_refused_changes_nothing(borrower, amount, collateral, refusal):
    before = journal.position().seq
    with pytest.raises(refusal):
        borrowing.open_position(borrower.id, "usdc-main", amount, collateral, now=T0)
    assert journal.position().seq == before and BorrowPosition.objects.count() == 0


@pytest.mark.parametrize("asset", ["ETH", "USDC"])
def test_a_frozen_asset_stops_borrowing_and_removal_but_not_leaving(borrower, asset):
    position = loan(borrower)
    reprice(asset, "2041" if asset == "ETH" else "1", is_tripped=True)
    with pytest.raises(errors.AssetFrozen):
        borrowing.borrow(borrower.id, position.id, "100", now=T0)
    with pytest.raises(errors.AssetFrozen):
        borrowing.remove_collateral(borrower.id, position.id, "ETH", "1", now=T0)
    borrowing.add_collateral(borrower.id, position.id, "ETH", "1", now=T0)
    borrowing.repay(borrower.id, position.id, "1000", now=T0)
    borrowing.close_position(borrower.id, position.id, now=T0)
    assert wallet(borrower, "ETH") == 100


def test_a_full_repayment_returns_all_collateral_and_closes(borrower):
    position = loan(borrower, "5000")
    done = borrowing.repay(borrower.id, position.id, "max", now=after(days=30))
    assert done.amount > 5000 and not done.position.is_open()
    assert wallet(borrower, "ETH") == 100
    assert done.position.to_dict()["status"] == "closed"


def test_repaying_too_much_or_down_to_dust_is_refused(borrower):
    position = loan(borrower, "5000")
    with pytest.raises(errors.RepayExceedsDebt):
        borrowing.repay(borrower.id, position.id, "5000.01", now=T0)
    with pytest.raises(errors.DebtTooSmall):
        borrowing.repay(borrower.id, position.id, "4900.01", now=T0)


def test_collateral_leaves_as_far_as_the_debt_allows(borrower):
    position = loan(borrower, "5000")
    with pytest.raises(errors.HealthFactorTooLow) as refused:
        borrowing.remove_collateral(borrower.id, position.id, "ETH", "9", now=T0)
    most = refused.value.details["removable"]
    done = borrowing.remove_collateral(borrower.id, position.id, "ETH", "max", now=T0)
    assert str(done.amount.normalize()) == most
    with pytest.raises(errors.InsufficientCollateral):
        borrowing.borrow(borrower.id, position.id, "1", now=T0)


def test_collateral_may_come_from_what_is_supplied(borrower):
    supplying.supply(borrower.id, "eth-main", "20", now=T0)
    position = loan(borrower, "5000", {"ETH": "15"}, source="supply")
    assert figures.balance(SupplyPosition.objects.get(user=borrower), _pool("eth-main")) == 5
    assert wallet(borrower, "ETH") == 80
    borrowing.add_collateral(borrower.id, position.id, "ETH", "max", now=T0, source="supply")
    assert not SupplyPosition.objects.get(user=borrower).is_open()


def test_somebody_elses_position_does_not_exist(borrower, lender):
    position = loan(borrower)
    for act in (
        lambda: borrowing.repay(lender.id, position.id, "100", now=T0),
        lambda: borrowing.add_collateral(lender.id, position.id, "ETH", "1", now=T0),
        lambda: borrowing.remove_collateral(lender.id, position.id, "ETH", "1", now=T0),
        lambda: borrowing.close_position(lender.id, position.id, now=T0),
    ):
        with pytest.raises(errors.PositionNotFound):
            act()


def test_a_tier_is_frozen_when_the_position_is_opened(borrower):
    from dualis.lending.models import CreditRating

    CreditRating.objects.create(user=borrower, tier="Diamond", assigned_at=T0)
    position = loan(borrower, "max")
    assert position.to_dict()["debt"] == "13946.833333", "weighted 16,736.20 / 1.20 binds"
    CreditRating.objects.filter(user=borrower).update(tier="Unrated")
    again = BorrowPosition.objects.get(id=position.id)
    assert again.to_dict()["creditTier"] == "Diamond"


# --- blocks -----------------------------------------------------------------------------------
def test_a_block_accrues_and_tells_only_pools_that_changed(borrower):
    loan(borrower, "5000")
    before = journal.position().seq
    assert pools.run_block(after(seconds=60)) == 1
    (event,) = journal.since(before)
    assert event.key == "usdc-main" and '"reason":"accrual"' in event.text
    assert pools.run_block(after(seconds=60)) == 0
    pools.book_interest(after(hours=1))


def test_every_operation_tells_pool_position_and_account(borrower):
    before = journal.position().seq
    position = loan(borrower, "5000")
    told = [(e.channel, e.key) for e in journal.since(before)]
    assert told == [
        ("pools", "usdc-main"),
        ("positions", position.id),
        ("positions", "account"),
    ]
    row = Account.objects.get(user=borrower).to_dict()
    assert row["totalBorrowedUSD"] == "5000.00" and row["healthFactor"] == 3.3472
    assert row["netWorthUSD"] == "15410.00"


def test_a_round_trip_never_gains(borrower, lender):
    loan(rich("other"), "5000")
    for step in range(5):
        now = T0 + timedelta(seconds=step)
        before = wallet(borrower, "USDC")
        supplying.supply(borrower.id, "usdc-main", "123.456789", now=now)
        supplying.withdraw(borrower.id, "usdc-main", "max", now=now)
        assert wallet(borrower, "USDC") <= before
        position = loan(borrower, "1000.000001")
        borrowing.close_position(borrower.id, position.id, now=T0)
        assert wallet(borrower, "USDC") <= before and wallet(borrower, "ETH") == 100


def _pool(pool_id):
    return Pool.objects.get(id=pool_id)
