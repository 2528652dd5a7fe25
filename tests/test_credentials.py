"""E-mail and password: same steps for everybody, failures that stay."""

from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher, make_password

from dualis import errors
from dualis.accounts import credentials
from dualis.accounts.models import LoginGuard, Status, User
from tests.people import NOW, PASSWORD, later, make_user

pytestmark = pytest.mark.django_db


def verify(email: str = "ada@example.com", password: str = PASSWORD, now=NOW) -> User:
    return credentials.verify(email, password, address="192.0.2.1", now=now)


def hashes_of(email: str, password: str) -> int:
    real = MD5PasswordHasher.encode
    with (
        patch.object(MD5PasswordHasher, "encode", autospec=True, side_effect=real) as encode,
        pytest.raises(errors.InvalidCredentials),
    ):
        verify(email, password)
    return encode.call_count


def test_right_password_gives_the_user_in_any_case_of_the_address():
    user = make_user()
    assert verify("  ADA@Example.com ") == user


def test_unknown_address_hashes_as_often_as_a_wrong_password():
    make_user()
    assert hashes_of("ada@example.com", "Wrong-Horse-7") == 1
    assert hashes_of("nobody@example.com", "Wrong-Horse-7") == 1


def test_unusable_password_hashes_as_often_too():
    User.objects.create_user("ada@example.com", None)
    assert hashes_of("ada@example.com", "Wrong-Horse-7") == 1


def test_unknown_address_is_refused_in_the_same_words():
    make_user()
    with pytest.raises(errors.InvalidCredentials) as wrong:
        verify(password="Wrong-Horse-7")
    with pytest.raises(errors.InvalidCredentials) as unknown:
        verify("nobody@example.com")
    assert (wrong.value.code, wrong.value.message, wrong.value.details) == (
        unknown.value.code,
        unknown.value.message,
        unknown.value.details,
    )


def test_failure_is_committed_though_the_log_in_is_refused():
    make_user()
    with pytest.raises(errors.InvalidCredentials):
        verify(password="Wrong-Horse-7")
    assert LoginGuard.objects.get().failures == 1


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_nine_failures_lock_known_and_unknown_alike(email: str):
    make_user()
    for _ in range(8):
        with pytest.raises(errors.InvalidCredentials):
            verify(email, "Wrong-Horse-7")
    with pytest.raises(errors.AccountLocked):
        verify(email, "Wrong-Horse-7")


def test_right_password_is_refused_while_locked_and_counts_after():
    user = make_user()
    for _ in range(8):
        with pytest.raises(errors.InvalidCredentials):
            verify(password="Wrong-Horse-7")
    with pytest.raises(errors.AccountLocked):
        verify()
    assert verify(now=later(seconds=900)) == user
    assert not LoginGuard.objects.exists()


def test_attempt_is_counted_before_the_password_is_looked_at():
    make_user()
    seen = []
    with (
        patch(
            "dualis.accounts.models.User.check_password",
            side_effect=lambda _: seen.append(LoginGuard.objects.get().failures),
        ),
        pytest.raises(errors.InvalidCredentials),
    ):
        verify()
    assert seen == [1]


@pytest.mark.parametrize(
    ("status", "refusal"),
    [
        (Status.SUSPENDED, errors.AccountSuspended),
        (Status.DEACTIVATED, errors.AccountDeactivated),
    ],
)
def test_standing_is_told_only_after_a_right_password(status, refusal):
    make_user(status=status)
    with pytest.raises(errors.InvalidCredentials):
        verify(password="Wrong-Horse-7")
    with pytest.raises(refusal):
        verify()


def test_lock_verified_refuses_when_the_password_changed_in_between():
    make_user()
    user = verify()
    other = User.objects.get()
    other.set_password("Another-Horse-8")
    other.save()
    with pytest.raises(errors.InvalidCredentials):
        credentials.lock_verified(user)


def test_lock_verified_refuses_who_was_suspended_in_between():
    make_user()
    user = verify()
    User.objects.update(status=Status.SUSPENDED)
    with pytest.raises(errors.AccountSuspended):
        credentials.lock_verified(user)


def test_hash_of_an_older_hasher_is_renewed(settings):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]
    user = make_user()
    User.objects.update(password=make_password(PASSWORD, hasher="pbkdf2_sha256"))
    verified = verify()
    assert credentials.lock_verified(verified) == user
    assert User.objects.get().password.startswith("md5$")
