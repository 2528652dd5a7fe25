"""The admin of accounts: its door, its actions, what it never shows."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from dualis.accounts import guard, sessions
from dualis.accounts.models import AuditEntry, LoginGuard, Session, Status, User
from tests.admin_pages import address
from tests.people import NOW, PASSWORD, make_staff, make_user, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> User:
    staff = make_staff()
    client.post("/login", {"email": staff.email, "password": PASSWORD, "next": "/admin/"})
    return staff


def act(client: Client, model: str, action: str, *rows: Any) -> Any:
    address = reverse(f"admin:accounts_{model}_changelist")
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(address, body, follow=True)


def test_admin_sends_to_our_login_and_back(client: Client):
    make_staff()
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/login?next=%2Fadmin%2F"
    form = {"email": "staff@example.com", "password": PASSWORD, "next": "/admin/"}
    assert client.post("/login", form)["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert Session.objects.get().kind == "browser"
    assert client.get("/admin/login/?next=/admin/accounts/")["Location"] == "/admin/accounts/"


def test_admin_login_takes_no_password_of_its_own(client: Client):
    make_staff()
    form = {"username": "staff@example.com", "password": PASSWORD}
    assert client.post("/admin/login/", form)["Location"].startswith("/login?")
    assert not Session.objects.exists()


def test_admin_is_closed_to_who_is_not_staff(client: Client):
    make_user()
    client.post("/login", {"email": "ada@example.com", "password": PASSWORD})
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login?")
    assert "Sign in" in response.content.decode()


def test_admin_logout_ends_our_session(client: Client, staff: User):
    client.post("/admin/logout/")
    assert not Session.objects.get().is_open()


def test_admin_password_change_is_our_page(client: Client, staff: User):
    assert client.get("/admin/password_change/")["Location"] == "/password"


def test_ended_session_closes_the_admin_at_once(client: Client, staff: User):
    sessions.end_all(staff.id, reason="logout_all", now=NOW)
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize(
    ("action", "status"),
    [("suspend", Status.SUSPENDED), ("deactivate", Status.DEACTIVATED)],
)
def test_keeping_out_is_audited(client: Client, staff: User, action: str, status: Status):
    user = make_user()
    sign_in(user)
    response = act(client, "user", action, user)
    assert "Done for 1." in response.content.decode()
    user.refresh_from_db()
    assert user.status == status
    assert not Session.objects.get(user=user).is_open()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target) == (staff, action, user.id)
    assert entry.address == "127.0.0.1"


def test_reactivation_is_audited(client: Client, staff: User):
    user = make_user(status=Status.SUSPENDED)
    act(client, "user", "reactivate", user)
    user.refresh_from_db()
    assert user.status == Status.ACTIVE
    assert AuditEntry.objects.get().action == "reactivate"


def test_acting_on_oneself_is_refused_and_said(client: Client, staff: User):
    response = act(client, "user", "suspend", staff)
    assert "You may not do this." in response.content.decode()
    assert not AuditEntry.objects.exists()


def test_ending_sessions_is_audited(client: Client, staff: User):
    user = make_user()
    sign_in(user)
    sign_in(user)
    act(client, "session", "end", Session.objects.filter(user=user)[0])
    assert Session.objects.filter(user=user, ended_at=None).count() == 1
    act(client, "user", "end_sessions", user)
    assert Session.objects.filter(user=user, ended_at=None).count() == 0
    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["end_session", "end_sessions"]


def test_unlocking_is_audited(client: Client, staff: User):
    guard.admit("192.0.2.1", "ada@example.com", now=NOW)
    row = LoginGuard.objects.get(email="ada@example.com")
    act(client, "loginguard", "unlock", row)
    assert not LoginGuard.objects.exists()
    assert AuditEntry.objects.get().action == "unlock_login"


def test_pages_show_rows_without_secrets_and_change_nothing(client: Client, staff: User):
    user = make_user()
    sign_in(user)
    guard.admit("192.0.2.1", "ada@example.com", now=NOW)
    act(client, "user", "suspend", user)
    session = Session.objects.get(user=user)
    own = Session.objects.get(user=staff)
    for model, row in [
        ("user", user),
        ("session", session),
        ("session", own),
        ("loginguard", LoginGuard.objects.get()),
        ("auditentry", AuditEntry.objects.get()),
    ]:
        assert client.get(reverse(f"admin:accounts_{model}_changelist")).status_code == 200
        page = client.get(address(f"accounts_{model}", "change", row.pk))
        text = page.content.decode()
        assert page.status_code == 200
        for secret in (user.password, session.refresh_jti, own.browser_key):
            assert secret not in text
        add = client.get(reverse(f"admin:accounts_{model}_add"))
        assert add.status_code == 403
        delete = client.post(
            reverse(f"admin:accounts_{model}_delete", args=[row.pk]), {"post": "yes"}
        )
        assert delete.status_code == 403


def test_staff_without_permission_cannot_act(client: Client):
    clerk = User.objects.create_user("clerk@example.com", PASSWORD, role="admin")
    client.post("/login", {"email": clerk.email, "password": PASSWORD})
    user = make_user()
    act(client, "user", "suspend", user)
    user.refresh_from_db()
    assert user.status == Status.ACTIVE
