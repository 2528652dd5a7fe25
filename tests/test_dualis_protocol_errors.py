"""Transcripts of what goes wrong: bad input, too much of it, our own faults."""

import pytest

from realtime.bucket import TokenBucket
from realtime.messages import (
    CloseCode,
    Identity,
)
from tests.transcripts import ALICE, T0, closes, codes, frames, opened, signed_in

BAD_INPUT = [
    ("{", "INVALID_JSON"),
    ("", "INVALID_JSON"),
    ("nonsense", "INVALID_JSON"),
    ('{"type":"ping"}x', "INVALID_JSON"),
    ('{"type":NaN}', "INVALID_JSON"),
    ('{"type":"\ud800"}', "INVALID_JSON"),
    ('{"type":"subscribe","params":' + "[" * 5000 + "]" * 5000 + "}", "INVALID_JSON"),
    ('{"other":' + "[" * 5000 + "]" * 5000 + "}", "INVALID_JSON"),
    ("[]", "INVALID_MESSAGE"),
    ("null", "INVALID_MESSAGE"),
    ("1", "INVALID_MESSAGE"),
    ('"ping"', "INVALID_MESSAGE"),
    ('{"type":' + "9" * 5000 + "}", "INVALID_MESSAGE"),
    ('{"type":1e999}', "INVALID_MESSAGE"),
    ("{}", "UNKNOWN_TYPE"),
    ('{"type":null}', "UNKNOWN_TYPE"),
    ('{"type":"Ping"}', "UNKNOWN_TYPE"),
    ('{"type":{"a":1}}', "UNKNOWN_TYPE"),
    ('{"type":["ping"]}', "UNKNOWN_TYPE"),
]


@pytest.mark.parametrize(("text", "code"), BAD_INPUT, ids=[t[:24] for t, _ in BAD_INPUT])
def test_bad_input_is_answered_with_an_error_and_the_connection_goes_on(text, code):
    session = signed_in()
    out = session.receive(text, T0)
    assert codes(out) == [code] and not closes(out)
    (frame,) = frames(out)
    assert frame["type"] == "error" and isinstance(frame["message"], str) and frame["timestamp"]
    assert frames(session.receive('{"type":"ping"}', T0))[0]["type"] == "pong"


def test_a_binary_message_is_an_error_and_the_connection_goes_on():
    session = signed_in()
    assert codes(session.receive_bytes(T0)) == ["BINARY_UNSUPPORTED"] and not session.is_closed


# --- Rate limit -----------------------------------------------------------------------------
def ping_until_closed(session, now, most=500):
    for count in range(most):
        if closes(session.receive('{"type":"ping"}', now)):
            return count
    return most


def test_the_21st_message_at_once_closes_with_4004():
    session = signed_in()
    assert ping_until_closed(session, T0) == 20
    assert session.is_closed


def test_five_messages_a_second_go_on_for_ever():
    session = signed_in()
    for tick in range(1_000):
        assert not closes(session.receive('{"type":"ping"}', T0 + tick / 5))


def test_bad_and_binary_messages_count_too():
    session = signed_in()
    for _ in range(20):
        session.receive("{", T0)
    out = session.receive_bytes(T0)
    assert codes(out) == [4004] and closes(out) == [CloseCode.RATE_LIMITED]


def test_institutional_accounts_may_send_a_hundred_at_once():
    session = opened()
    session.authenticated(Identity("usr_fund", "institutional", "ses_1", T0 + 900), T0)
    assert ping_until_closed(session, T0) == 100


def test_sockets_of_one_user_share_a_budget():
    budget = TokenBucket.full(20, 30, T0)
    first, second = opened(), opened()
    first.authenticated(ALICE, T0, budget)
    second.authenticated(ALICE, T0, budget)
    assert ping_until_closed(first, T0) == 20
    assert ping_until_closed(second, T0) == 10


def test_nothing_is_said_after_a_close():
    session = signed_in()
    session.close(CloseCode.INTERNAL_ERROR, T0)
    assert session.receive('{"type":"ping"}', T0) == []
    assert session.receive_bytes(T0) == []
    assert session.close(CloseCode.INVALID_TOKEN, T0) == []
    assert session.authenticated(ALICE, T0) == []
    assert session.deadline() is None and session.expire(T0 + 10_000) == []


def test_an_internal_error_says_nothing_about_its_cause():
    (frame,) = frames(signed_in().close(CloseCode.INTERNAL_ERROR, T0))
    assert (frame["code"], frame["message"]) == (1011, "Internal server error")
