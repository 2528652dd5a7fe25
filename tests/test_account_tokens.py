"""Single-use tokens of letters."""

import pytest

from dualis import errors
from dualis.accounts import account_tokens
from dualis.accounts.models import AccountToken, Purpose
from tests.people import NOW, later, make_user

pytestmark = pytest.mark.django_db


def test_only_the_digest_is_kept():
    token = account_tokens.issue(make_user(), Purpose.VERIFY_EMAIL, now=NOW)
    row = AccountToken.objects.get()
    assert token not in (row.digest, str(row.pk))
    assert len(row.digest) == 64


@pytest.mark.parametrize(
    ("purpose", "hours"), [(Purpose.VERIFY_EMAIL, 24), (Purpose.RESET_PASSWORD, 1)]
)
def test_token_lives_as_long_as_its_purpose_says(purpose: Purpose, hours: int):
    user = make_user()
    token = account_tokens.issue(user, purpose, now=NOW)
    assert account_tokens.holder(token, purpose, now=later(hours=hours, seconds=-1)) == user
    with pytest.raises(errors.TokenExpired):
        account_tokens.holder(token, purpose, now=later(hours=hours))


def test_token_of_another_purpose_is_invalid():
    token = account_tokens.issue(make_user(), Purpose.VERIFY_EMAIL, now=NOW)
    with pytest.raises(errors.TokenInvalid):
        account_tokens.holder(token, Purpose.RESET_PASSWORD, now=NOW)


def test_newer_token_voids_the_older_of_its_purpose_only():
    user = make_user()
    verify = account_tokens.issue(user, Purpose.VERIFY_EMAIL, now=NOW)
    first = account_tokens.issue(user, Purpose.RESET_PASSWORD, now=NOW)
    second = account_tokens.issue(user, Purpose.RESET_PASSWORD, now=NOW)
    with pytest.raises(errors.TokenInvalid):
        account_tokens.holder(first, Purpose.RESET_PASSWORD, now=NOW)
    assert account_tokens.holder(second, Purpose.RESET_PASSWORD, now=NOW) == user
    assert account_tokens.holder(verify, Purpose.VERIFY_EMAIL, now=NOW) == user


def test_used_token_is_invalid():
    token = account_tokens.issue(make_user(), Purpose.VERIFY_EMAIL, now=NOW)
    account_tokens.consume(token, Purpose.VERIFY_EMAIL, now=NOW)
    with pytest.raises(errors.TokenInvalid):
        account_tokens.consume(token, Purpose.VERIFY_EMAIL, now=NOW)


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "ключ" * 500])
def test_garbage_is_invalid(token: str):
    with pytest.raises(errors.TokenInvalid):
        account_tokens.holder(token, Purpose.VERIFY_EMAIL, now=NOW)


def test_prune_drops_expired_tokens():
    account_tokens.issue(make_user(), Purpose.RESET_PASSWORD, now=NOW)
    assert account_tokens.prune(now=later(minutes=59)) == 0
    assert account_tokens.prune(now=later(hours=1)) == 1
