"""What makes a token count, and that nothing else ever does."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from dualis import errors
from dualis.accounts import sessions, standing, tokens
from dualis.accounts.models import Role, Session, Status, User
from tests.people import NOW, later, make_staff, make_user, sign_in

pytestmark = pytest.mark.django_db


def claims_of(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def signed(claims: dict[str, Any]) -> str:
    return jwt.encode(claims, settings.JWT_SIGNING_KEY, algorithm="HS256")


def test_access_token_names_user_role_session_and_expiry():
    user = make_user(role=Role.INSTITUTIONAL)
    issued = sign_in(user)
    session = Session.objects.get()
    claims = claims_of(issued.access_token)
    assert claims["sub"] == user.id
    assert claims["role"] == "institutional"
    assert claims["sid"] == session.id
    assert claims["token_type"] == "access"
    assert claims["exp"] - claims["iat"] == 900
    assert jwt.get_unverified_header(issued.access_token)["alg"] == "HS256"
    assert tokens.authenticate(issued.access_token, now=NOW) == tokens.Identity(
        user.id, "institutional", session.id, "full", later(minutes=15)
    )


def test_authenticate_takes_one_query(django_assert_num_queries):
    issued = sign_in(make_user())
    with django_assert_num_queries(1):
        tokens.authenticate(issued.access_token, now=NOW)


def test_verify_claims_takes_no_query(django_assert_num_queries):
    issued = sign_in(make_user())
    with django_assert_num_queries(0):
        tokens.verify_claims(issued.access_token, NOW)


def test_identify_many_keeps_the_order_in_one_query(django_assert_num_queries):
    one, two = make_user("one@example.com"), make_user("two@example.com")
    issued = [sign_in(one), sign_in(two), sign_in(one)]
    claims = [tokens.verify_claims(each.access_token, NOW) for each in issued]
    sessions.end_one(claims[1].sid, reason="logout", now=NOW)
    with django_assert_num_queries(1):
        found = tokens.identify_many(claims, now=NOW)
    assert [identity and identity.session_id for identity in found] == [
        claims[0].sid,
        None,
        claims[2].sid,
    ]


def test_access_token_counts_until_exp_by_the_given_clock():
    issued = sign_in(make_user())
    assert tokens.authenticate(issued.access_token, now=later(minutes=15, seconds=-1))
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(issued.access_token, now=later(minutes=15))


def test_access_token_near_the_end_of_its_session_ends_with_it():
    sign_in(make_user())
    session = Session.objects.select_related("user").get()
    token = tokens.mint_access(session, now=session.expires_at - timedelta(minutes=5))
    assert claims_of(token)["exp"] == int(session.expires_at.timestamp())


def test_refresh_token_is_no_access_token_and_the_reverse():
    issued = sign_in(make_user())
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(issued.refresh_token, now=NOW)
    with pytest.raises(errors.SessionExpired):
        tokens.verify_refresh(issued.access_token, NOW)


def test_token_of_an_ended_session_does_not_count():
    user = make_user()
    issued = sign_in(user)
    sessions.end_all(user.id, reason="logout_all", now=NOW)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(issued.access_token, now=NOW)


@pytest.mark.parametrize("status", [Status.SUSPENDED, Status.DEACTIVATED])
def test_token_of_an_inactive_user_does_not_count(status: Status):
    issued = sign_in(make_user())
    User.objects.update(status=status)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(issued.access_token, now=NOW)


def test_token_of_a_deleted_user_does_not_count():
    user = make_user()
    issued = sign_in(user)
    user.delete()
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(issued.access_token, now=NOW)


def test_role_is_the_users_today_not_the_claims():
    user = make_user()
    issued = sign_in(user)
    User.objects.update(role=Role.INSTITUTIONAL)
    assert tokens.authenticate(issued.access_token, now=NOW).role == "institutional"


def test_access_token_of_another_users_session_does_not_count():
    issued = sign_in(make_user())
    other = make_user("eve@example.com")
    forged = signed(claims_of(issued.access_token) | {"sub": other.id})
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(forged, now=NOW)


def test_access_session_cannot_be_used_with_a_stream_token_type():
    issued = sign_in(make_user())
    forged = signed(claims_of(issued.access_token) | {"token_type": "stream"})
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(forged, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"sub": 7},
        {"sub": None},
        {"sub": "usr_\x00abcdef"},
        {"sid": ["ses_abcdef"]},
        {"sid": "ses_abcdef\n"},
        {"exp": "soon"},
        {"exp": 10**30},
        {"exp": -1},
        {"exp": 1.5},
        {"iat": {}},
        {"role": "owner"},
        {"jti": ""},
        {"token_type": "sliding"},
        {"token_type": None},
    ],
)
def test_wrong_types_in_claims_are_unauthorized(change: dict[str, Any]):
    claims = claims_of(sign_in(make_user()).access_token)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(signed(claims | change), now=NOW)


@pytest.mark.parametrize("missing", ["sub", "sid", "exp", "iat", "jti", "role", "token_type"])
def test_missing_claims_are_unauthorized(missing: str):
    claims = claims_of(sign_in(make_user()).access_token)
    del claims[missing]
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(signed(claims), now=NOW)


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _unsigned(claims: dict[str, Any]) -> str:
    header = _part(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"{header}.{_part(json.dumps(claims).encode())}."


def test_algorithm_none_is_unauthorized():
    claims = claims_of(sign_in(make_user()).access_token)
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(_unsigned(claims), now=NOW)


def test_a_token_that_was_good_is_checked_against_the_key_of_today(settings):
    token = sign_in(make_user()).access_token
    assert tokens.authenticate(token, now=NOW)
    settings.JWT_SIGNING_KEY = "another-key-" * 8
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(token, now=NOW)


def test_another_key_and_another_algorithm_are_unauthorized():
    claims = claims_of(sign_in(make_user()).access_token)
    for token in (
        jwt.encode(claims, "another-key-" * 8, algorithm="HS256"),
        jwt.encode(claims, settings.JWT_SIGNING_KEY * 2, algorithm="HS512"),
    ):
        with pytest.raises(errors.Unauthorized):
            tokens.authenticate(token, now=NOW)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "x" * 16_384,
        "\x00",
        "ключ.от.двери",
        "\ud800.\ud800.\ud800",
        f"{_part(b'[' * 1500)}.{_part(b'{}')}.x",
        f"{_part(b'9' * 1400)}.e30.x",
        f"{_part(json.dumps({'alg': []}).encode())}.e30.x",
        f"{_part(json.dumps({'alg': 'HS256', 'kid': 7}).encode())}.e30.x",
        f"{_part(json.dumps({'alg': 'HS256', 'b64': False}).encode())}.e30.x",
        f"{_part(json.dumps({'alg': 'HS256', 'crit': 'x'}).encode())}.e30.x",
        f"{_part(b'null')}.e30.x",
    ],
)
def test_garbage_is_unauthorized(token: str):
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(token, now=NOW)
    with pytest.raises(errors.SessionExpired):
        tokens.verify_refresh(token, NOW)


def test_signed_deep_nesting_is_unauthorized():
    payload = b'{"sub":' + b"[" * 700 + b"]" * 700 + b"}"
    token = jwt.api_jws.encode(payload, settings.JWT_SIGNING_KEY, algorithm="HS256")
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(token, now=NOW)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
_CLAIM = st.sampled_from(["sub", "sid", "role", "jti", "iat", "exp", "nbf", "aud", "token_type"])


@given(text=st.text(max_size=200) | st.dictionaries(_CLAIM, _JSON).map(signed))
@hypothesis_settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_text_and_any_signed_claims_are_unauthorized(text: str):
    with pytest.raises(errors.Unauthorized):
        tokens.authenticate(text, now=NOW)


def test_page_token_ends_with_its_session():
    staff = make_staff()
    sign_in(staff)
    session = Session.objects.select_related("user").get()
    identity = tokens.identity_of(session)
    token, expires_at = tokens.page_token(identity, now=NOW)
    assert tokens.authenticate(token, now=NOW).session_id == session.id
    assert expires_at == later(minutes=15)
    standing.end_session(session.id, actor=staff, address="", now=NOW)
    with pytest.raises(errors.Unauthorized):
        tokens.page_token(identity, now=NOW)
