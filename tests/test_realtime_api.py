"""REST of the stream, the health addresses, notifications, and the envelope of every refusal."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from dualis.models import EngineStep
from dualis.notifications import notices
from realtime import journal
from tests import world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice():
    return world.user("alice")


@pytest.fixture
def client(alice):
    return bearer(alice)


def bearer(user):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(user)}")
    return client


def notify(user, now=None):
    return notices.notify(
        user.id, "PASSWORD_CHANGED", title="t", message="m", now=now or world.now()
    )


def test_events_after_a_seq_are_public_ones_and_the_callers_own(alice, client):
    bob = world.user("bob")
    before = journal.position()
    mine = notify(alice)
    notify(bob)
    world.quote("ETH", "2041")
    body = client.get("/v1/events", {"after": before.seq, "epoch": before.epoch}).json()
    assert [e["key"] for e in body["data"]] == [mine.id, "unread_count", "ETH"]
    assert body["data"][0]["data"] == mine.to_dict()
    assert (body["seq"], body["epoch"]) == (journal.position().seq, before.epoch)
    assert body["hasMore"] is False


def test_events_come_in_pages_and_by_channel(alice, client):
    before = journal.position().seq
    for _ in range(3):
        notify(alice)
    world.quote("ETH", "2041")
    seen, after = [], before
    while True:
        body = client.get(
            "/v1/events", {"after": after, "limit": 2, "channel": "notifications"}
        ).json()
        seen += [e["seq"] for e in body["data"]]
        after = body["seq"]
        if not body["hasMore"]:
            break
    assert len(seen) == 6 and seen == sorted(set(seen)) and after == journal.position().seq


def test_events_that_are_gone_answer_410(client, alice):
    notify(alice)
    before = journal.position()
    for query in (
        {"after": before.seq + 1},
        {"after": before.seq, "epoch": "of another journal"},
    ):
        answer = client.get("/v1/events", query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (410, "EVENTS_GONE")
    journal.prune(timezone.now() + timedelta(days=8))
    assert client.get("/v1/events", {"after": 0}).status_code == 410


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"after": "x"},
        {"after": -1},
        {"after": 0, "channel": "sessions"},
        {"after": 0, "limit": 0},
    ],
)
def test_a_bad_query_is_a_validation_error(client, query):
    answer = client.get("/v1/events", query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_every_refusal_has_the_envelope_and_the_request_id():
    answer = APIClient().get("/v1/events", headers={"X-Request-ID": "my-own.id_7"})
    error = answer.json()["error"]
    assert answer.status_code == 401 and error["code"] == "UNAUTHORIZED"
    assert set(error) == {
        "code",
        "message",
        "details",
        "requestId",
        "correlationId",
        "timestamp",
    }
    assert error["requestId"] == answer.headers["X-Request-ID"] == "my-own.id_7"
    bad = APIClient().get("/v1/events", headers={"X-Request-ID": "<script>"})
    assert bad.headers["X-Request-ID"] != "<script>"


def test_an_unknown_address_below_v1_answers_in_the_envelope():
    answer = Client().get("/v1/nothing/such")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_bad_json_and_a_wrong_method_answer_in_the_envelope():
    answer = APIClient().post("/v1/auth/login", "{", content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    answer = APIClient().put("/v1/auth/login", {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/oracle/prices/%00",
        "/v1/oracle/prices?assets=%00",
        "/v1/notifications/%00",
        "/login?next=%00",
    ],
)
def test_a_nul_character_is_a_bad_request_and_no_crash(path):
    assert Client().get(path).status_code == 400


def test_a_nul_character_in_a_cookie_is_a_bad_request():
    client = Client()
    client.cookies["sessionid"] = "\0x"
    assert client.get("/v1/auth/me").status_code in (400, 401)


def test_ordinary_mistakes_of_a_client_are_no_crash(client):
    deep = "[" * 3_000 + "]" * 3_000
    answer = APIClient().post("/v1/auth/login", deep, content_type="application/json")
    assert answer.status_code == 400
    answer = client.get("/v1/notifications", headers={"Accept": "application/xml"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "NOT_ACCEPTABLE")
    assert client.get("/v1/notifications", {"page": 10**18}).status_code == 400
    long = "İ" * 240 + "@example.com"
    body = {"email": long, "password": "Correct-Horse-1"}
    assert APIClient().post("/v1/auth/login", body, format="json").status_code == 400


# --- notifications ----------------------------------------------------------------------------
def test_notifications_are_listed_newest_first_by_page_with_the_unread_count(alice, client):
    rows = [notify(alice, world.now() + timedelta(seconds=n)) for n in range(3)]
    body = client.get("/v1/notifications", {"limit": 2}).json()
    assert [row["id"] for row in body["data"]] == [rows[2].id, rows[1].id]
    assert body["pagination"] == {
        "page": 1,
        "limit": 2,
        "offset": 0,
        "total": 3,
        "totalPages": 2,
        "hasMore": True,
    }
    assert body["unread"] == 3 and body["seq"] == journal.position().seq


def test_reading_deleting_and_reading_all_keep_the_count_right(alice, client):
    first, second, _ = notify(alice), notify(alice), notify(alice)
    assert client.put(f"/v1/notifications/{first.id}/read").json()["data"]["readAt"]
    client.put(f"/v1/notifications/{first.id}/read")
    assert client.get("/v1/notifications/unread-count").json()["count"] == 2
    client.delete(f"/v1/notifications/{second.id}")
    assert client.get("/v1/notifications/unread-count").json()["count"] == 1
    assert client.put("/v1/notifications/read-all").json()["data"]["read"] == 1
    assert client.get("/v1/notifications/unread-count").json()["count"] == 0
    assert len(client.get("/v1/notifications", {"unread": "true"}).json()["data"]) == 0


def test_somebody_elses_notification_does_not_exist(alice):
    row = notify(alice)
    stranger = bearer(world.user("bob"))
    for call in (
        stranger.get(f"/v1/notifications/{row.id}"),
        stranger.put(f"/v1/notifications/{row.id}/read"),
        stranger.delete(f"/v1/notifications/{row.id}"),
    ):
        assert (call.status_code, call.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_notice_inside_its_dedup_window_is_not_stored_again(alice):
    def login(now):
        return notices.notify(alice.id, "NEW_LOGIN_DEVICE", title="t", message="m", now=now)

    now = world.now()
    assert login(now) and not login(now + timedelta(minutes=59))
    assert login(now + timedelta(minutes=61))


# --- health -----------------------------------------------------------------------------------
def test_ready_only_with_an_engine_that_ticks():
    assert Client().get("/livez").status_code == 200
    answer = Client().get("/readyz")
    assert answer.status_code == 503 and answer.json()["dependencies"]["engine"]["status"] == "down"
    EngineStep.objects.create(name="oracle.tick", interval_seconds=1, ran_at=timezone.now())
    assert Client().get("/readyz").status_code == 200
    late = timezone.now() - timedelta(seconds=30)
    EngineStep.objects.filter(name="oracle.tick").update(ran_at=late)
    assert Client().get("/readyz").json()["dependencies"]["engine"]["status"] == "late"


def test_a_dead_layer_makes_it_unready_and_the_health_page_degraded(monkeypatch):
    from channels.layers import get_channel_layer
    from redis.exceptions import ConnectionError as RedisAway

    async def away(group, message):
        raise RedisAway

    EngineStep.objects.create(name="oracle.tick", interval_seconds=1, ran_at=timezone.now())
    monkeypatch.setattr(get_channel_layer(), "group_send", away)
    assert Client().get("/readyz").status_code == 503
    answer = Client().get("/v1/health")
    assert answer.status_code == 200 and answer.json()["status"] == "degraded"
