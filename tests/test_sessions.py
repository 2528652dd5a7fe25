"""Sessions as rows: what they show, how they end, what use of them costs."""

import json
from typing import Any

import pytest

from dualis import errors
from dualis.accounts import sessions
from dualis.accounts.models import Session, SessionKind, SessionUse
from dualis.bulk import rows_saved
from tests.people import LAPTOP, NOW, later, make_user, sign_in

pytestmark = pytest.mark.django_db


def test_row_shows_the_session_and_no_secret():
    sign_in(make_user())
    session = Session.objects.get()
    row = session.to_dict()
    assert row == {
        "id": session.id,
        "kind": "api",
        "name": "",
        "scope": "full",
        "address": LAPTOP.address,
        "userAgent": LAPTOP.user_agent,
        "createdAt": "2026-03-01T10:00:00.000Z",
        "lastUsedAt": "2026-03-01T10:00:00.000Z",
        "expiresAt": "2026-03-08T10:00:00.000Z",
        "endedAt": None,
    }
    assert session.refresh_jti not in json.dumps(row)
    assert session.stream_key() == session.id
    assert session.stream_owner() == session.user_id
    assert session.stream_dims() == (session.id,)
    assert session.is_open()


def test_end_all_announces_every_ended_session_once():
    user = make_user()
    for _ in range(3):
        sign_in(user)
    sign_in(make_user("eve@example.com"))
    heard: list[list[Any]] = []

    def hear(sender, rows, **kwargs):
        heard.append(rows)

    rows_saved.connect(hear)
    try:
        assert sessions.end_all(user.id, reason="logout_all", now=NOW) == 3
        assert sessions.end_all(user.id, reason="logout_all", now=NOW) == 0
    finally:
        rows_saved.disconnect(hear)
    assert [len(rows) for rows in heard] == [3]
    assert not any(row.is_open() for row in heard[0])
    assert Session.objects.filter(ended_at=None).count() == 1


def test_ending_again_keeps_the_first_reason_and_time():
    user = make_user()
    sign_in(user)
    session = Session.objects.get()
    sessions.end_one(session.id, reason="logout", now=NOW)
    sessions.end_one(session.id, reason="staff", now=later(hours=1))
    session.refresh_from_db()
    assert (session.end_reason, session.ended_at) == ("logout", NOW)


def test_use_is_written_once_a_minute_and_not_published():
    sign_in(make_user())
    for seconds, expected in [(59, 0), (60, 60), (119, 60), (120, 120)]:
        session = Session.objects.select_related("use").get()
        sessions.touch(session, now=later(seconds=seconds))
        assert SessionUse.objects.get().used_at == later(seconds=expected)
    assert Session.objects.get().last_used_at == NOW


def test_touch_within_the_minute_asks_the_database_nothing(django_assert_num_queries):
    sign_in(make_user())
    session = Session.objects.select_related("use").get()
    with django_assert_num_queries(0):
        sessions.touch(session, now=later(seconds=30))


def test_list_shows_usable_sign_ins_newest_first_with_their_latest_use():
    user = make_user()
    sign_in(user)
    sign_in(user, now=later(hours=1))
    sign_in(user, now=later(hours=2))
    newest, middle, oldest = Session.objects.all()
    sessions.end_one(middle.id, reason="logout", now=NOW)
    sessions.touch(Session.objects.select_related("use").get(pk=oldest.pk), now=later(hours=3))
    rows = sessions.listed(user.id, kinds=sessions.SIGN_INS, now=later(hours=3))
    assert [row.id for row in rows] == [newest.id, oldest.id]
    assert rows[1].last_used_at == later(hours=3)
    assert sessions.listed(user.id, kinds=sessions.SIGN_INS, now=later(days=7, hours=3)) == []


def test_revoke_ends_only_own_usable_sessions_of_the_kind():
    ada, eve = make_user(), make_user("eve@example.com")
    sign_in(ada)
    session = Session.objects.get()
    for user, kinds, now in [
        (eve, sessions.SIGN_INS, NOW),
        (ada, [SessionKind.STREAM], NOW),
        (ada, sessions.SIGN_INS, later(days=7)),
    ]:
        with pytest.raises(errors.NotFound):
            sessions.revoke(user.id, session.id, kinds=kinds, now=now)
    sessions.revoke(ada.id, session.id, kinds=sessions.SIGN_INS, now=NOW)
    with pytest.raises(errors.NotFound):
        sessions.revoke(ada.id, session.id, kinds=sessions.SIGN_INS, now=NOW)
    with pytest.raises(errors.NotFound):
        sessions.revoke(ada.id, "ses_nothere00000", kinds=sessions.SIGN_INS, now=NOW)
