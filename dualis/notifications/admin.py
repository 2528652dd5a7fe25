"""Notifications in the admin: to be read, not to be changed."""

from django.contrib import admin

from dualis.admin import ReadOnlyAdmin
from dualis.notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "user", "type", "severity", "title", "read_at")
    list_filter = ("type", "category", "severity")
    search_fields = ("user__email", "title")
    list_select_related = ("user",)
