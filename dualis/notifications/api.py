"""REST of notifications: list, count, read, delete. Only the caller's own."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.views import APIView

from dualis.api import ConditionalView, asked, reply
from dualis.notifications import notices
from dualis.notifications.kinds import Category, Severity
from dualis.notifications.models import Notification, UnreadCount
from dualis.paging import PageQuery, paged
from realtime import journal, readers


class _Query(PageQuery):
    category = serializers.ChoiceField([c.value for c in Category], required=False)
    severity = serializers.ChoiceField([s.value for s in Severity], required=False)
    unread = serializers.BooleanField(default=False)


class NotificationsView(ConditionalView):
    """GET /v1/notifications/: newest first, by page, with the unread count of the same seq."""

    def get(self, request: Any) -> Any:
        query = asked(_Query, request)
        with readers.read_only():
            at = journal.position()
            rows = Notification.objects.filter(user_id=request.user.pk)
            for name in ("category", "severity"):
                if name in query:
                    rows = rows.filter(**{name: query[name]})
            if query["unread"]:
                rows = rows.filter(read_at=None)
            page, pagination = paged(rows, query)
            data = [row.to_dict() for row in page]
            unread = _unread(request.user.pk)
        return reply(data, pagination=pagination, unread=unread, seq=at.seq, epoch=at.epoch)


class UnreadCountView(ConditionalView):
    """GET /v1/notifications/unread-count."""

    def get(self, request: Any) -> Any:
        with readers.read_only():
            at = journal.position()
            count = _unread(request.user.pk)
        return reply({"count": count}, count=count, seq=at.seq, epoch=at.epoch)


class NotificationView(ConditionalView):
    """GET or DELETE /v1/notifications/<id>."""

    def get(self, request: Any, notification_id: str) -> Any:
        with readers.read_only():
            at = journal.position()
            row = notices.get(request.user.pk, notification_id)
        return reply(row.to_dict(), seq=at.seq, epoch=at.epoch)

    def delete(self, request: Any, notification_id: str) -> Any:
        notices.delete(request.user.pk, notification_id)
        return reply({"success": True})


class ReadView(APIView):
    """PUT /v1/notifications/<id>/read."""

    def put(self, request: Any, notification_id: str) -> Any:
        row = notices.mark_read(request.user.pk, notification_id, now=timezone.now())
        return reply(row.to_dict())


class ReadAllView(APIView):
    """PUT /v1/notifications/read-all."""

    def put(self, request: Any) -> Any:
        count = notices.mark_all_read(request.user.pk, now=timezone.now())
        return reply({"success": True, "read": count})


def _unread(user_id: str) -> int:
    row = UnreadCount.objects.filter(user_id=user_id).first()
    return row.count if row else 0
