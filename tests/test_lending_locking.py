"""The rows of an operation: in one trip, in the one order, whatever of them is there."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dualis import errors
from dualis.accounts.money import Wallet
from dualis.lending import borrowing, locking, supplying
from dualis.lending.models import Account
from dualis.lending.view import View
from tests import lending_market as lm
from tests.lending_market import T0, after

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    lm.opened()
    return lm.rich("ada")


def test_all_of_a_position_is_locked_in_one_trip(ada):
    supplying.supply(ada.id, "usdc-main", "10000", now=T0)
    loan = borrowing.open_position(ada.id, "usdc-main", "5000", {"ETH": "10"}, now=T0).position
    now = after(seconds=60)

    def lock():
        return locking.lock(
            ada.id,
            View.read(now),
            now,
            pool_ids={"usdc-main", "eth-main"},
            supplied_to={"usdc-main"},
            position_id=loan.id,
            assets={"wBTC"},
        )

    with transaction.atomic():
        lock()
        view = View.read(now)
        with CaptureQueriesContext(connection) as queries:
            found = locking.lock(ada.id, view, now, pool_ids=["usdc-main"], position_id=loan.id)
        assert len(queries) == (1 if connection.vendor == "postgresql" else 6)
        whole = lock()
    assert found.borrow == loan and not found.supplies and not found.rules
    assert found.pools["usdc-main"].accrued_at == now
    assert set(whole.pools) == {"usdc-main", "eth-main"} and set(whole.supplies) == {"usdc-main"}
    assert {asset for _, asset in whole.wallets} == {"USDC", "ETH", "wBTC"}
    assert whole.account == Account.objects.get(user=ada)


def test_what_is_missing_is_made(ada):
    Wallet.objects.filter(user=ada).delete()
    with transaction.atomic():
        found = locking.lock(ada.id, View.read(T0), T0, pool_ids=["usdc-main"])
    assert found.account == Account.objects.get(user=ada)
    assert found.wallets[ada.id, "USDC"] == Wallet.objects.get(user=ada)
    assert found.borrow is None


def test_a_pool_that_is_not_there_is_refused(ada):
    with pytest.raises(errors.PoolNotFound), transaction.atomic():
        locking.lock(ada.id, View.read(T0), T0, pool_ids=["gold-main"])
