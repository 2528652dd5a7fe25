"""Protection rules in the admin: rows to look at."""

from django.contrib import admin

from dualis.admin import ReadOnlyAdmin
from dualis.lending.protection_models import ProtectionRule


@admin.register(ProtectionRule)
class ProtectionRuleAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "user",
        "position",
        "trigger",
        "action",
        "asset",
        "limit",
        "outcome",
        "reason",
        "created_at",
        "ended_at",
    )
    list_filter = ("action", "outcome")
    list_select_related = ("user", "position")
    search_fields = ("=id", "=position__id", "=user__email")
    sortable_by = ("created_at", "ended_at")
    show_full_result_count = False
