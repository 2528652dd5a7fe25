"""Money in the admin: rows to look at, and the booking form."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from dualis.accounts import ledger, wallets
from dualis.accounts.models import AuditEntry, User
from dualis.accounts.money import Entry, Movement, Wallet
from dualis.oracle.assets import seed_assets
from tests.admin_pages import address
from tests.people import NOW, PASSWORD, make_staff, make_user

pytestmark = pytest.mark.django_db
BOOK = "/admin/accounts/movement/book/"


def sign_in(client: Client, user: User) -> User:
    client.post("/login", {"email": user.email, "password": PASSWORD, "next": "/admin/"})
    return user


@pytest.fixture
def staff(client: Client) -> User:
    seed_assets()
    return sign_in(client, make_staff())


def asked(**changed: Any) -> dict[str, Any]:
    form = {
        "key": "k1",
        "kind": "deposit",
        "user": "Ada@example.com",
        "asset": "USDC",
        "amount": "12.5",
        "memo": "wire 7",
    }
    return form | changed


def test_a_deposit_and_a_withdrawal_are_booked_and_audited(client: Client, staff: User):
    ada = make_user()
    page = client.get(BOOK)
    assert page.status_code == 200 and page.context["form"]["key"].value()
    done = client.post(BOOK, asked(), follow=True)
    assert "Booked." in done.content.decode()
    client.post(BOOK, asked(key="k2", kind="withdrawal", user=ada.id, amount="2.25"))
    assert Wallet.objects.get().amount == Decimal("10.25")
    assert ledger.balance(wallets.account_of(ada.id), "USDC") == Decimal("10.25")
    trail = AuditEntry.objects.order_by("id").values_list("actor", "action", "target", "address")
    assert list(trail) == [
        (staff.id, "deposit", ada.id, "127.0.0.1"),
        (staff.id, "withdrawal", ada.id, "127.0.0.1"),
    ]


def test_a_form_sent_twice_books_once(client: Client, staff: User):
    make_user()
    for _ in range(2):
        assert client.post(BOOK, asked()).status_code == 302
    assert Movement.objects.count() == AuditEntry.objects.count() == 1
    changed = client.post(BOOK, asked(amount="13"))
    assert "was used for another request" in changed.content.decode()
    assert Movement.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"kind": "withdrawal"}, "The balance is 0 USDC; 12.5 is needed."),
        ({"amount": "0.0000001"}, "at most 6 decimals"),
        ({"amount": "-1"}, "must be above 0"),
        ({"user": "nobody@example.com"}, "There is no such user."),
        ({"user": "staff@example.com"}, "You may not do this."),
        ({"asset": "DOGE"}, "Select a valid choice"),
        ({"memo": ""}, "This field is required."),
        ({"kind": "gift"}, "Select a valid choice"),
    ],
)
def test_a_refused_booking_says_why_and_changes_nothing(
    client: Client, staff: User, changed: dict[str, str], text: str
):
    make_user()
    page = client.post(BOOK, asked(**changed))
    assert page.status_code == 200
    assert text in page.content.decode()
    assert not Movement.objects.exists() and not Wallet.objects.exists()


def test_booking_needs_the_permission(client: Client):
    seed_assets()
    clerk = sign_in(client, make_user("clerk@example.com", role="admin"))
    clerk.user_permissions.add(Permission.objects.get(codename="view_movement"))
    make_user()
    listed = client.get(reverse("admin:accounts_movement_changelist"))
    assert BOOK not in listed.content.decode()
    assert client.get(BOOK).status_code == 403
    assert client.post(BOOK, asked()).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="add_movement"))
    assert client.post(BOOK, asked()).status_code == 302
    listed = client.get(reverse("admin:accounts_movement_changelist"))
    assert BOOK in listed.content.decode()


def test_booking_is_for_staff(client: Client):
    sign_in(client, make_user())
    assert client.post(BOOK, asked())["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("model", [Wallet, Movement, Entry])
def test_rows_are_shown_and_neither_added_changed_nor_deleted(
    client: Client, staff: User, model: Any
):
    wallets.faucet(make_user().id, NOW)
    row = model.objects.first()
    name = model._meta.model_name
    listed = client.get(reverse(f"admin:accounts_{name}_changelist"), {"q": "ada@example.com"})
    assert listed.status_code == 200 and len(listed.context["cl"].result_list) > 0
    change = address(f"accounts_{name}", "change", row.pk)
    assert client.get(change).status_code == 200
    assert client.post(change, {}).status_code == 403
    assert client.get(reverse(f"admin:accounts_{name}_add")).status_code == 403
    delete = address(f"accounts_{name}", "delete", row.pk)
    assert client.post(delete, {"post": "yes"}).status_code == 403


def test_a_movement_shows_its_entries(client: Client, staff: User):
    ada = make_user()
    movement = wallets.faucet(ada.id, NOW)
    page = client.get(address("accounts_movement", "change", movement.pk))
    text = page.content.decode()
    assert f"wallet:{ada.id}" in text and "outside" in text
