"""Supply and withdraw: what they do, refuse, book and publish; who is paid the interest."""

from decimal import Decimal

import pytest

from dualis import errors
from dualis.accounts.money import Entry
from dualis.lending import borrowing, supplying
from dualis.lending.models import Market, Pool, SupplyPosition
from realtime import journal
from tests import lending_market as lm
from tests.lending_market import T0, after, check, rich, wallet
from tests.liquidation_market import loan

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


def test_a_supply_moves_money_from_the_wallet_into_shares():
    user = rich("ada")
    done = supplying.supply(user.id, "usdc-main", "1000.5", now=T0)
    assert (done.amount, done.shares) == (Decimal("1000.5"), Decimal("1000.5"))
    assert wallet(user, "USDC") == Decimal("998999.5")
    assert Pool.objects.get(id="usdc-main").cash == Decimal("1000.5")


def test_max_supplies_the_wallet_and_max_withdraws_everything():
    user = rich("ada")
    supplying.supply(user.id, "eth-main", "max", now=T0)
    assert wallet(user, "ETH") == 0
    done = supplying.withdraw(user.id, "eth-main", "max", now=T0)
    assert wallet(user, "ETH") == 100 and not done.position.is_open()
    assert done.position.to_dict()["status"] == "closed"


def test_a_second_supply_goes_into_the_same_position():
    user = rich("ada")
    first = supplying.supply(user.id, "usdc-main", "1000", now=T0).position
    second = supplying.supply(user.id, "usdc-main", "1000", now=after(days=1)).position
    assert first.id == second.id and SupplyPosition.objects.count() == 1


def test_interest_is_earned_paid_and_booked(borrower, lender):
    loan(borrower, "5000")
    done = supplying.withdraw(lender.id, "usdc-main", "max", now=after(days=365))
    assert done.amount == Decimal("495000") + (done.amount - 495000)  # the pool's cash
    position = SupplyPosition.objects.get(user=lender)
    assert position.is_open(), "what is lent out cannot be withdrawn"
    earned = sum(
        e.amount
        for e in Entry.objects.filter(account=f"supply:{position.id}", movement__kind="withdraw")
        if e.amount > 0
    )
    assert earned > 90, "5,000 at about 2 % a year, less the reserve factor"


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        ("1000000.000001", errors.InsufficientBalance),
        ("0", errors.ValidationError),
        ("-1", errors.ValidationError),
        ("1.0000001", errors.ValidationError),
        ("nonsense", errors.ValidationError),
        ("NaN", errors.ValidationError),
        ("1e30", errors.ValidationError),
        ("Infinity", errors.ValidationError),
    ],
)
def test_a_bad_amount_is_refused_and_changes_nothing(amount, refusal):
    user = rich("ada")
    before = journal.position().seq
    with pytest.raises(refusal):
        supplying.supply(user.id, "usdc-main", amount, now=T0)
    assert journal.position().seq == before and wallet(user, "USDC") == 1_000_000


def test_the_supply_cap_is_kept_and_max_fills_it():
    user = rich("whale", {"USDC": "2000000000"})
    with pytest.raises(errors.SupplyCapExceeded):
        supplying.supply(user.id, "usdc-main", "1000000000.01", now=T0)
    assert supplying.supply(user.id, "usdc-main", "max", now=T0).amount == 10**9


def test_more_than_the_balance_or_the_cash_is_refused(borrower, lender):
    with pytest.raises(errors.InsufficientSupply):
        supplying.withdraw(lender.id, "usdc-main", "500000.01", now=T0)
    with pytest.raises(errors.PositionNotFound):
        supplying.withdraw(borrower.id, "usdc-main", "1", now=T0)
    loan(borrower, "5000")
    with pytest.raises(errors.InsufficientLiquidity):
        supplying.withdraw(lender.id, "usdc-main", "495000.01", now=T0)


def test_pauses_are_enforced_and_leaving_stays_open(borrower, lender):
    position = loan(borrower, "5000")
    Market.objects.filter(id=1).update(is_paused=True)
    with pytest.raises(errors.ProtocolPaused):
        supplying.supply(lender.id, "usdc-main", "1", now=T0)
    with pytest.raises(errors.ProtocolPaused):
        borrowing.borrow(borrower.id, position.id, "100", now=T0)
    supplying.withdraw(lender.id, "usdc-main", "1", now=T0)
    borrowing.add_collateral(borrower.id, position.id, "ETH", "1", now=T0)
    borrowing.repay(borrower.id, position.id, "max", now=T0)


def test_a_paused_or_inactive_pool_takes_nothing_new(lender):
    pool = Pool.objects.get(id="usdc-main")
    pool.is_supply_paused = True
    pool.save()
    with pytest.raises(errors.PoolInactive):
        supplying.supply(lender.id, "usdc-main", "1", now=T0)
    with pytest.raises(errors.PoolNotFound):
        supplying.supply(lender.id, "nowhere", "1", now=T0)


def _pool(pool_id):
    return Pool.objects.get(id=pool_id)
