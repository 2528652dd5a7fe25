"""The REST routes of sessions and stream tokens, and what a stream token may do."""

from typing import Any

import pytest
from django.test import Client
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from dualis.accounts import tokens
from dualis.accounts.models import Session
from dualis.accounts.permissions import identity_of
from dualis.api import reply
from dualis.urls import urlpatterns as real_urlpatterns
from tests.people import PASSWORD, bearer, make_user

pytestmark = pytest.mark.django_db
AUTH = "/v1/auth/"


class Probe(APIView):
    """Stands for any route of the market that needs a user."""

    def get(self, request: Request) -> Response:
        return reply({"scope": identity_of(request).scope})

    def post(self, request: Request) -> Response:
        return reply({})


urlpatterns = [path("v1/probe", Probe.as_view()), *real_urlpatterns]


def log_in(email: str = "ada@example.com") -> dict[str, Any]:
    body = {"email": email, "password": PASSWORD}
    return APIClient().post(AUTH + "login", body, format="json").json()["data"]


@pytest.fixture
def client() -> APIClient:
    make_user()
    return bearer(log_in()["accessToken"])


@pytest.fixture
def browser() -> Client:
    """A browser that signed in at the page, with CSRF checks as in real life."""
    make_user()
    browser = Client(enforce_csrf_checks=True)
    browser.get("/login")
    form = {"email": "ada@example.com", "password": PASSWORD}
    response = browser.post("/login", form | {"csrfmiddlewaretoken": csrf(browser)})
    assert response.status_code == 302
    return browser


def post(browser: Client, address: str, token: str = "") -> Any:
    headers = {"X-CSRFToken": token} if token else {}
    return browser.post(address, content_type="application/json", headers=headers)


def csrf(browser: Client) -> str:
    return browser.cookies["csrftoken"].value


def make_stream_token(client: APIClient, **body: Any) -> Any:
    return client.post(AUTH + "stream-token", {"name": "bot"} | body, format="json")


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_sessions_are_listed_with_the_current_one_marked(client: APIClient):
    log_in()
    make_user("eve@example.com")
    log_in("eve@example.com")
    rows = client.get(AUTH + "sessions").json()["data"]
    assert [row["current"] for row in rows] == [False, True]
    assert {row["kind"] for row in rows} == {"api"}


def test_revoked_sessions_access_token_is_refused_at_once(client: APIClient):
    other = log_in()
    other_id = client.get(AUTH + "sessions").json()["data"][0]["id"]
    assert client.delete(f"{AUTH}sessions/{other_id}").status_code == 200
    assert code(bearer(other["accessToken"]).get(AUTH + "me")) == (401, "UNAUTHORIZED")
    assert code(client.delete(f"{AUTH}sessions/{other_id}")) == (404, "NOT_FOUND")


def test_somebody_elses_session_is_not_found(client: APIClient):
    make_user("eve@example.com")
    log_in("eve@example.com")
    theirs = Session.objects.get(user__email="eve@example.com")
    assert code(client.delete(f"{AUTH}sessions/{theirs.id}")) == (404, "NOT_FOUND")
    assert Session.objects.get(pk=theirs.id).is_open()


def test_stream_token_is_shown_once_and_listed_without_its_text(client: APIClient):
    response = make_stream_token(client, expiresInDays=7)
    assert response.status_code == 201
    made = response.json()["data"]
    assert (made["name"], made["scope"], made["kind"]) == ("bot", "read", "stream")
    [listed] = client.get(AUTH + "stream-tokens").json()["data"]
    assert listed == {key: value for key, value in made.items() if key != "token"}
    assert len(client.get(AUTH + "sessions").json()["data"]) == 1


@pytest.mark.parametrize(
    "body", [{"expiresInDays": 31}, {"expiresInDays": 0}, {"name": ""}, {"name": "x" * 61}]
)
def test_stream_token_refusals(client: APIClient, body: dict[str, Any]):
    assert code(make_stream_token(client, **body)) == (400, "VALIDATION_ERROR")


@pytest.mark.urls("tests.test_session_api")
def test_stream_token_reads_and_nothing_else(client: APIClient):
    token = make_stream_token(client).json()["data"]["token"]
    reader = bearer(token)
    assert reader.get("/v1/probe").json()["data"]["scope"] == "read"
    assert code(reader.post("/v1/probe", {}, format="json")) == (403, "FORBIDDEN")
    for method, route in [
        ("get", "me"),
        ("get", "sessions"),
        ("get", "stream-tokens"),
        ("post", "stream-token"),
        ("post", "logout"),
        ("post", "revoke-all-sessions"),
        ("post", "change-password"),
    ]:
        assert code(getattr(reader, method)(AUTH + route)) == (403, "FORBIDDEN"), route


@pytest.mark.urls("tests.test_session_api")
def test_revoked_stream_token_is_refused_at_once(client: APIClient):
    made = make_stream_token(client).json()["data"]
    assert client.delete(f"{AUTH}stream-tokens/{made['id']}").status_code == 200
    assert code(bearer(made["token"]).get("/v1/probe")) == (401, "UNAUTHORIZED")
    assert client.get(AUTH + "stream-tokens").json()["data"] == []


def test_page_gets_a_token_of_its_own_session(browser: Client):
    response = post(browser, AUTH + "token", csrf(browser))
    assert response.status_code == 200
    data = response.json()["data"]
    session = Session.objects.get()
    assert set(data) == {"token", "expiresAt", "userId"}
    assert data["userId"] == session.user_id
    assert bearer(data["token"]).get(AUTH + "me").status_code == 200
    claims = tokens.verify_claims(data["token"], session.created_at)
    assert claims.sid == session.id


def test_page_without_csrf_token_gets_none(browser: Client):
    assert code(post(browser, AUTH + "token")) == (403, "FORBIDDEN")
    wrong = post(browser, AUTH + "token", "x" * 32)
    assert code(wrong) == (403, "FORBIDDEN")


def test_page_token_needs_the_cookie_not_a_bearer_token(client: APIClient):
    assert code(client.post(AUTH + "token")) == (401, "UNAUTHORIZED")


@pytest.mark.urls("tests.test_session_api")
def test_cookie_reads_without_and_writes_only_with_csrf_token(browser: Client):
    assert browser.get("/v1/probe").json()["data"]["scope"] == "full"
    assert code(post(browser, "/v1/probe")) == (403, "FORBIDDEN")
    written = post(browser, "/v1/probe", csrf(browser))
    assert written.status_code == 200


def test_revoked_browser_session_is_refused_at_once(browser: Client):
    client = bearer(log_in()["accessToken"])
    rows = client.get(AUTH + "sessions").json()["data"]
    [page] = [row for row in rows if row["kind"] == "browser"]
    client.delete(f"{AUTH}sessions/{page['id']}")
    assert code(browser.get(AUTH + "me")) == (401, "UNAUTHORIZED")


def test_cookie_that_survived_its_session_is_refused(browser: Client):
    """Even where the cookie's own session could not be deleted, ours decides."""
    session = Session.objects.get()
    session.ended_at = session.created_at
    session.save()
    assert code(browser.get(AUTH + "me")) == (401, "UNAUTHORIZED")


def test_expired_browser_session_is_refused(browser: Client):
    session = Session.objects.get()
    session.expires_at = session.created_at
    session.save()
    assert code(browser.get(AUTH + "me")) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "bearer x", "Bearer a b", "Bearer é"])
def test_unusable_bearer_header_is_unauthorized(header: str):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=header)
    assert code(client.get(AUTH + "me")) == (401, "UNAUTHORIZED")


def test_request_notes_the_use_of_its_session(client: APIClient):
    session = Session.objects.select_related("use").get()
    session.use.used_at = session.created_at.replace(year=2020)
    session.use.save()
    client.get(AUTH + "me")
    session.use.refresh_from_db()
    assert session.use.used_at >= session.created_at
