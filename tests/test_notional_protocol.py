"""Transcripts of the Notional protocol: (now, text in) -> messages out. No sockets, no clock."""

import json

import pytest

from realtime import topics
from realtime.messages import Close, CloseCode, Event, Row, Send, Snapshot, Subscribe, Unsubscribe
from realtime.notional_protocol import (
    Limits,
    NotionalSession,
    data_frame,
    name_of,
    name_of_event,
)

T0 = 1_760_000_000.0
PAGE_USER = "0x742d35cc6634c0532925a3b844bc9e7595f0beb"  # the page's own sample: 39 digits
USER_TYPES = {
    "userFills",
    "accountSummary",
    "orderUpdates",
    "userOrderRejections",
    "userTransactions",
    "twapUpdates",
}


def opened(**limits):
    return NotionalSession(Limits(**limits), T0)


def frames(messages):
    return [json.loads(m.frame.text) for m in messages if isinstance(m, Send | Unsubscribe)]


def say(session, message, now=T0):
    return session.receive(json.dumps(message), now)


def subscribe(type, **more):
    return {"method": "subscribe", "subscription": {"type": type, **more}}


def error(text):
    return [{"channel": "error", "data": {"message": text}}]


def joined(session, message, *rows):
    (request,) = say(session, message)
    made = tuple(Row(str(n), (), data) for n, data in enumerate(rows))
    return frames(session.subscribed(request, Snapshot(5, "e0", made), T0))


def event(channel, text, owner=PAGE_USER, dims=()):
    return Event(7, "e0", channel, "k", owner, dims, False, "", text)


# --- the page -------------------------------------------------------------------------------
def test_the_pages_quick_start_is_confirmed_with_its_own_subscription():
    subscription = {"type": "userFills", "user": PAGE_USER}
    out = joined(opened(), {"method": "subscribe", "subscription": subscription})
    data = {"method": "subscribe", "subscription": subscription}
    assert out == [{"channel": "subscriptionResponse", "data": data}]


def test_ping_is_answered_with_exactly_pong():
    (answer,) = opened().receive('{"method":"ping","x":1}', T0)
    assert answer.frame.text == '{"channel":"pong"}'


def test_a_binary_message_is_not_supported():
    assert frames(opened().receive_bytes(T0)) == error("Binary messages not supported")


@pytest.mark.parametrize("method", ["foo", "post", "Ping", ""])
def test_an_unknown_method_is_named(method):
    assert frames(say(opened(), {"method": method})) == error(f"Unknown method: {method}")


def test_the_method_is_checked_before_the_subscription():
    out = say(opened(), {"method": "foo", "subscription": 1})
    assert frames(out) == error("Unknown method: foo")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        "null",
        "1",
        "[]",
        '"ping"',
        "{}",
        '{"method":1}',
        '{"method":null}',
        '{"method":"subscribe"}',
        '{"method":"subscribe","subscription":[]}',
        '{"method":"subscribe","subscription":{}}',
        '{"method":"subscribe","subscription":{"type":1}}',
        '{"method":"subscribe","subscription":{"type":"userFills"}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":""}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":7}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":"742d"}}',
        '{"method":"subscribe","subscription":{"type":"userFills","user":"0xzz"}}',
        '{"method":"unsubscribe","subscription":{"type":"userFills"}}',
        '{"method":"subscribe","subscription":{"type":"activeAssetData","user":"0x1"}}',
        '{"method":"unsubscribe","subscription":{"type":"activeAssetData","user":"0x1"}}',
        '{"method":NaN}',
        "[" * 16_000,
        '{"method":' + "9" * 5_000 + "}",
    ],
)
def test_whatever_has_another_shape_is_an_invalid_format(text):
    session = opened()
    assert frames(session.receive(text, T0)) == error("Invalid message format")
    assert not session.is_closed


def test_an_unknown_type_is_named():
    out = say(opened(), subscribe("allMids"))
    assert frames(out) == error("Unknown subscription type: allMids")


def test_nothing_is_said_before_the_client_speaks():
    assert opened().expire(T0 + 59.999) == []


# --- identities -----------------------------------------------------------------------------
def test_an_address_is_lowered_and_a_coin_raised():
    message = subscribe("activeAssetData", user="0xABC", coin="eth")
    row = {"user": "0xabc", "coin": "ETH", "leverage": 5}
    confirmed, snapshot = joined(opened(), message, row)
    assert confirmed["data"]["subscription"] == {
        "type": "activeAssetData",
        "user": "0xabc",
        "coin": "ETH",
    }
    assert snapshot == {"channel": "activeAssetData", "data": row}


def test_a_global_type_ignores_a_stray_user():
    (request,) = say(opened(), subscribe("newBlocks", user="0xABC"))
    assert request.owner == "" and topics.topics_for(request.selection, "") == frozenset(
        topics.topics_of("newBlocks", "", ())
    )


def test_an_event_bears_the_name_of_its_subscription():
    session = opened()
    (fills,) = say(session, subscribe("userFills", user=PAGE_USER))
    (asset,) = say(session, subscribe("activeAssetData", user=PAGE_USER, coin="ETH"))
    assert name_of(fills) == name_of_event(event("userFills", "{}"))
    assert name_of(asset) == name_of_event(event("activeAssetData", "{}", dims=("ETH",)))
    assert topics.topics_of("activeAssetData", PAGE_USER, ("ETH",))[0] in topics.topics_for(
        asset.selection, PAGE_USER
    )


def test_unsubscribing_stops_that_subscription_and_is_confirmed():
    session = opened()
    joined(session, subscribe("userFills", user=PAGE_USER))
    joined(session, subscribe("userFills", user="0x1"))
    message = {"method": "unsubscribe", "subscription": {"type": "userFills", "user": "0x1"}}
    (out,) = say(session, message)
    assert isinstance(out, Unsubscribe) and frames([out])[0]["data"]["method"] == "unsubscribe"
    assert [request.owner for request in session.subscriptions.values()] == [PAGE_USER]


def test_unsubscribing_what_is_not_held_is_confirmed_too():
    message = {"method": "unsubscribe", "subscription": {"type": "newBlocks"}}
    assert frames(say(opened(), message))[0]["channel"] == "subscriptionResponse"


def test_subscribing_twice_is_confirmed_again_and_counts_once():
    session = opened(subscriptions=1)
    (confirmed,) = joined(session, subscribe("newBlocks"))
    assert frames(say(session, subscribe("newBlocks"))) == [confirmed]
    assert len(session.subscriptions) == 1
    assert frames(say(session, subscribe("newTransactions"))) == error(
        "At most 1 subscriptions a connection"
    )


# --- snapshots and updates ------------------------------------------------------------------
def test_order_updates_begin_with_one_snapshot_of_all_active_orders():
    rows = [{"order": {"oid": "0x1"}, "status": "open", "statusTimestamp": 1}] * 2
    _, snapshot = joined(opened(), subscribe("orderUpdates", user="0x1"), *rows)
    assert snapshot == {
        "channel": "orderUpdates",
        "data": {"user": "0x1", "isSnapshot": True, "orders": rows},
    }


@pytest.mark.parametrize("type", ["orderUpdates", "twapUpdates", "accountSummary"])
def test_a_snapshot_of_nothing_is_not_sent(type):
    assert len(joined(opened(), subscribe(type, user="0x1"))) == 1


@pytest.mark.parametrize("type", ["userFills", "userTransactions", "userOrderRejections"])
def test_these_types_have_no_snapshot(type):
    assert len(joined(opened(), subscribe(type, user="0x1"), {"x": 1})) == 1


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        ("userFills", {"user": PAGE_USER, "isSnapshot": False, "fills": [{"a": 1}]}),
        ("accountSummary", {"user": PAGE_USER, "summary": {"a": 1}}),
        ("orderUpdates", {"user": PAGE_USER, "isSnapshot": False, "orders": [{"a": 1}]}),
        ("userOrderRejections", {"user": PAGE_USER, "rejections": [{"a": 1}]}),
        ("userTransactions", {"user": PAGE_USER, "transaction": {"a": 1}}),
        ("activeAssetData", {"a": 1}),
        ("twapUpdates", {"user": PAGE_USER, "isSnapshot": False, "twaps": [{"a": 1}]}),
        ("newBlocks", {"a": 1}),
        ("newTransactions", {"a": 1}),
    ],
)
def test_an_update_has_the_shape_of_its_type(channel, data):
    made = event(channel, '{"a":1}')
    assert json.loads(data_frame(made).text) == {"channel": channel, "data": data}
    assert data_frame(made) is data_frame(made), "a frame is made once"


def test_every_type_of_the_catalogue_has_a_shape():
    others = {"activeAssetData", "newBlocks", "newTransactions"}
    assert USER_TYPES | others == set(topics.NOTIONAL)


# --- time and fairness ----------------------------------------------------------------------
def test_a_silent_connection_is_closed_after_exactly_60_s():
    session = opened()
    assert session.deadline() == T0 + 60 and session.expire(T0 + 59.999) == []
    assert session.expire(T0 + 60) == [Close(1000, "Idle timeout")]
    assert say(session, {"method": "ping"}, T0 + 61) == [] and session.deadline() is None


@pytest.mark.parametrize("text", ['{"method":"ping"}', "garbage"])
def test_any_message_resets_the_idle_time(text):
    session = opened()
    session.receive(text, T0 + 59)
    assert session.expire(T0 + 60) == [] and session.deadline() == T0 + 119


def test_a_binary_message_resets_the_idle_time_too():
    session = opened()
    session.receive_bytes(T0 + 59)
    assert session.deadline() == T0 + 119


def test_too_many_messages_are_refused_and_the_connection_goes_on():
    session = opened(rate=1, burst=1)
    assert frames(say(session, {"method": "ping"})) == [{"channel": "pong"}]
    assert frames(say(session, {"method": "ping"})) == error("Rate limit exceeded")
    assert frames(say(session, {"method": "ping"}, T0 + 1)) == [{"channel": "pong"}]
    assert not session.is_closed


def test_our_own_fault_is_said_before_the_close():
    out = opened().close(CloseCode.INTERNAL_ERROR, T0)
    assert frames(out) == error("Internal server error") and out[-1].code == 1011


def test_a_request_is_a_subscription_of_the_hub():
    (request,) = say(opened(), subscribe("userFills", user=PAGE_USER))
    assert isinstance(request, Subscribe)
    wanted = topics.topics_for(request.selection, request.owner)
    assert set(topics.topics_of("userFills", PAGE_USER, ())) <= wanted
