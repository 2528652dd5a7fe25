"""Statements built once write what a query set would, on both databases."""

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dualis import writes
from dualis.accounts.money import Entry, Movement, Wallet
from dualis.lending import borrowing, supplying
from dualis.lending.models import BorrowPosition
from dualis.lookups import built_once
from dualis.models import IdempotencyKey
from dualis.notifications.models import UnreadCount
from dualis.trading.models import UsedNonce
from tests import lending_market
from tests.people import NOW, make_user

pytestmark = pytest.mark.django_db


def movement(user):
    return Movement(kind="test", at=NOW, user=user, memo="it's 100 %")


@pytest.mark.parametrize("count", [1, 3, writes.FEW, writes.FEW + 1])
def test_rows_are_inserted_in_one_statement_and_read_back_as_they_were(count):
    told = movement(make_user())
    writes.insert_all([told])
    amounts = [Decimal(number) / 8 - 1 for number in range(count)]
    entries = [Entry(movement=told, account="a", asset="ETH", amount=a, at=NOW) for a in amounts]
    with CaptureQueriesContext(connection) as queries:
        writes.insert_all(entries)
    assert len(queries) == 1
    assert [entry.amount for entry in Entry.objects.order_by("id")] == amounts
    row = Movement.objects.get()
    assert (row.id, row.at, row.user_id, row.memo) == (told.id, NOW, told.user_id, told.memo)
    assert not told._state.adding and told._state.db == "default"
    with pytest.raises(TypeError, match="stays as it is"):
        told.save()


def test_nothing_is_written_of_no_rows():
    with CaptureQueriesContext(connection) as queries:
        writes.insert_all([])
    assert not queries.captured_queries


@pytest.mark.parametrize("count", [2, writes.FEW + 1])
def test_an_upsert_overwrites_what_is_there_and_adds_what_is_not(count):
    users = [make_user(f"user-{number}@example.com") for number in range(count)]
    writes.upsert_all([UnreadCount(user=users[0], count=1)])
    writes.upsert_all([UnreadCount(user=user, count=7) for user in users])
    assert list(UnreadCount.objects.values_list("count", flat=True)) == [7] * count


@built_once
def locked(asset):
    return Wallet.objects.select_for_update(no_key=True).filter(asset=asset)


def test_of_a_locked_row_only_what_changed_is_written():
    Wallet.objects.create(user=make_user(), asset="ETH", amount=Decimal(1))
    (row,) = locked("ETH")
    with CaptureQueriesContext(connection) as queries:
        writes.upsert_all([row])
        assert not queries.captured_queries
        row.amount = Decimal(2)
        writes.upsert_all([row])
    (query,) = queries
    assert query["sql"].startswith('UPDATE "accounts_wallet" SET "amount" = ')
    assert '"asset"' not in query["sql"] and Wallet.objects.get().amount == 2


def test_what_was_written_once_of_a_locked_row_is_written_again():
    Wallet.objects.create(user=make_user(), asset="ETH", amount=Decimal(1))
    (row,) = locked("ETH")
    row.amount = Decimal(2)
    with pytest.raises(KeyError), transaction.atomic():
        writes.upsert_all([row])
        raise KeyError
    writes.upsert_all([row])  # as it stood when the savepoint took it back
    assert Wallet.objects.get().amount == 2
    row.amount = Decimal(1)
    writes.upsert_all([row])  # as it was read
    assert Wallet.objects.get().amount == 1


def test_json_of_a_locked_row_is_written_though_it_changed_in_place():
    @built_once
    def positions(owner):
        return BorrowPosition.objects.select_for_update(no_key=True).filter(user_id=owner)

    lending_market.opened()
    user = lending_market.rich("ada")
    supplying.supply(user.id, "usdc-main", "10000", now=lending_market.T0)
    borrowing.open_position(user.id, "usdc-main", "5000", {"ETH": "10"}, now=lending_market.T0)
    (row,) = positions(user.id)
    row.collateral["ETH"] = "11"
    writes.upsert_all([row])
    assert BorrowPosition.objects.get().collateral == {"ETH": "11"}


@pytest.mark.parametrize("count", [0, 2, writes.FEW + 1])
def test_values_are_inserted_without_instances(count):
    user = make_user()
    told = movement(user)
    writes.insert_all([told])
    values = [(told.id, "a", user.id, "ETH", Decimal(number), NOW) for number in range(count)]
    writes.insert_values(Entry, values)
    assert list(Entry.objects.order_by("id").values_list("amount", flat=True)) == list(range(count))


def test_a_row_is_inserted_once():
    assert writes.insert_new(UsedNonce, ("0xa", 1, NOW))
    assert not writes.insert_new(UsedNonce, ("0xa", 1, NOW))
    assert writes.insert_new(UsedNonce, ("0xa", 2, NOW))
    assert UsedNonce.objects.count() == 2


def test_an_update_writes_its_columns_alone_of_its_row_alone():
    user = make_user()
    eth = Wallet.objects.create(user=user, asset="ETH", amount=Decimal(1))
    usdc = Wallet.objects.create(user=user, asset="USDC", amount=Decimal(1))
    eth.amount, eth.asset = Decimal("2.5"), "CC"
    writes.update(eth, "amount")
    assert Wallet.objects.get(pk=eth.pk).to_dict() == {"asset": "ETH", "amount": "2.5"}
    assert Wallet.objects.get(pk=usdc.pk).amount == 1


@pytest.mark.parametrize("body", [None, {"data": {"text": 'ä "quoted" \\', "none": None}}])
def test_json_and_null_are_written_as_the_field_says(body):
    row = IdempotencyKey.objects.create(
        user="u", method="POST", path="/", key="k", fingerprint="f", created_at=NOW
    )
    row.body, row.status = body, 201
    writes.update(row, "body", "status")
    stored = IdempotencyKey.objects.get()
    assert (stored.body, stored.status, stored.created_at) == (body, 201, NOW)
