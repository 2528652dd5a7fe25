"""Statements built once write what a query set would, on both databases."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dualis import writes
from dualis.accounts.money import Entry, Movement, Wallet
from dualis.models import IdempotencyKey
from dualis.notifications.models import UnreadCount
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
    writes.insert_all([UnreadCount(user=users[0], count=1)], is_upsert=True)
    writes.insert_all([UnreadCount(user=user, count=7) for user in users], is_upsert=True)
    assert list(UnreadCount.objects.values_list("count", flat=True)) == [7] * count


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
