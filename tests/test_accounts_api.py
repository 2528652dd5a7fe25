"""The REST routes of an account, as clients see them."""

from ipaddress import ip_network
from typing import Any

import pytest
from django.core import mail
from rest_framework.test import APIClient

from dualis.accounts.models import Session, Status, User
from tests.people import PASSWORD, bearer, make_user

pytestmark = pytest.mark.django_db
AUTH = "/v1/auth/"


@pytest.fixture
def anyone() -> APIClient:
    return APIClient()


def post(client: APIClient, path: str, body: Any = None, **extra: Any) -> Any:
    return client.post(AUTH + path, body or {}, format="json", **extra)


def log_in(client: APIClient, email: str = "ada@example.com", password: str = PASSWORD) -> Any:
    return post(client, "login", {"email": email, "password": password})


@pytest.fixture
def tokens(anyone: APIClient) -> dict[str, Any]:
    make_user()
    return log_in(anyone).json()["data"]


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_register_answers_with_a_session(anyone: APIClient):
    body = {"email": "Ada@example.com", "password": PASSWORD, "displayName": "Ada"}
    response = post(anyone, "register/retail", body)
    assert response.status_code == 201
    data = response.json()["data"]
    assert set(data) == {"accessToken", "refreshToken", "expiresAt", "user"}
    assert data["user"]["email"] == "ada@example.com"
    assert response["Cache-Control"] == "no-store"
    me = bearer(data["accessToken"]).get(AUTH + "me").json()["data"]
    assert me == data["user"]


def test_register_refusals(anyone: APIClient):
    make_user()
    for body, expected in [
        ({"email": "ada@example.com", "password": PASSWORD}, (409, "EMAIL_ALREADY_EXISTS")),
        ({"email": "new@example.com", "password": "weak"}, (400, "PASSWORD_TOO_WEAK")),
        ({"email": "no address", "password": PASSWORD}, (400, "VALIDATION_ERROR")),
        ({"email": "new@example.com"}, (400, "VALIDATION_ERROR")),
        ([], (400, "VALIDATION_ERROR")),
    ]:
        assert code(post(anyone, "register/retail", body)) == expected


def test_password_keeps_its_spaces(anyone: APIClient):
    password = "  Spaced Horse 7  "
    post(anyone, "register/retail", {"email": "ada@example.com", "password": password})
    assert log_in(anyone, password=password.strip()).status_code == 401
    assert log_in(anyone, password=password).status_code == 200


def test_login_answers_with_a_session(tokens: dict[str, Any]):
    session = Session.objects.get()
    assert tokens["expiresAt"] == session.to_dict()["expiresAt"]
    assert tokens["user"]["lastLoginAt"] is not None


def test_login_refusals(anyone: APIClient):
    make_user()
    make_user("out@example.com", status=Status.SUSPENDED)
    make_user("gone@example.com", status=Status.DEACTIVATED)
    wrong, unknown = log_in(anyone, password="Wrong"), log_in(anyone, "nobody@example.com")
    assert code(wrong) == code(unknown) == (401, "INVALID_CREDENTIALS")
    assert wrong.json()["error"]["message"] == unknown.json()["error"]["message"]
    assert code(log_in(anyone, "out@example.com")) == (403, "ACCOUNT_SUSPENDED")
    assert code(log_in(anyone, "out@example.com", "Wrong")) == (401, "INVALID_CREDENTIALS")
    assert code(log_in(anyone, "gone@example.com")) == (403, "ACCOUNT_DEACTIVATED")


def test_login_locks_after_eight_failures_with_retry_after(anyone: APIClient):
    make_user()
    for _ in range(8):
        assert log_in(anyone, password="Wrong").status_code == 401
    response = log_in(anyone)
    assert code(response) == (429, "ACCOUNT_LOCKED")
    assert 890 <= int(response["Retry-After"]) <= 900


def test_login_rate_is_per_pair_of_address_and_email(anyone: APIClient, settings: Any):
    settings.LOGIN_RATE = "2/15m"
    make_user()
    make_user("eve@example.com")
    assert [log_in(anyone).status_code for _ in range(3)] == [200, 200, 429]
    limited = log_in(anyone, "ADA@example.com")
    assert code(limited) == (429, "RATE_LIMITED")
    assert 1 <= int(limited["Retry-After"]) <= 900
    assert (limited["X-RateLimit-Limit"], limited["X-RateLimit-Remaining"]) == ("2", "0")
    assert int(limited["X-RateLimit-Reset"]) > 0
    assert log_in(anyone, "eve@example.com").status_code == 200


def test_forwarded_addresses_count_only_from_trusted_proxies(anyone: APIClient, settings: Any):
    make_user()
    body = {"email": "ada@example.com", "password": PASSWORD}
    post(anyone, "login", body, HTTP_X_FORWARDED_FOR="203.0.113.7")
    assert Session.objects.latest("created_at").address == "127.0.0.1"
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
    post(anyone, "login", body, HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.7")
    assert Session.objects.latest("created_at").address == "203.0.113.7"


@pytest.mark.parametrize(
    ("path", "body", "amount"),
    [
        ("register/retail", {"email": "x"}, 5),
        ("verify-email", {"token": "x"}, 10),
        ("forgot-password", {"email": "nobody@example.com"}, 3),
        ("reset-password", {"token": "x", "newPassword": "x"}, 5),
    ],
)
def test_route_limits_are_per_address(
    anyone: APIClient, settings: Any, path: str, body: Any, amount: int
):
    statuses = [post(anyone, path, body).status_code for _ in range(amount)]
    assert 429 not in statuses
    assert code(post(anyone, path, body)) == (429, "RATE_LIMITED")
    assert post(anyone, path, body, REMOTE_ADDR="192.0.2.77").status_code != 429


def test_refresh_rotates_and_a_replay_ends_the_session(anyone: APIClient, tokens: dict[str, Any]):
    body = {"refreshToken": tokens["refreshToken"]}
    renewed = post(anyone, "refresh", body)
    assert renewed.status_code == 200
    assert code(post(anyone, "refresh", body)) == (401, "SESSION_EXPIRED")
    access = renewed.json()["data"]["accessToken"]
    assert code(bearer(access).get(AUTH + "me")) == (401, "UNAUTHORIZED")


def test_garbage_refresh_token_is_session_expired(anyone: APIClient, tokens: dict[str, Any]):
    for token in ("x", tokens["accessToken"]):
        assert code(post(anyone, "refresh", {"refreshToken": token})) == (401, "SESSION_EXPIRED")


def test_refresh_ignores_a_stale_authorization_header(tokens: dict[str, Any]):
    client = bearer("stale")
    assert post(client, "refresh", {"refreshToken": tokens["refreshToken"]}).status_code == 200


def test_logout_ends_only_the_session_of_the_request(anyone: APIClient, tokens: dict[str, Any]):
    other = log_in(anyone).json()["data"]
    client = bearer(tokens["accessToken"])
    assert post(client, "logout").json()["data"] == {"success": True}
    assert code(client.get(AUTH + "me")) == (401, "UNAUTHORIZED")
    assert bearer(other["accessToken"]).get(AUTH + "me").status_code == 200


def test_logout_with_a_refresh_token_ends_that_session(anyone: APIClient, tokens: dict[str, Any]):
    other = log_in(anyone).json()["data"]
    client = bearer(tokens["accessToken"])
    assert post(client, "logout", {"refreshToken": other["refreshToken"]}).status_code == 200
    assert client.get(AUTH + "me").status_code == 200
    assert bearer(other["accessToken"]).get(AUTH + "me").status_code == 401


def test_logout_with_somebody_elses_refresh_token_ends_nothing(
    anyone: APIClient, tokens: dict[str, Any]
):
    make_user("eve@example.com")
    eve = log_in(anyone, "eve@example.com").json()["data"]
    client = bearer(tokens["accessToken"])
    for token in (eve["refreshToken"], "garbage"):
        assert code(post(client, "logout", {"refreshToken": token})) == (400, "TOKEN_INVALID")
    assert Session.objects.filter(ended_at=None).count() == 2


@pytest.mark.parametrize(("path", "body"), [("logout", {"all": True}), ("revoke-all-sessions", {})])
def test_logout_everywhere_ends_every_session(
    anyone: APIClient, tokens: dict[str, Any], path: str, body: Any
):
    log_in(anyone)
    assert post(bearer(tokens["accessToken"]), path, body).status_code == 200
    assert not Session.objects.filter(ended_at=None).exists()


def test_change_password_answers_with_the_one_session_left(tokens: dict[str, Any]):
    client = bearer(tokens["accessToken"])
    body = {"currentPassword": PASSWORD, "newPassword": "Another-Horse-8"}
    response = post(client, "change-password", body)
    assert response.status_code == 200
    assert code(client.get(AUTH + "me")) == (401, "UNAUTHORIZED")
    fresh = response.json()["data"]["accessToken"]
    assert bearer(fresh).get(AUTH + "me").status_code == 200


def test_change_password_refusals(tokens: dict[str, Any]):
    client = bearer(tokens["accessToken"])
    wrong = {"currentPassword": "Wrong", "newPassword": "Another-Horse-8"}
    weak = {"currentPassword": PASSWORD, "newPassword": "weak"}
    assert code(post(client, "change-password", wrong)) == (401, "INVALID_CREDENTIALS")
    refused = post(client, "change-password", weak)
    assert code(refused) == (400, "PASSWORD_TOO_WEAK")
    assert refused.json()["error"]["details"]["reasons"]


def test_forgot_password_answers_the_same_for_known_and_unknown(
    anyone: APIClient, django_capture_on_commit_callbacks: Any
):
    make_user()
    with django_capture_on_commit_callbacks(execute=True):
        known = post(anyone, "forgot-password", {"email": "ada@example.com"})
        unknown = post(anyone, "forgot-password", {"email": "nobody@example.com"})
    assert known.status_code == unknown.status_code == 200
    assert known.json() == unknown.json()
    assert len(mail.outbox) == 1


def test_reset_and_verify_by_the_tokens_of_letters(
    anyone: APIClient, django_capture_on_commit_callbacks: Any
):
    with django_capture_on_commit_callbacks(execute=True):
        post(anyone, "register/retail", {"email": "ada@example.com", "password": PASSWORD})
        post(anyone, "forgot-password", {"email": "ada@example.com"})
    verify, reset = (letter.body.split("token=")[1].split()[0] for letter in mail.outbox)
    assert post(anyone, "verify-email", {"token": verify}).json()["data"]["emailVerified"] is True
    body = {"token": reset, "newPassword": "Another-Horse-8"}
    assert post(anyone, "reset-password", body).status_code == 200
    assert code(post(anyone, "reset-password", body)) == (400, "TOKEN_INVALID")
    assert log_in(anyone, password="Another-Horse-8").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "me"),
        ("post", "logout"),
        ("post", "change-password"),
        ("get", "sessions"),
        ("delete", "sessions/ses_x"),
        ("post", "revoke-all-sessions"),
        ("post", "token"),
        ("post", "stream-token"),
        ("get", "stream-tokens"),
        ("delete", "stream-tokens/ses_x"),
    ],
)
def test_routes_of_the_account_need_a_sign_in(anyone: APIClient, method: str, path: str):
    response = getattr(anyone, method)(AUTH + path)
    assert code(response) == (401, "UNAUTHORIZED")
    assert response["WWW-Authenticate"] == "Bearer"


def test_suspended_users_token_is_refused_at_once(tokens: dict[str, Any]):
    User.objects.update(status=Status.SUSPENDED)
    response = bearer(tokens["accessToken"]).get(AUTH + "me")
    assert code(response) == (401, "UNAUTHORIZED")
