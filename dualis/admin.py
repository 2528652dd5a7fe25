"""The engine in the admin, and the base of every page that only shows."""

from typing import Any

from django.contrib import admin

from dualis.models import EngineStep, EngineTerm


class ReadOnlyAdmin(admin.ModelAdmin):
    """Shows rows and changes none."""

    def has_add_permission(self, request: Any) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(EngineStep)
class EngineStepAdmin(ReadOnlyAdmin):
    list_display = ("name", "interval_seconds", "ran_at", "duration_ms", "failures", "last_error")


@admin.register(EngineTerm)
class EngineTermAdmin(ReadOnlyAdmin):
    list_display = ("term", "holder", "since_at")
