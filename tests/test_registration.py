"""How an account begins."""

from typing import Any
from unittest.mock import patch

import pytest
from django.core import mail

from dualis import errors
from dualis.accounts import registration, tokens, users
from dualis.accounts.models import AccountToken, Session, User
from tests.people import LAPTOP, NOW, PASSWORD, later, make_user

pytestmark = pytest.mark.django_db


def register(email: str = "Ada@Example.com", password: str = PASSWORD):
    return registration.register(email, password, LAPTOP, now=NOW, display_name="Ada")


def test_registration_opens_an_active_retail_account_and_a_session():
    issued = register()
    user = User.objects.get()
    assert issued.user.to_dict() == {
        "id": user.id,
        "email": "ada@example.com",
        "role": "retail",
        "accountStatus": "active",
        "emailVerified": False,
        "displayName": "Ada",
        "createdAt": "2026-03-01T10:00:00.000Z",
        "lastLoginAt": None,
    }
    assert user.id.startswith("usr_")
    assert not user.is_staff
    assert tokens.authenticate(issued.access_token, now=NOW).user_id == user.id


def test_letter_leaves_after_commit_and_its_link_verifies(
    django_capture_on_commit_callbacks: Any, settings: Any
):
    settings.PUBLIC_URL = "https://dualis.example"
    with django_capture_on_commit_callbacks() as callbacks:
        register()
    assert mail.outbox == []
    for callback in callbacks:
        callback()
    [letter] = mail.outbox
    assert letter.to == ["ada@example.com"]
    assert "https://dualis.example/verify-email?token=" in letter.body
    token = letter.body.split("token=")[1].split()[0]
    registration.verify_email(token, now=later(hours=23))
    assert User.objects.get().email_verified_at == later(hours=23)
    with pytest.raises(errors.TokenInvalid):
        registration.verify_email(token, now=later(hours=23))


def test_letter_that_cannot_be_sent_does_not_undo_the_registration(
    settings: Any, caplog: Any, django_capture_on_commit_callbacks: Any
):
    settings.EMAIL_BACKEND = "no.such.Backend"
    with django_capture_on_commit_callbacks(execute=True):
        register()
    assert User.objects.exists()
    assert "Error calling" in caplog.text


def test_known_address_is_refused_in_any_case():
    make_user()
    with pytest.raises(errors.EmailAlreadyExists):
        register("ADA@example.COM")
    assert not Session.objects.exists()


def test_address_registered_between_look_up_and_insert_is_refused():
    make_user()
    with (
        patch.object(users, "by_email", return_value=None),
        pytest.raises(errors.EmailAlreadyExists),
    ):
        register()
    assert User.objects.count() == 1


def test_weak_password_opens_nothing():
    with pytest.raises(errors.PasswordTooWeak):
        register(password="alllowercase1")
    assert not User.objects.exists()
    assert not AccountToken.objects.exists()
