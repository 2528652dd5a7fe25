"""Notifications in the admin: rows to look at, and the form by which staff tell everybody."""

import pytest
from django.contrib.auth.models import Permission

from dualis.accounts.models import AuditEntry, Role
from dualis.notifications.models import Broadcast
from tests.admin_pages import address
from tests.outgoing import hook, waiting
from tests.people import NOW, PASSWORD, make_staff, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/notifications/broadcast/"
SEND = f"{LIST}send/"
FORM = {"key": "k1", "title": "Down <b>", "message": "From ten\nto eleven."}


def sign_in(client, user):
    client.post("/login", {"email": user.email, "password": PASSWORD, "next": "/admin/"})
    return user


@pytest.fixture
def staff(client):
    return sign_in(client, make_staff())


def test_rows_are_shown_and_a_secret_is_not(client, staff):
    webhook = hook(staff)
    waiting(staff, "webhook", webhook)
    Broadcast.objects.create(type="PROTOCOL_PAUSED", title="t", message="m", created_at=NOW)
    for model in ("notification", "delivery", "webhook", "broadcast"):
        page = client.get(f"/admin/notifications/{model}/")
        assert page.status_code == 200
    page = client.get(address("notifications_webhook", "change", webhook.id)).content.decode()
    assert webhook.url in page and webhook.secret not in page
    assert client.post(address("notifications_webhook", "delete", webhook.id)).status_code == 403
    assert client.get("/admin/notifications/delivery/add/").status_code == 403


def test_a_broadcast_is_looked_at_before_it_is_sent(client, staff):
    make_user()
    assert "Tell everybody" in client.get(LIST).content.decode()
    assert client.get(SEND).context["form"]["key"].value()
    preview = client.post(SEND, FORM).content.decode()
    assert "Down &lt;b&gt;" in preview and "goes to 2 users" in preview
    assert not Broadcast.objects.exists()
    done = client.post(SEND, FORM | {"confirmed": "Send"}, follow=True)
    assert "On its way to everybody." in done.content.decode()
    row, entry = Broadcast.objects.get(), AuditEntry.objects.get()
    assert (row.type, row.title, row.message) == (
        "SYSTEM_MAINTENANCE",
        FORM["title"],
        FORM["message"],
    )
    assert (entry.actor, entry.target, entry.address) == (staff, row.id, "127.0.0.1")


def test_what_is_confirmed_twice_is_sent_once(client, staff):
    for _ in range(2):
        assert client.post(SEND, FORM | {"confirmed": "1"}).status_code == 302
    assert Broadcast.objects.count() == AuditEntry.objects.count() == 1
    other = client.post(SEND, FORM | {"confirmed": "1", "title": "Other"})
    assert "was used for another request" in other.content.decode()


@pytest.mark.parametrize("change", [{"title": ""}, {"message": ""}, {"title": "x" * 161}], ids=str)
def test_a_form_that_is_not_complete_is_not_sent(client, staff, change):
    page = client.post(SEND, FORM | change | {"confirmed": "1"})
    assert page.context["form"].errors and not Broadcast.objects.exists()


def test_only_staff_with_the_permission_may_send(client):
    clerk = make_user("clerk@example.com", role=Role.ADMIN)
    clerk.user_permissions.add(Permission.objects.get(codename="view_broadcast"))
    sign_in(client, clerk)
    assert "Tell everybody" not in client.get(LIST).content.decode()
    assert client.post(SEND, FORM | {"confirmed": "1"}).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="add_broadcast"))
    assert client.post(SEND, FORM | {"confirmed": "1"}).status_code == 302
