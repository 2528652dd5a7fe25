"""Stream tokens."""

import pytest

from dualis import errors
from dualis.accounts import sessions, streams, tokens
from dualis.accounts.models import Session, SessionKind
from dualis.notifications.models import Notification
from tests.people import LAPTOP, NOW, later, make_user, sign_in

pytestmark = pytest.mark.django_db


def create(days: int = 30):
    issued = sign_in(make_user())
    identity = tokens.authenticate(issued.access_token, now=NOW)
    return streams.create(identity, "bot", days, LAPTOP, now=NOW)


def test_stream_token_is_a_read_only_named_session():
    session, token = create()
    assert (session.kind, session.scope, session.name) == ("stream", "read", "bot")
    identity = tokens.authenticate(token, now=later(days=30, seconds=-1))
    assert (identity.scope, identity.session_id) == ("read", session.id)
    assert identity.expires_at == later(days=30)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(token, now=later(days=30))
    assert Notification.objects.get().type == "STREAM_TOKEN_CREATED"


@pytest.mark.parametrize("days", [0, -1, 31])
def test_stream_token_lasts_one_to_thirty_days(days: int):
    with pytest.raises(errors.ValidationError):
        create(days)


def test_stream_token_outlives_the_session_that_made_it_but_not_logout_everywhere():
    session, token = create()
    caller = Session.objects.get(kind="api")
    sessions.end_one(caller.id, reason="logout", now=NOW)
    assert tokens.authenticate(token, now=NOW)
    sessions.end_all(session.user_id, reason="logout_all", now=NOW)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(token, now=NOW)


def test_revoked_stream_token_does_not_count():
    session, token = create()
    sessions.revoke(session.user_id, session.id, kinds=[SessionKind.STREAM], now=NOW)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(token, now=NOW)


def test_session_that_ended_meanwhile_makes_no_stream_token():
    issued = sign_in(make_user())
    identity = tokens.authenticate(issued.access_token, now=NOW)
    sessions.end_all(identity.user_id, reason="logout_all", now=NOW)
    with pytest.raises(errors.Unauthorized):
        streams.create(identity, "bot", 1, LAPTOP, now=NOW)
    assert not Session.objects.filter(kind="stream").exists()
