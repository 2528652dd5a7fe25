"""The user as Django and REST see it."""

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from dualis.accounts.models import Status, User
from tests.people import make_user

pytestmark = pytest.mark.django_db


def test_createsuperuser_makes_staff_with_a_lower_case_address(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "Correct-Horse-7")
    call_command("createsuperuser", email="Boss@Example.com", interactive=False, verbosity=0)
    user = User.objects.get()
    assert (user.email, user.role, user.is_superuser) == ("boss@example.com", "admin", True)
    assert user.is_staff and user.is_active and user.email_verified_at
    assert User.objects.get_by_natural_key("BOSS@example.com") == user


@pytest.mark.parametrize(
    ("status", "is_active"),
    [
        (Status.ACTIVE, True),
        (Status.PENDING_VERIFICATION, True),
        (Status.SUSPENDED, False),
        (Status.DEACTIVATED, False),
    ],
)
def test_only_suspended_and_deactivated_users_are_kept_out(status: Status, is_active: bool):
    assert User(status=status).is_active is is_active


def test_address_is_unique_and_lower_case_in_the_database():
    make_user()
    for email in ("ada@example.com", "Eve@example.com"):
        with pytest.raises(IntegrityError), transaction.atomic():
            User(email=email).save()
