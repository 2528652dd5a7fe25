"""What is sent together takes one trip on PostgreSQL, and is seen by whoever reads next."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dualis import trips
from dualis.accounts.money import Wallet
from tests.people import make_user

pytestmark = pytest.mark.django_db(transaction=True)

_SET = "UPDATE accounts_wallet SET amount = %s WHERE asset = %s"
ODD = "it's 9 %s; --"


@pytest.fixture
def waits():
    """Whether statements wait here; SQLite takes one at a time."""
    return connection.vendor == "postgresql"


@pytest.fixture(autouse=True)
def eth():
    return Wallet.objects.create(user=make_user(), asset="ETH", amount=Decimal(1))


def send(amount, asset="ETH"):
    trips.send(_SET, [format(amount, "f") if connection.vendor == "sqlite" else amount, asset])


def sent(queries):
    """Return what went to the database: a savepoint that waits is captured without a text."""
    return [query["sql"] for query in queries if query["sql"]]


def amount():
    return Wallet.objects.get(asset="ETH").amount


def test_what_is_sent_goes_with_the_next_statement_which_sees_it(waits):
    with transaction.atomic(), trips.together(), CaptureQueriesContext(connection) as queries:
        send(Decimal(2))
        send(Decimal(3))
        assert len(queries) == (0 if waits else 2)
        assert amount() == 3
        assert len(queries) == (1 if waits else 3)


def test_the_end_of_the_block_sends_the_rest_in_one_trip(waits):
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        with trips.together(), trips.together():
            send(Decimal(2))
            send(Decimal(3))
        assert len(queries) == (1 if waits else 2)
    assert amount() == 3


def test_a_block_that_is_left_by_an_error_sends_nothing(waits):
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        with pytest.raises(KeyError), trips.together():
            send(Decimal(2))
            raise KeyError
        assert len(queries) == (0 if waits else 1)
    with transaction.atomic(), trips.together():  # and the next block begins without it
        pass
    assert amount() == (1 if waits else 2)


def test_a_savepoint_takes_back_what_waited_in_it_and_no_more():
    with transaction.atomic(), trips.together():
        send(Decimal(2))
        with pytest.raises(KeyError), transaction.atomic():
            send(Decimal(3))
            raise KeyError
        with transaction.atomic():
            send(Decimal(4), "USDC")
    assert amount() == 2


def test_savepoints_cost_no_trip_of_their_own(waits):
    with transaction.atomic(), trips.together(), CaptureQueriesContext(connection) as queries:
        with transaction.atomic():
            send(Decimal(2))
        amount()
        assert not waits or len(sent(queries)) == 1
    assert amount() == 2


def test_rows_are_handed_over_no_later_than_at_the_end():
    taken = []
    sql = "UPDATE accounts_wallet SET asset = %s WHERE asset = %s RETURNING asset"
    with transaction.atomic(), trips.together():
        trips.send(sql, [ODD, "ETH"], taken.extend)
        assert Wallet.objects.filter(asset=ODD).count() == 1
        trips.send(sql, ["ETH", ODD], taken.extend)
    assert taken == [(ODD,), ("ETH",)]
    with transaction.atomic():
        trips.send(sql, [ODD, "ETH"], taken.extend)
    assert taken[2:] == [(ODD,)]


def test_what_cannot_go_together_comes_after_what_waits():
    with transaction.atomic(), trips.together():
        send(Decimal(2))
        assert [row.amount for row in Wallet.objects.iterator()] == [2]
        send(Decimal(3))
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE accounts_wallet SET asset = %s", [["CC"], ["USDC"]])
        send(Decimal(4), "USDC")
        trips.flush()
        assert Wallet.objects.get().amount == 4


def test_a_statement_that_fails_ends_the_transaction_from_inside():
    with pytest.raises(IntegrityError), transaction.atomic(), trips.together():
        send(Decimal(2))
        trips.send("UPDATE accounts_wallet SET user_id = %s", [None])
    assert amount() == 1


def test_queries_are_read_together_each_with_its_rows(waits):
    one = "SELECT asset FROM accounts_wallet WHERE asset = %s"
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        found = trips.read_all([(one, ["ETH"]), (one, [ODD]), ("SELECT 1", [])])
    assert found == [[("ETH",)], [], [(1,)]]
    assert len([sql for sql in sent(queries) if "SELECT" in sql]) == (1 if waits else 3)


def test_a_block_stands_in_a_transaction(waits):
    if waits:
        with pytest.raises(AssertionError), trips.together():
            pass
