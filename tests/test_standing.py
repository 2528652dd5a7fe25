"""What staff do to accounts, and the trail it leaves."""

import pytest

from dualis import errors
from dualis.accounts import guard, standing, tokens
from dualis.accounts.models import AuditEntry, LoginGuard, Session, Status, User
from tests.people import NOW, make_staff, make_user, sign_in

pytestmark = pytest.mark.django_db
ADDRESS = "192.0.2.9"


@pytest.mark.parametrize(
    ("service", "status"),
    [(standing.suspend, Status.SUSPENDED), (standing.deactivate, Status.DEACTIVATED)],
)
def test_keeping_out_ends_all_sessions_and_is_audited(service, status):
    staff, user = make_staff(), make_user()
    issued = sign_in(user)
    service(user.id, actor=staff, address=ADDRESS, now=NOW)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(issued.access_token, now=NOW)
    user.refresh_from_db()
    assert user.status == status
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.target, entry.address, entry.at) == (staff, user.id, ADDRESS, NOW)
    assert entry.details == {"before": "active", "after": status.value}
    assert Session.objects.get().end_reason == entry.action


def test_reactivation_lets_in_again():
    staff, user = make_staff(), make_user(status=Status.SUSPENDED)
    standing.reactivate(user.id, actor=staff, address=ADDRESS, now=NOW)
    assert sign_in(user)
    assert AuditEntry.objects.get().action == "reactivate"


def test_staff_cannot_change_their_own_standing():
    staff = make_staff()
    with pytest.raises(errors.Forbidden):
        standing.suspend(staff.id, actor=staff, address=ADDRESS, now=NOW)
    assert User.objects.get().status == Status.ACTIVE
    assert not AuditEntry.objects.exists()


def test_unknown_user_is_not_found():
    with pytest.raises(errors.NotFound):
        standing.suspend("usr_nothere", actor=make_staff(), address=ADDRESS, now=NOW)


def test_ended_sessions_are_audited():
    staff, user = make_staff(), make_user()
    sign_in(user)
    sign_in(user)
    assert standing.end_sessions(user.id, actor=staff, address=ADDRESS, now=NOW) == 2
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details) == ("end_sessions", {"ended": 2})


def test_one_ended_session_is_audited():
    staff, user = make_staff(), make_user()
    sign_in(user)
    session = Session.objects.get()
    standing.end_session(session.id, actor=staff, address=ADDRESS, now=NOW)
    assert not Session.objects.get().is_open()
    assert AuditEntry.objects.get().details == {"user": user.id}
    with pytest.raises(errors.NotFound):
        standing.end_session("ses_nothere", actor=staff, address=ADDRESS, now=NOW)


def test_unlock_forgets_the_pair_and_is_audited():
    guard.admit("192.0.2.1", "ada@example.com", now=NOW)
    standing.unlock(LoginGuard.objects.get(), actor=make_staff(), address=ADDRESS, now=NOW)
    assert not LoginGuard.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target) == ("unlock_login", "ada@example.com")
