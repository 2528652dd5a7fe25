"""The journal in the admin: to be read, not to be changed."""

from django.contrib import admin

from dualis.admin import ReadOnlyAdmin
from realtime.models import Event, Head


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("seq", "at", "channel", "key", "owner", "is_deleted", "text")
    list_filter = ("channel", "is_deleted")
    search_fields = ("key", "owner")
    show_full_result_count = False


@admin.register(Head)
class HeadAdmin(ReadOnlyAdmin):
    list_display = ("seq", "epoch", "pruned_state_seq", "pruned_events_seq")
