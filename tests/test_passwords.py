"""What a good password is, and that a new one puts everybody out."""

from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from dualis import errors
from dualis.accounts import account_tokens, passwords, tokens
from dualis.accounts.models import (
    AccountToken,
    LoginGuard,
    Purpose,
    Session,
    Status,
    User,
)
from dualis.notifications.models import Notification
from tests.people import LAPTOP, NOW, PASSWORD, PHONE, later, make_user, sign_in

pytestmark = pytest.mark.django_db
NEW = "Another-Horse-8"


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Abcdef12", []),
        ("Äbcdéf1２", []),
        ("Abcde12", ["Use 8 to 128 characters."]),
        ("Aa1" + "x" * 125, []),
        ("Aa1" + "x" * 126, ["Use 8 to 128 characters."]),
        ("ABCDEF12", ["Use a lower-case letter."]),
        ("abcdef12", ["Use an upper-case letter."]),
        ("Abcdefgh", ["Use a digit."]),
        (
            "",
            [
                "Use 8 to 128 characters.",
                "Use a lower-case letter.",
                "Use an upper-case letter.",
                "Use a digit.",
            ],
        ),
    ],
)
def test_rules_name_what_is_broken(password: str, broken: list[str]):
    if not broken:
        passwords.PasswordRules().validate(password)
        return
    with pytest.raises(ValidationError) as caught:
        passwords.PasswordRules().validate(password)
    assert caught.value.messages == broken


def test_weak_password_is_refused_with_all_reasons():
    with pytest.raises(errors.PasswordTooWeak) as caught:
        passwords.check_strength("password", User(email="ada@example.com"))
    assert set(caught.value.details["reasons"]) >= {"Use an upper-case letter.", "Use a digit."}
    assert any("common" in reason for reason in caught.value.details["reasons"])


def test_password_like_the_address_is_refused():
    with pytest.raises(errors.PasswordTooWeak):
        passwords.check_strength("Ada.Lovelace1815", User(email="ada.lovelace1815@example.com"))


def test_change_ends_all_sessions_and_opens_one():
    user = make_user()
    old = [sign_in(user), sign_in(user, PHONE)]
    issued = passwords.change(user.id, PASSWORD, NEW, LAPTOP, now=later(minutes=1))
    for each in old:
        with pytest.raises(errors.Unauthorized):
            tokens.authenticate(each.access_token, now=later(minutes=1))
    assert tokens.authenticate(issued.access_token, now=later(minutes=1))
    assert Session.objects.filter(ended_at=None).count() == 1
    assert set(Session.objects.exclude(ended_at=None).values_list("end_reason", flat=True)) == {
        "password_changed"
    }
    assert "PASSWORD_CHANGED" in Notification.objects.values_list("type", flat=True)
    assert User.objects.get().check_password(NEW)


def test_change_with_a_wrong_password_changes_nothing_and_is_counted():
    user = make_user()
    sign_in(user)
    with pytest.raises(errors.InvalidCredentials):
        passwords.change(user.id, "Wrong-Horse-7", NEW, LAPTOP, now=NOW)
    assert LoginGuard.objects.get().failures == 1
    assert User.objects.get().check_password(PASSWORD)
    assert Session.objects.get().ended_at is None


def test_change_to_a_weak_password_changes_nothing():
    user = make_user()
    sign_in(user)
    with pytest.raises(errors.PasswordTooWeak):
        passwords.change(user.id, PASSWORD, "short", LAPTOP, now=NOW)
    assert User.objects.get().check_password(PASSWORD)
    assert Session.objects.get().ended_at is None


def _link_token() -> str:
    return mail.outbox[-1].body.split("token=")[1].split()[0]


def test_forgotten_password_is_reset_by_the_link_of_a_letter(
    django_capture_on_commit_callbacks: Any,
):
    user = make_user()
    issued = sign_in(user)
    with django_capture_on_commit_callbacks(execute=True):
        passwords.forget("ADA@example.com", now=NOW)
    assert mail.outbox[-1].to == ["ada@example.com"]
    passwords.reset(_link_token(), NEW, now=later(minutes=59))
    assert User.objects.get().check_password(NEW)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(issued.access_token, now=NOW)
    assert Session.objects.get().end_reason == "password_reset"
    assert [notice.type for notice in Notification.objects.all()] == ["PASSWORD_CHANGED"]


def test_forget_sends_nothing_to_unknown_and_inactive_addresses(
    django_capture_on_commit_callbacks: Any,
):
    make_user(status=Status.SUSPENDED)
    with django_capture_on_commit_callbacks(execute=True):
        passwords.forget("ada@example.com", now=NOW)
        passwords.forget("nobody@example.com", now=NOW)
    assert mail.outbox == []
    assert not AccountToken.objects.exists()


def test_reset_token_works_once():
    token = account_tokens.issue(make_user(), Purpose.RESET_PASSWORD, now=NOW)
    passwords.reset(token, NEW, now=NOW)
    with pytest.raises(errors.TokenInvalid):
        passwords.reset(token, "Third-Horse-9", now=NOW)
    assert User.objects.get().check_password(NEW)


def test_reset_token_expires_after_an_hour():
    token = account_tokens.issue(make_user(), Purpose.RESET_PASSWORD, now=NOW)
    with pytest.raises(errors.TokenExpired):
        passwords.reset(token, NEW, now=later(hours=1))


def test_reset_to_a_weak_password_leaves_the_token_valid():
    token = account_tokens.issue(make_user(), Purpose.RESET_PASSWORD, now=NOW)
    with pytest.raises(errors.PasswordTooWeak):
        passwords.reset(token, "short", now=NOW)
    passwords.reset(token, NEW, now=NOW)


def test_reset_forgets_failed_log_ins():
    user = make_user()
    with pytest.raises(errors.InvalidCredentials):
        passwords.change(user.id, "Wrong-Horse-7", NEW, LAPTOP, now=NOW)
    token = account_tokens.issue(user, Purpose.RESET_PASSWORD, now=NOW)
    passwords.reset(token, NEW, now=NOW)
    assert not LoginGuard.objects.exists()


def test_reset_of_a_user_suspended_since_the_letter_is_refused():
    user = make_user()
    token = account_tokens.issue(user, Purpose.RESET_PASSWORD, now=NOW)
    User.objects.update(status=Status.SUSPENDED)
    with pytest.raises(errors.AccountSuspended):
        passwords.reset(token, NEW, now=NOW)
