"""The rows of money: what is written stays."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from dualis.accounts import ledger
from dualis.accounts.ledger import Leg
from dualis.accounts.money import Entry, Movement, Wallet
from tests.people import NOW, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def movement():
    return ledger.post("gift", [Leg("a", "ETH", Decimal(1)), Leg("b", "ETH", Decimal(-1))], now=NOW)


@pytest.mark.parametrize("model", [Movement, Entry])
def test_a_written_row_is_neither_saved_again_nor_deleted(movement, model):
    row = model.objects.first()
    for change in (row.save, row.delete):
        with pytest.raises(TypeError):
            change()
    for change in (
        model.objects.all().delete,
        lambda: model.objects.update(at=NOW),
        lambda: model.objects.bulk_update([row], ["at"]),
    ):
        with pytest.raises(TypeError):
            change()
    assert (Movement.objects.count(), Entry.objects.count()) == (1, 2)


def test_users_of_money_cannot_be_deleted():
    user = make_user()
    Wallet.objects.create(user=user, asset="ETH")
    with pytest.raises(ProtectedError):
        user.delete()


def test_there_is_one_wallet_of_an_asset():
    user = make_user()
    Wallet.objects.create(user=user, asset="ETH")
    with pytest.raises(IntegrityError), transaction.atomic():
        Wallet.objects.create(user=user, asset="ETH")


def test_amounts_are_exact_to_eighteen_places():
    amount = Decimal("12345678901234567890.123456789012345678")
    wallet = Wallet.objects.create(user=make_user(), asset="ETH", amount=amount)
    wallet.refresh_from_db()
    assert wallet.amount == amount
    assert wallet.to_dict()["amount"] == "12345678901234567890.123456789012345678"
    with pytest.raises(ValidationError):
        wallet.amount = 0.1


def test_a_receipt_is_the_transaction_of_the_envelope(movement):
    assert movement.receipt() == {
        "id": movement.id,
        "status": "confirmed",
        "timestamp": "2026-03-01T10:00:00.000Z",
    }
    assert movement.id.startswith("mov_")
