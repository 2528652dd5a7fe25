"""Notifications in the admin: rows to be read, and the form by which staff tell everybody."""

import json
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from dualis import errors, idempotency
from dualis.accounts.models import User
from dualis.admin import ReadOnlyAdmin
from dualis.notifications import broadcasts
from dualis.notifications.models import Broadcast, Delivery, Notification, Webhook


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "user", "type", "severity", "title", "read_at")
    list_filter = ("type", "category", "severity")
    search_fields = ("user__email", "title")
    list_select_related = ("user",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "user",
        "door",
        "webhook_id",
        "state",
        "attempts",
        "status",
        "error",
        "due_at",
    )
    list_filter = ("door", "state", "error")
    list_select_related = ("user",)
    search_fields = ("=id", "=user__email", "=webhook__id")
    sortable_by = ("created_at",)
    show_full_result_count = False


@admin.register(Webhook)
class WebhookAdmin(ReadOnlyAdmin):
    exclude = ("secret",)
    list_display = ("id", "user", "url", "is_active", "failures", "created_at", "disabled_at")
    list_filter = ("is_active",)
    list_select_related = ("user",)
    search_fields = ("=id", "=user__email", "url")


class BroadcastForm(forms.Form):
    """Sent twice: first to look at it, then, `confirmed`, to everybody.

    `key` is made with the page: what is confirmed twice is sent once.
    """

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    title = forms.CharField(max_length=160)
    message = forms.CharField(max_length=2_000, widget=forms.Textarea)


@admin.register(Broadcast)
class BroadcastAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "type", "title", "reached", "ended_at")
    list_filter = ("type",)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.send_view)
        return [path("send/", view, name="notifications_broadcast_send"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_send": _may_send(request)}
        return super().changelist_view(request, context)

    def send_view(self, request: HttpRequest) -> HttpResponse:
        """Show the form, then what it will send and to how many, then send it."""
        if not _may_send(request):
            raise PermissionDenied
        form = BroadcastForm(request.POST or None, initial={"key": uuid4().hex})
        is_valid = form.is_valid()
        if is_valid and "confirmed" in request.POST:
            try:
                _send(request, form.cleaned_data)
            except errors.DomainError as error:
                form.add_error(None, error.message)
                is_valid = False
            else:
                self.message_user(request, "On its way to everybody.", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:notifications_broadcast_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Tell everybody",
            "opts": self.opts,
            "form": form,
            "is_preview": is_valid,
            "recipients": broadcasts.recipients(timezone.now()).count() if is_valid else 0,
        }
        return TemplateResponse(request, "admin/notifications/broadcast/send.html", context)


def _may_send(request: HttpRequest) -> bool:
    return request.user.has_perm("notifications.add_broadcast")


def _send(request: HttpRequest, asked: dict[str, Any]) -> None:
    actor = request.user
    assert isinstance(actor, User), "the admin is for staff"
    now = timezone.now()
    what = {"title": asked["title"], "message": asked["message"]}

    def act() -> tuple[int, Any]:
        address = request.address  # type: ignore[attr-defined]
        return 201, {"id": broadcasts.announce(**what, actor=actor, address=address, now=now).id}

    body = json.dumps(what, sort_keys=True).encode()
    idempotency.once(actor.id, "POST", request.path, asked["key"], body, now, act)
