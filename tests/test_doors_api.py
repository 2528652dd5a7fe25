"""REST of preferences, webhooks, their deliveries, and tests of a door."""

from functools import partial

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from dualis import errors
from dualis.accounts import streams, tokens
from dualis.notifications import notices, preferences, trial, webhooks
from dualis.notifications.choices import Choices
from dualis.notifications.kinds import Door
from dualis.notifications.models import Delivery, Notification, Webhook
from dualis.notifications.rules import LIMITS
from tests import world
from tests.outgoing import hook, waiting
from tests.people import LAPTOP, NOW, bearer, later, make_user, sign_in
from tests.threads import raised, together

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = "/v1/notifications"
HOOKS = f"{ROOT}/webhooks"


@pytest.fixture
def ada():
    return make_user(email_verified_at=NOW)


@pytest.fixture
def client(ada):
    return bearer(world.token(ada))


def call(client, method, path, body=None, status=200):
    answer = getattr(client, method)(path, body, format="json")
    assert answer.status_code == status, answer.json()
    return answer.json()["error" if status >= 400 else "data"]


# --- preferences ------------------------------------------------------------------------------
def test_preferences_are_read_changed_in_part_and_act(ada, client):
    path = f"{ROOT}/preferences"
    assert call(client, "get", path) == Choices().to_dict()
    changed = call(client, "put", path, {"financial": {"enabled": False}})
    assert changed["financial"]["enabled"] is False and changed["channels"]["email"] is True
    call(client, "put", path, {"financial": {"healthFactorThresholds": {"caution": 1.7}}})
    shown = call(client, "get", path)
    assert shown["financial"] == changed["financial"] | {
        "healthFactorThresholds": {"caution": 1.7, "danger": 1.2, "critical": 1.05}
    }
    told = {"title": "t", "message": "m", "now": NOW}
    assert notices.notify(ada.id, "REWARD_CLAIMED", **told) is None


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"channels": {"sms": True}}, {"channels.sms": ["is not known."]}),
        ([1], {"body": ["must be an object."]}),
    ],
)
def test_a_wrong_preference_is_named_and_changes_nothing(client, body, fields):
    error = call(client, "put", f"{ROOT}/preferences", body, 400)
    assert (error["code"], error["details"]) == ("VALIDATION_ERROR", {"fields": fields})
    assert call(client, "get", f"{ROOT}/preferences") == Choices().to_dict()


def test_choices_of_many_are_read_at_once(ada, django_assert_num_queries):
    bob = make_user("bob@example.com")
    preferences.change(bob.id, {"governance": {"enabled": True}}, now=NOW)
    with django_assert_num_queries(1):
        assert preferences.of([ada.id, bob.id]) == {
            ada.id: Choices(),
            bob.id: Choices(governance=True),
        }


# --- tests of a door --------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("channel", "stored", "doors"), [("in_app", 1, []), ("email", 0, ["email"])]
)
def test_a_test_leaves_by_one_door_alone(client, channel, stored, doors):
    done = call(client, "post", f"{ROOT}/preferences/test", {"channel": channel}, 202)
    assert done == {"success": True, "channel": channel}
    assert Notification.objects.filter(type="TEST").count() == stored
    assert list(Delivery.objects.values_list("door", flat=True)) == doors


def test_a_test_by_webhook_goes_to_all_that_are_on(ada, client):
    hook(ada)
    hook(ada)
    hook(ada, is_active=False)
    preferences.change(ada.id, {"channels": {"webhook": True}}, now=NOW)
    call(client, "post", f"{ROOT}/preferences/test", {"channel": "webhook"}, 202)
    assert Delivery.objects.count() == 2


def test_a_door_that_cannot_be_used_says_why(ada, client):
    def reason(channel):
        path = f"{ROOT}/preferences/test"
        error = call(client, "post", path, {"channel": channel}, 422)
        assert error["code"] == "CHANNEL_UNAVAILABLE"
        return error["message"]

    assert reason("webhook") == "webhook cannot be used: you switched it off."
    preferences.change(ada.id, {"channels": {"webhook": True}}, now=NOW)
    assert reason("webhook").endswith("you have no webhook that is switched on.")
    ada.email_verified_at = None
    ada.save()
    assert reason("email").endswith("your e-mail address is not confirmed.")
    assert call(client, "post", f"{ROOT}/preferences/test", {"channel": "sms"}, 400)


def test_tests_count_for_the_limit_of_their_door(ada):
    for _ in range(LIMITS[Door.EMAIL]):
        trial.through(ada.id, Door.EMAIL, now=NOW)
    with pytest.raises(errors.RateLimited):
        trial.through(ada.id, Door.EMAIL, now=NOW)
    webhook = hook(ada)
    for _ in range(LIMITS[Door.WEBHOOK]):
        trial.webhook(ada.id, webhook.id, now=NOW)
    with pytest.raises(errors.RateLimited):
        trial.webhook(ada.id, webhook.id, now=NOW)
    trial.webhook(ada.id, webhook.id, now=later(hours=1))


# --- webhooks ---------------------------------------------------------------------------------
def test_a_webhook_is_made_shown_changed_and_deleted(ada, client):
    made = call(client, "post", HOOKS, {"url": "https://hooks.example.com/in"}, 201)
    assert made.pop("secret").startswith("whsec_") and Webhook.objects.get().secret != ""
    assert made["isActive"] is True and made["url"] == "https://hooks.example.com/in"
    assert call(client, "get", HOOKS) == [made]
    one = f"{HOOKS}/{made['id']}"
    assert call(client, "get", one) == made
    off = call(client, "patch", one, {"isActive": False})
    assert not off["isActive"] and off["disabledAt"]
    moved = call(client, "patch", one, {"url": "https://new.example.com"})
    assert moved == off | {"url": "https://new.example.com"}
    assert call(client, "patch", one, {"isActive": True})["disabledAt"] is None
    call(client, "delete", one)
    assert call(client, "get", one, status=404)["code"] == "NOT_FOUND"
    assert call(client, "get", HOOKS) == []


def test_switching_on_begins_with_a_clean_slate(ada, client):
    webhook = hook(ada, is_active=False, failures=10, disabled_at=NOW)
    shown = call(client, "patch", f"{HOOKS}/{webhook.id}", {"isActive": True})
    assert (shown["failures"], shown["disabledAt"]) == (0, None)
    webhook = hook(ada, failures=3)
    assert call(client, "patch", f"{HOOKS}/{webhook.id}", {"isActive": True})["failures"] == 3


@pytest.mark.parametrize("url", ["http://a.example.com", "https://127.0.0.1", "x", "", None, 7])
def test_a_url_that_may_not_be_called_is_refused_by_field(ada, client, url):
    webhook = hook(ada)
    assert call(client, "post", HOOKS, {"url": url}, 400)["details"]["fields"]["url"]
    if url:
        error = call(client, "patch", f"{HOOKS}/{webhook.id}", {"url": url}, 400)
        assert error["details"]["fields"]["url"]
    assert Webhook.objects.get().url == webhook.url


def test_a_sixth_webhook_is_refused_also_when_sixteen_ask_at_once(ada, client):
    make = partial(webhooks.create, ada.id, "https://hooks.example.com", now=NOW)
    results = together(*[make] * 16)
    refused = raised(results)
    assert {type(error) for error in refused} == {errors.TooManyWebhooks} and len(refused) == 11
    error = call(client, "post", HOOKS, {"url": "https://hooks.example.com"}, 422)
    assert error["code"] == "TOO_MANY_WEBHOOKS" and Webhook.objects.count() == 5


def test_a_test_waits_for_its_webhook_alone_and_is_listed(ada, client):
    webhook, _ = hook(ada), hook(ada)
    done = call(client, "post", f"{HOOKS}/{webhook.id}/test", status=202)
    row = Delivery.objects.get()
    assert (row.webhook, row.payload["type"], done) == (webhook, "TEST", row.to_dict())
    assert call(client, "get", f"{HOOKS}/{webhook.id}/deliveries") == [done]
    assert not Notification.objects.exists()
    webhooks.change(ada.id, webhook.id, is_active=False, now=NOW)
    assert call(client, "post", f"{HOOKS}/{webhook.id}/test", status=422)


def test_deliveries_come_newest_first_by_page(ada, client):
    webhook = hook(ada)
    rows = [
        waiting(ada, "webhook", webhook, created_at=later(seconds=n), error="timeout")
        for n in range(3)
    ]
    waiting(ada, "webhook", hook(ada))
    path = f"{HOOKS}/{webhook.id}/deliveries"
    body = client.get(path, {"limit": 2, "page": 2}).json()
    assert body["data"] == [rows[0].to_dict()]
    assert body["pagination"] == {
        "page": 2,
        "limit": 2,
        "offset": 2,
        "total": 3,
        "totalPages": 2,
        "hasMore": False,
    }
    assert client.get(path, {"limit": 101}).status_code == 400


def test_a_strangers_webhook_is_not_found_whatever_is_tried(ada):
    webhook = hook(ada)
    stranger = bearer(world.token(make_user("bob@example.com")))
    one = f"{HOOKS}/{webhook.id}"
    for method, path in (
        ("get", one),
        ("patch", one),
        ("delete", one),
        ("post", f"{one}/test"),
        ("get", f"{one}/deliveries"),
    ):
        error = call(stranger, method, path, {} if method == "patch" else None, 404)
        assert error["code"] == "NOT_FOUND"
    assert call(stranger, "get", HOOKS) == [] and Webhook.objects.count() == 1


def test_nobody_and_no_stream_token_reads_choices_and_addresses(ada):
    now = timezone.now()
    issued = sign_in(ada, LAPTOP, now=now)
    identity = tokens.authenticate(issued.access_token, now=now)
    _, token = streams.create(identity, "reader", 1, LAPTOP, now=now)
    for path in (f"{ROOT}/preferences", HOOKS, f"{HOOKS}/whk_x", f"{HOOKS}/whk_x/deliveries"):
        assert APIClient().get(path).status_code == 401
        assert bearer(token).get(path).status_code == 403


def test_what_is_posted_twice_under_a_key_is_done_once(ada, client):
    def post(path, body, key):
        headers = {"Idempotency-Key": key}
        return client.post(path, body, format="json", headers=headers).json()["data"]

    body = {"url": "https://hooks.example.com/once"}
    first, again = post(HOOKS, body, "k1"), post(HOOKS, body, "k1")
    assert first == again and first["secret"].startswith("whsec_")
    assert Webhook.objects.count() == 1
    test = f"{HOOKS}/{first['id']}/test"
    assert post(test, {}, "k2") == post(test, {}, "k2") and Delivery.objects.count() == 1
    for _ in range(2):
        post(f"{ROOT}/preferences/test", {"channel": "in_app"}, "k3")
    assert Notification.objects.filter(type="TEST").count() == 1
