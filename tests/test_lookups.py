"""Queries built once read what the query set reads, every time anew."""

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from dualis.accounts.models import Session, SessionUse
from dualis.accounts.money import Wallet
from dualis.lookups import built_once, read_all
from tests.people import make_user, sign_in

pytestmark = pytest.mark.django_db


def test_it_reads_instances_as_they_stand_now_and_builds_once():
    built = []

    @built_once
    def of_user(user_id):
        built.append(user_id)
        return Wallet.objects.filter(user_id=user_id).exclude(asset="CC").order_by("-asset")

    ada, bob = make_user(), make_user("bob@example.com")
    for asset in ("CC", "ETH", "USDC"):
        Wallet.objects.create(user=ada, asset=asset, amount=Decimal("1.5"))
    assert [row.asset for row in of_user(ada.id)] == ["USDC", "ETH"]
    assert of_user(bob.id) == []
    (first, _) = of_user(ada.id)
    first.amount = Decimal(2)
    first.save()
    assert [row.amount for row in of_user(ada.id)] == [2, Decimal("1.5")]
    assert len(built) == 1


def test_each_number_of_values_is_a_query_of_its_own():
    @built_once
    def these(*assets):
        return Wallet.objects.filter(asset__in=assets).order_by("asset")

    user = make_user()
    for asset in ("CC", "ETH", "USDC"):
        Wallet.objects.create(user=user, asset=asset)
    assert [row.asset for row in these("USDC", "CC")] == ["CC", "USDC"]
    assert [row.asset for row in these("ETH")] == ["ETH"]
    assert [row.asset for row in these("ETH", "ETH")] == ["ETH"]


def test_numbers_are_compared_as_numbers():
    @built_once
    def recent(number, asset):
        return Wallet.objects.filter(id__gte=number, asset=asset).order_by("id")[:2]

    user = make_user()
    ids = [Wallet.objects.create(user=user, asset=asset).id for asset in ("CC", "ETH", "USDC")]
    assert [row.id for row in recent(ids[1], "ETH")] == [ids[1]]
    assert recent(ids[2], "ETH") == []


def test_several_are_read_in_their_order_in_one_trip():
    @built_once
    def of(asset):
        return Wallet.objects.filter(asset=asset)

    user = make_user()
    for asset in ("CC", "ETH"):
        Wallet.objects.create(user=user, asset=asset)
    of("CC")
    with CaptureQueriesContext(connection) as queries:
        found = read_all(of.of("ETH"), of.of("USDC"), of.of("CC"))
    assert [[row.asset for row in rows] for rows in found] == [["ETH"], [], ["CC"]]
    assert len(queries) == (1 if connection.vendor == "postgresql" else 3)


def test_columns_left_out_are_read_when_they_are_asked_for():
    @built_once
    def of(asset):
        return Wallet.objects.filter(asset=asset).only("asset")

    Wallet.objects.create(user=make_user(), asset="ETH", amount=Decimal("1.5"))
    (row,) = of("ETH")
    assert "amount" not in row.__dict__ and row.amount == Decimal("1.5")


def test_related_rows_come_with_it_in_one_query():
    @built_once
    def session(session_id):
        return Session.objects.filter(pk=session_id).select_related("user", "use")

    sign_in(make_user())
    of_ada = Session.objects.get()
    with CaptureQueriesContext(connection) as queries:
        (row,) = session(of_ada.id)
        assert row.user.email == "ada@example.com"
        assert row.use == SessionUse.objects.get(pk=row.pk)
    assert len(queries) == 2


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_a_bug_the_second_time_too():
    @built_once
    def locked(user_id):
        return Wallet.objects.select_for_update(no_key=True).filter(user_id=user_id)

    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        locked("usr_1")
    if connection.vendor == "postgresql":
        assert "FOR NO KEY UPDATE" in queries[-1]["sql"]
    with pytest.raises(AssertionError):
        locked("usr_1")
