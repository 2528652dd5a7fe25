"""Transcripts of the Dualis protocol: (now, text in) -> messages out. No sockets, no clock."""

import json

import pytest

from realtime.dualis_protocol import BAD_OPTIONS, data_frame
from realtime.messages import (
    Authenticate,
    Close,
    CloseCode,
    Event,
    Identity,
    Row,
    Snapshot,
    Subscribe,
    Unsubscribe,
)
from tests.transcripts import ALICE, T0, closes, codes, frames, opened, signed_in

SUBSCRIBE_PRICES = '{"type":"subscribe","channel":"prices","params":{"assets":["ETH","BTC"]}}'


def event(seq=7, text='{"asset":"ETH","price":"3245.67"}'):
    return Event(seq, "e0", "prices", "ETH", "", ("ETH",), False, "2026-02-28T10:30:00.000Z", text)


# --- Authentication -------------------------------------------------------------------------
def test_auth_is_answered_with_exactly_the_pages_keys():
    session = opened()
    assert session.receive('{"type":"auth","token":"your-jwt-token"}', T0) == [
        Authenticate("your-jwt-token")
    ]
    assert frames(session.authenticated(ALICE, T0)) == [
        {"type": "auth", "status": "ok", "userId": "usr_abc123"}
    ]


def test_a_client_that_does_not_authenticate_in_30_s_is_closed_with_4001():
    session = opened()
    assert session.deadline() == T0 + 30
    assert session.expire(T0 + 29.999) == []
    out = session.expire(T0 + 30)
    assert codes(out) == [4001] and closes(out) == [CloseCode.AUTH_TIMEOUT]
    assert isinstance(out[-1], Close), "the error frame comes before the close"


def test_an_authenticated_client_is_not_closed_after_30_s():
    session = signed_in()
    assert session.expire(T0 + 31) == [] and not session.is_closed


def test_an_invalid_token_closes_with_4002():
    out = opened().close(CloseCode.INVALID_TOKEN, T0)
    assert frames(out)[0]["message"] == "Invalid or expired JWT token"
    assert closes(out) == [4002]


def test_a_token_that_expires_on_a_live_socket_warns_and_then_closes_with_4002():
    session = signed_in()
    assert session.deadline() == T0 + 840
    warned = session.expire(T0 + 840)
    assert codes(warned) == ["TOKEN_EXPIRING"] and not closes(warned)
    assert session.deadline() == T0 + 900
    assert closes(session.expire(T0 + 900)) == [4002]


def test_a_fresh_token_of_the_same_user_keeps_the_socket():
    session = signed_in()
    session.expire(T0 + 840)
    fresh = Identity("usr_abc123", "retail", "ses_1", T0 + 1740)
    assert frames(session.authenticated(fresh, T0 + 850))[0]["status"] == "ok"
    assert session.expire(T0 + 900) == []
    assert session.deadline() == T0 + 1680


def test_a_token_of_another_user_closes_with_4002():
    session = signed_in()
    mallory = Identity("usr_mallory", "retail", "ses_2", T0 + 900)
    out = session.authenticated(mallory, T0 + 1)
    assert closes(out) == [4002] and session.identity == ALICE


@pytest.mark.parametrize(
    "text",
    ['{"type":"auth"}', '{"type":"auth","token":null}', '{"type":"auth","token":["x"]}'],
)
def test_auth_without_a_token_is_an_error_and_goes_on(text):
    session = opened()
    out = session.receive(text, T0)
    assert codes(out) == ["INVALID_PARAMS"] and not session.is_closed


@pytest.mark.parametrize(
    "text",
    [
        SUBSCRIBE_PRICES,
        '{"type":"subscribe","channel":"nothing-such"}',
        '{"type":"unsubscribe","channel":"prices"}',
        '{"type":"foo"}',
    ],
)
def test_before_auth_everything_but_ping_is_not_authenticated(text):
    session = opened()
    assert codes(session.receive(text, T0)) == ["NOT_AUTHENTICATED"] and not session.is_closed


# --- Subscribing ----------------------------------------------------------------------------
def test_subscribe_asks_the_shell_to_join_with_the_filter():
    (request,) = signed_in().receive(SUBSCRIBE_PRICES, T0)
    assert isinstance(request, Subscribe)
    assert request.channel == "prices" and request.selection.dims == (("ETH", "BTC"),)


def test_subscribed_echoes_channel_params_and_the_size_of_the_snapshot_then_sends_it():
    session = signed_in()
    (request,) = session.receive(SUBSCRIBE_PRICES, T0)
    rows = (Row("ETH", ("ETH",), {"asset": "ETH"}), Row("BTC", ("BTC",), {"asset": "BTC"}))
    ack, *data = frames(session.subscribed(request, Snapshot(41, "e0", rows), T0))
    assert ack["type"] == "subscribed" and ack["channel"] == "prices"
    assert ack["params"] == {"assets": ["ETH", "BTC"]} and ack["snapshot"] == 2
    assert [frame["data"] for frame in data] == [
        {"asset": "ETH", "snapshot": True},
        {"asset": "BTC", "snapshot": True},
    ]
    assert all(set(f) == {"type", "channel", "timestamp", "data"} for f in data)


@pytest.mark.parametrize(
    "channel", ["prices", "pools", "positions", "liquidations", "governance", "notifications"]
)
def test_all_six_channels_of_the_page_are_accepted(channel):
    (request,) = signed_in().receive(json.dumps({"type": "subscribe", "channel": channel}), T0)
    assert isinstance(request, Subscribe) and request.selection.params == {}


@pytest.mark.parametrize(
    "name", ["Prices", "prices ", "sessions", "", "prices:ETH", "\u0000", "__proto__"]
)
@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
def test_an_unknown_channel_closes_with_4003_after_the_error(kind, name):
    out = signed_in().receive(json.dumps({"type": kind, "channel": name}), T0)
    assert codes(out) == [4003] and closes(out) == [CloseCode.UNKNOWN_CHANNEL]


@pytest.mark.parametrize(
    "message",
    [
        {"type": "subscribe"},
        {"type": "subscribe", "channel": None},
        {"type": "subscribe", "channel": ["prices"]},
        {"type": "subscribe", "channel": "prices", "params": []},
        {"type": "subscribe", "channel": "prices", "params": "ETH"},
        {"type": "subscribe", "channel": "prices", "params": {"assets": "ETH"}},
        {"type": "subscribe", "channel": "prices", "params": {"assets": [1]}},
        {"type": "subscribe", "channel": "prices", "params": {"assets": [""]}},
        {"type": "subscribe", "channel": "prices", "params": {"assets": ["x" * 65]}},
        {"type": "subscribe", "channel": "prices", "params": {"asset": ["ETH"]}},
        {"type": "subscribe", "channel": "positions", "params": {"userId": "usr_other"}},
        {"type": "subscribe", "channel": "liquidations", "params": {"stages": ["none"]}},
        {"type": "subscribe", "channel": "notifications", "params": {"minSeverity": "loud"}},
        {"type": "subscribe", "channel": "notifications", "params": {"minSeverity": ["info"]}},
        {"type": "subscribe", "channel": "prices", "params": {"seq": "yes"}},
        {"type": "subscribe", "channel": "prices", "params": {"after": -1}},
        {"type": "subscribe", "channel": "prices", "params": {"after": "7"}},
        {"type": "subscribe", "channel": "prices", "params": {"epoch": "x" * 65}},
        {
            "type": "subscribe",
            "channel": "prices",
            "params": {"assets": [f"A{n}" for n in range(65)]},
        },
    ],
)
def test_bad_params_are_an_error_and_the_connection_goes_on(message):
    session = signed_in()
    out = session.receive(json.dumps(message), T0)
    assert codes(out) == ["INVALID_PARAMS"] and not session.is_closed


@pytest.mark.parametrize("params", [{"seq": 1}, {"after": "5"}, {"after": -1}, {"epoch": 7}])
def test_bad_options_are_told_in_words_of_the_protocol(params):
    message = {"type": "subscribe", "channel": "prices", "params": params}
    (error,) = frames(signed_in().receive(json.dumps(message), T0))
    assert (error["code"], error["message"]) == ("INVALID_PARAMS", BAD_OPTIONS)


def test_more_than_64_combinations_of_filters_are_refused():
    params = {
        "pools": [f"p{n}" for n in range(22)],
        "stages": ["trigger", "auction_start", "settlement"],
    }
    message = {"type": "subscribe", "channel": "liquidations", "params": params}
    assert codes(signed_in().receive(json.dumps(message), T0)) == ["INVALID_PARAMS"]


def test_unsubscribe_by_channel_is_acknowledged():
    session = signed_in()
    (request,) = session.receive(SUBSCRIBE_PRICES, T0)
    session.subscribed(request, Snapshot(1, "e0", ()), T0)
    (done,) = session.receive('{"type":"unsubscribe","channel":"prices"}', T0)
    assert isinstance(done, Unsubscribe) and done.channel == "prices"
    ack = json.loads(done.frame.text)
    assert ack["type"] == "unsubscribed" and ack["params"] == {"assets": ["ETH", "BTC"]}


def test_unsubscribing_what_is_not_held_is_an_error():
    out = signed_in().receive('{"type":"unsubscribe","channel":"prices"}', T0)
    assert codes(out) == ["NOT_SUBSCRIBED"]


def test_seq_and_epoch_are_added_only_if_asked_for():
    session = signed_in()
    plain = json.loads(data_frame(event(), with_seq=False).text)
    numbered = json.loads(data_frame(event(), with_seq=True).text)
    assert list(plain) == ["type", "channel", "timestamp", "data"]
    assert numbered == plain | {"seq": 7, "epoch": "e0"}
    text = '{"type":"subscribe","channel":"prices","params":{"seq":true}}'
    (request,) = session.receive(text, T0)
    ack, row = frames(session.subscribed(request, Snapshot(41, "e0", (Row("E", ("E",), {}),)), T0))
    assert (ack["seq"], ack["epoch"], row["seq"], row["epoch"]) == (41, "e0", 41, "e0")


def test_a_resume_that_worked_sends_what_was_missed_and_no_snapshot():
    session = signed_in()
    text = (
        '{"type":"subscribe","channel":"governance","params":{"seq":true,"after":5,"epoch":"e0"}}'
    )
    (request,) = session.receive(text, T0)
    ack, missed = frames(session.subscribed(request, Snapshot(9, "e0", (), (event(),)), T0))
    assert ack["resumed"] is True and "snapshot" not in ack and missed["seq"] == 7


def test_a_resume_that_is_too_old_says_so_and_sends_a_snapshot():
    session = signed_in()
    text = '{"type":"subscribe","channel":"governance","params":{"after":5,"epoch":"other"}}'
    (request,) = session.receive(text, T0)
    ack, *rows = frames(session.subscribed(request, Snapshot(9, "e0", ()), T0))
    assert ack["resumed"] is False and ack["snapshot"] == 0 and rows == []


# --- Message format -------------------------------------------------------------------------
def test_a_data_frame_is_made_once_and_shared():
    one = event()
    assert data_frame(one, False) is data_frame(one, False)


def test_the_pages_own_price_frame_comes_out_byte_for_byte():
    data = '{"asset":"ETH","price":"3245.67","change24h":-0.0182,"source":"oracle_aggregated"}'
    assert data_frame(event(text=data), False).text == (
        '{"type":"data","channel":"prices","timestamp":"2026-02-28T10:30:00.000Z","data":'
        + data
        + "}"
    )


# --- Keepalive ------------------------------------------------------------------------------
@pytest.mark.parametrize("session", [opened(), signed_in()], ids=["before auth", "after auth"])
def test_ping_is_answered_with_pong_and_timestamp(session):
    assert frames(session.receive('{"type":"ping"}', T0 + 15)) == [
        {"type": "pong", "timestamp": "2026-02-28T10:30:15.000Z"}
    ]
