"""REST of notifications: list, count, read, delete. Only the caller's own."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.views import APIView

from dualis.api import reply
from dualis.notifications import notices
from dualis.notifications.kinds import Category, Severity
from dualis.notifications.models import Notification, UnreadCount
from realtime import journal, readers


class PageQuery(serializers.Serializer[Any]):
    page = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1)
    limit = serializers.IntegerField(min_value=1, max_value=100, default=20)


class _Query(PageQuery):
    category = serializers.ChoiceField([c.value for c in Category], required=False)
    severity = serializers.ChoiceField([s.value for s in Severity], required=False)
    unread = serializers.BooleanField(default=False)


class NotificationsView(APIView):
    """GET /v1/notifications/: newest first, by page, with the unread count of the same seq."""

    def get(self, request: Any) -> Any:
        query = _Query(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        with readers.read_only():
            at = journal.position()
            rows = Notification.objects.filter(user_id=request.user.pk)
            for name in ("category", "severity"):
                if name in asked:
                    rows = rows.filter(**{name: asked[name]})
            if asked["unread"]:
                rows = rows.filter(read_at=None)
            data, pagination = page_of(rows, asked["page"], asked["limit"])
            unread = _unread(request.user.pk)
        return reply(data, pagination=pagination, unread=unread, seq=at.seq, epoch=at.epoch)


class UnreadCountView(APIView):
    """GET /v1/notifications/unread-count."""

    def get(self, request: Any) -> Any:
        with readers.read_only():
            at = journal.position()
            count = _unread(request.user.pk)
        return reply({"count": count}, count=count, seq=at.seq, epoch=at.epoch)


class NotificationView(APIView):
    """GET or DELETE /v1/notifications/<id>."""

    def get(self, request: Any, notification_id: str) -> Any:
        return reply(notices.get(request.user.pk, notification_id).to_dict())

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


def page_of(
    rows: QuerySet[Any], page: int, limit: int
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return one page of rows as they are shown, and what the answer says of the pages."""
    total, offset = rows.count(), (page - 1) * limit
    return [row.to_dict() for row in rows[offset : offset + limit]], {
        "page": page,
        "limit": limit,
        "offset": offset,
        "total": total,
        "totalPages": -(-total // limit),
        "hasMore": offset + limit < total,
    }


def _unread(user_id: str) -> int:
    row = UnreadCount.objects.filter(user_id=user_id).first()
    return row.count if row else 0
