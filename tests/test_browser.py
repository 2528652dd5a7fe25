"""The pages of an account."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from dualis.accounts import account_tokens, passwords, registration
from dualis.accounts.models import Purpose, Session, User
from tests.people import LAPTOP, NOW, PASSWORD, make_user, sign_in

pytestmark = pytest.mark.django_db


def log_in(
    client: Client, *, email: str = "ada@example.com", password: str = PASSWORD, **form: Any
):
    return client.post("/login", {"email": email, "password": password} | form)


def test_login_page_is_a_plain_labelled_form(client: Client):
    text = client.get("/login?next=/portfolio").content.decode()
    assert 'name="csrfmiddlewaretoken"' in text
    assert '<label for="id_email">' in text
    assert '<label for="id_password">' in text
    assert 'autocomplete="current-password"' in text
    assert 'name="next" value="/portfolio"' in text
    assert not re.search(r"<script(?![^>]* src=)", text), "no inline script"


def test_login_opens_a_browser_session_and_goes_on(client: Client):
    make_user()
    response = log_in(client, next="/portfolio?tab=1")
    assert (response.status_code, response["Location"]) == (302, "/portfolio?tab=1")
    session = Session.objects.get()
    assert (session.kind, session.scope, session.address) == ("browser", "full", "127.0.0.1")
    assert session.browser_key == client.session.session_key
    assert client.session["session_id"] == session.id
    assert client.get("/v1/auth/me").json()["data"]["email"] == "ada@example.com"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example", ""],
)
def test_login_never_leaves_this_host(client: Client, address: str):
    make_user()
    assert "evil" not in client.get("/login", {"next": address}).content.decode()
    assert log_in(client, next=address)["Location"] == "/"


def test_wrong_password_shows_the_error_and_keeps_the_address_not_the_password(client: Client):
    make_user()
    response = log_in(client, password="Wrong-Horse-7", next="/portfolio")
    text = response.content.decode()
    assert response.status_code == 401
    assert 'role="alert"' in text and "E-mail or password is wrong." in text
    assert 'value="ada@example.com"' in text and 'value="/portfolio"' in text
    assert "Wrong-Horse-7" not in text
    assert not Session.objects.exists()


def test_incomplete_form_is_shown_again(client: Client):
    response = client.post("/login", {"email": "no address"})
    assert response.status_code == 400
    assert response.content.decode().count('role="alert"') == 2


def test_login_needs_the_csrf_token():
    make_user()
    assert log_in(Client(enforce_csrf_checks=True)).status_code == 403


def test_login_page_is_rate_limited_with_the_rest_route(client: Client, settings: Any):
    settings.LOGIN_RATE = "1/15m"
    make_user()
    body = {"email": "ada@example.com", "password": "Wrong"}
    client.post("/v1/auth/login", body, content_type="application/json")
    response = log_in(client)
    assert response.status_code == 429
    assert "Too many requests" in response.content.decode()


def test_signing_in_again_ends_the_browsers_session_before(client: Client):
    make_user()
    make_user("eve@example.com")
    log_in(client)
    log_in(client)
    log_in(client, email="eve@example.com")
    open_ones = Session.objects.filter(ended_at=None)
    assert [session.user.email for session in open_ones] == ["eve@example.com"]
    assert Session.objects.count() == 3
    assert client.get("/v1/auth/me").json()["data"]["email"] == "eve@example.com"


def test_logout_ends_the_session_and_the_cookie(client: Client):
    make_user()
    log_in(client)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout")["Location"] == "/login"
    assert Session.objects.get().end_reason == "logout"
    assert client.get("/v1/auth/me").status_code == 401


def test_logout_without_a_session_is_no_error(client: Client):
    assert client.post("/logout").status_code == 302


def test_ended_session_takes_its_cookie_with_it(client: Client):
    user = make_user()
    log_in(client)
    assert client.get("/password").status_code == 200
    key = Session.objects.get().browser_key
    passwords.reset(_reset_token(user), "Another-Horse-8", now=NOW)
    assert not client.session.exists(key)
    assert client.get("/password")["Location"] == "/login?next=/password"


def _reset_token(user: User) -> str:
    return account_tokens.issue(user, Purpose.RESET_PASSWORD, now=NOW)


def test_password_page_ends_the_others_and_keeps_this_browser(client: Client):
    user = make_user()
    sign_in(user)
    log_in(client)
    before = Session.objects.get(kind="browser")
    response = client.post("/password", {"current": PASSWORD, "new": "Another-Horse-8"})
    assert response.status_code == 302
    open_one = Session.objects.get(ended_at=None)
    assert open_one.kind == "browser" and open_one.id != before.id
    assert open_one.browser_key == client.session.session_key
    assert client.get("/v1/auth/me").status_code == 200
    user.refresh_from_db()
    assert user.check_password("Another-Horse-8")


def test_password_page_shows_refusals(client: Client):
    make_user()
    log_in(client)
    wrong = client.post("/password", {"current": "Wrong", "new": "Another-Horse-8"})
    weak = client.post("/password", {"current": PASSWORD, "new": "weak"})
    assert (wrong.status_code, weak.status_code) == (401, 400)
    assert "Use 8 to 128 characters." in weak.content.decode()
    assert Session.objects.get().is_open()


def test_links_of_the_letters_show_a_form_and_work_when_it_is_sent(
    client: Client, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        registration.register("ada@example.com", PASSWORD, LAPTOP, now=timezone.now())
        passwords.forget("ada@example.com", now=timezone.now())
    for letter, form, done in [
        (mail.outbox[0], {}, "/"),
        (mail.outbox[1], {"new": "Another-Horse-8"}, "/login"),
    ]:
        link = letter.body.split("http://localhost:4000")[1].split()[0]
        token = link.split("token=")[1]
        assert f'name="token" value="{token}"' in client.get(link).content.decode()
        assert client.get(link).status_code == 200
        address = link.split("?")[0]
        assert client.post(address, form | {"token": token})["Location"] == done
        again = client.post(address, form | {"token": token})
        assert again.status_code == 400
        assert "This link or token is not valid." in again.content.decode()
    user = User.objects.get()
    assert user.email_verified_at is not None
    assert user.check_password("Another-Horse-8")
