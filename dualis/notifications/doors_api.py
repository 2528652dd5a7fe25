"""REST of the doors: preferences, webhooks and their deliveries, tests. Only the caller's own."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis.accounts.permissions import FullAccess, user_of
from dualis.api import asked, idempotent, reply, valid
from dualis.notifications import preferences, trial, webhooks
from dualis.notifications.egress import URL_LENGTH
from dualis.notifications.kinds import Door
from dualis.notifications.models import Delivery, Webhook
from dualis.paging import PageQuery, paged


class _Test(serializers.Serializer[Any]):
    channel = serializers.ChoiceField([door.value for door in Door])


class _NewWebhook(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=URL_LENGTH)


class _ChangedWebhook(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=URL_LENGTH, default="")
    isActive = serializers.BooleanField(default=None)


class DoorView(APIView):
    """For the user in person: a stream token reads neither choices nor addresses."""

    permission_classes = [FullAccess]


class PreferencesView(DoorView):
    """GET or PUT /v1/notifications/preferences; PUT changes what the body names."""

    def get(self, request: Request) -> Response:
        user_id = user_of(request).id
        return reply(preferences.of([user_id])[user_id].to_dict())

    def put(self, request: Request) -> Response:
        changed = preferences.change(user_of(request).id, request.data, now=timezone.now())
        return reply(changed.to_dict())


class TestView(DoorView):
    """POST /v1/notifications/preferences/test {channel}: a test notification through one door."""

    @idempotent
    def post(self, request: Request) -> Response:
        door = Door(valid(_Test, request)["channel"])
        trial.through(user_of(request).id, door, now=timezone.now())
        return reply({"success": True, "channel": door.value}, status=202)


class WebhooksView(DoorView):
    """GET or POST /v1/notifications/webhooks; the secret is shown by POST, and by a repeat of it
    with its Idempotency-Key, and never again."""

    def get(self, request: Request) -> Response:
        rows = Webhook.objects.filter(user_id=user_of(request).id)
        return reply([row.to_dict() for row in rows])

    @idempotent
    def post(self, request: Request) -> Response:
        url = valid(_NewWebhook, request)["url"]
        webhook = webhooks.create(user_of(request).id, url, now=timezone.now())
        return reply({**webhook.to_dict(), "secret": webhook.secret}, status=201)


class WebhookView(DoorView):
    """GET, PATCH or DELETE /v1/notifications/webhooks/<id>."""

    def get(self, request: Request, webhook_id: str) -> Response:
        return reply(webhooks.get(user_of(request).id, webhook_id).to_dict())

    def patch(self, request: Request, webhook_id: str) -> Response:
        body = valid(_ChangedWebhook, request)
        webhook = webhooks.change(
            user_of(request).id,
            webhook_id,
            url=body["url"],
            is_active=body["isActive"],
            now=timezone.now(),
        )
        return reply(webhook.to_dict())

    def delete(self, request: Request, webhook_id: str) -> Response:
        webhooks.delete(user_of(request).id, webhook_id)
        return reply({"success": True})


class WebhookTestView(DoorView):
    """POST /v1/notifications/webhooks/<id>/test: the delivery that waits."""

    @idempotent
    def post(self, request: Request, webhook_id: str) -> Response:
        delivery = trial.webhook(user_of(request).id, webhook_id, now=timezone.now())
        return reply(delivery.to_dict(), status=202)


class DeliveriesView(DoorView):
    """GET /v1/notifications/webhooks/<id>/deliveries: newest first, by page; kept 30 days."""

    def get(self, request: Request, webhook_id: str) -> Response:
        query = asked(PageQuery, request)
        webhook = webhooks.get(user_of(request).id, webhook_id)
        rows = Delivery.objects.filter(webhook_id=webhook.id)
        page, pagination = paged(rows, query)
        data = [row.to_dict() for row in page]
        return reply(data, pagination=pagination)
