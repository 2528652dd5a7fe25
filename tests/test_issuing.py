"""The pair of tokens and its rotation."""

from unittest.mock import patch

import pytest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from dualis import errors
from dualis.accounts import issuing, sessions, tokens
from dualis.accounts.models import Session, Status, User
from dualis.notifications.models import Notification
from tests.people import NOW, later, make_user, sign_in

pytestmark = pytest.mark.django_db


def test_refresh_gives_a_new_pair_of_the_same_session():
    issued = sign_in(make_user())
    renewed = issuing.refresh(issued.refresh_token, now=later(days=1))
    session = Session.objects.get()
    assert renewed.refresh_token != issued.refresh_token
    assert renewed.expires_at == session.expires_at == later(days=8)
    identity = tokens.authenticate(renewed.access_token, now=later(days=1))
    assert identity.session_id == session.id
    assert session.last_used_at == later(days=1)


def test_chain_of_refreshes_goes_on():
    issued = sign_in(make_user())
    for day in range(1, 20):
        issued = issuing.refresh(issued.refresh_token, now=later(days=day))
    assert Session.objects.get().ended_at is None


def test_rotated_token_is_blacklisted_and_no_text_is_kept():
    issued = sign_in(make_user())
    old = tokens.verify_refresh(issued.refresh_token, NOW).jti
    issuing.refresh(issued.refresh_token, now=NOW)
    assert list(BlacklistedToken.objects.values_list("token__jti", flat=True)) == [old]
    assert set(OutstandingToken.objects.values_list("token", flat=True)) == {""}


def test_replayed_refresh_token_ends_the_family_and_tells_the_user():
    user = make_user()
    issued = sign_in(user)
    other = sign_in(user)
    renewed = issuing.refresh(issued.refresh_token, now=later(minutes=1))
    with pytest.raises(errors.SessionExpired):
        issuing.refresh(issued.refresh_token, now=later(minutes=2))
    with pytest.raises(errors.SessionExpired):
        issuing.refresh(renewed.refresh_token, now=later(minutes=3))
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(renewed.access_token, now=later(minutes=3))
    ended = Session.objects.exclude(ended_at=None).get()
    assert (ended.end_reason, ended.ended_at) == ("refresh_replayed", later(minutes=2))
    assert tokens.authenticate(other.access_token, now=later(minutes=3))
    assert [notice.type for notice in Notification.objects.all()] == ["SESSIONS_REVOKED"]


def test_replay_of_an_ended_family_tells_nobody_again():
    user = make_user()
    issued = sign_in(user)
    issuing.refresh(issued.refresh_token, now=NOW)
    for _ in range(2):
        with pytest.raises(errors.SessionExpired):
            issuing.refresh(issued.refresh_token, now=NOW)
    assert Notification.objects.count() == 1


def test_second_of_two_concurrent_refreshes_ends_the_family():
    """Both read the same token; the second passes its check while the first rotates."""
    issued = sign_in(make_user())
    real = tokens.verify_refresh
    won = []

    def verify_then_lose(token, now):
        claims = real(token, now)
        with patch("dualis.accounts.issuing.tokens.verify_refresh", real):
            won.append(issuing.refresh(token, now=now))
        return claims

    with (
        patch("dualis.accounts.issuing.tokens.verify_refresh", verify_then_lose),
        pytest.raises(errors.SessionExpired),
    ):
        issuing.refresh(issued.refresh_token, now=NOW)
    assert len(won) == 1
    assert Session.objects.get().end_reason == "refresh_replayed"


def test_refresh_after_its_week_is_session_expired():
    issued = sign_in(make_user())
    with pytest.raises(errors.SessionExpired):
        issuing.refresh(issued.refresh_token, now=later(days=7))
    assert Session.objects.get().ended_at is None


def test_refresh_of_an_ended_session_is_session_expired():
    user = make_user()
    issued = sign_in(user)
    sessions.end_all(user.id, reason="logout_all", now=NOW)
    with pytest.raises(errors.SessionExpired):
        issuing.refresh(issued.refresh_token, now=NOW)
    assert BlacklistedToken.objects.count() == 1


def test_refresh_of_a_suspended_user_is_session_expired():
    issued = sign_in(make_user())
    User.objects.update(status=Status.SUSPENDED)
    with pytest.raises(errors.SessionExpired):
        issuing.refresh(issued.refresh_token, now=NOW)
