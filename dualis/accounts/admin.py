"""The admin of accounts: everything is read-only, and actions call services, which audit them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from dualis import errors
from dualis.accounts import (  # Django finds `admin` alone
    money_admin,  # noqa: F401
    standing,
    votes_admin,  # noqa: F401
)
from dualis.accounts.models import AuditEntry, LoginGuard, Session, User


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to look at. Who may view a model may run its actions only with the change permission."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AppendedAdmin(ReadOnlyAdmin):
    """Rows that nobody changes."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _each(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    rows: QuerySet,
    service: Callable[..., object],
    *,
    by: Callable[[Any], Any] = lambda row: row.pk,
) -> None:
    """Call a service for every chosen row and say how many it served and what it refused."""
    served = 0
    for row in rows:
        try:
            service(by(row), actor=request.user, address=request.address, now=timezone.now())  # type: ignore[attr-defined]
            served += 1
        except errors.DomainError as error:
            model_admin.message_user(request, f"{row}: {error.message}", messages.ERROR)
    if served:
        model_admin.message_user(request, f"Done for {served}.", messages.SUCCESS)


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("email", "id", "role", "status", "created_at", "last_login")
    list_filter = ("role", "status")
    search_fields = ("email", "id", "display_name")
    exclude = ("password", "groups", "user_permissions")
    actions = ("suspend", "reactivate", "deactivate", "end_sessions")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [name for name in super().get_readonly_fields(request, obj) if name != "password"]

    @admin.action(description="Suspend", permissions=["change"])
    def suspend(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        _each(self, request, rows, standing.suspend)

    @admin.action(description="Reactivate", permissions=["change"])
    def reactivate(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        _each(self, request, rows, standing.reactivate)

    @admin.action(description="Deactivate", permissions=["change"])
    def deactivate(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        _each(self, request, rows, standing.deactivate)

    @admin.action(description="End all sessions", permissions=["change"])
    def end_sessions(self, request: HttpRequest, rows: QuerySet[User]) -> None:
        _each(self, request, rows, standing.end_sessions)


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "user",
        "kind",
        "scope",
        "address",
        "created_at",
        "expires_at",
        "ended_at",
    )
    list_filter = ("kind", "scope", "end_reason")
    list_select_related = ("user",)
    search_fields = ("id", "user__email", "address", "name")
    exclude = ("refresh_jti", "browser_key")
    actions = ("end",)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        names = super().get_readonly_fields(request, obj)
        return [name for name in names if name not in self.exclude]

    @admin.action(description="End", permissions=["change"])
    def end(self, request: HttpRequest, rows: QuerySet[Session]) -> None:
        _each(self, request, rows, standing.end_session)


@admin.register(LoginGuard)
class LoginGuardAdmin(ReadOnlyAdmin):
    list_display = ("email", "address", "failures", "failed_at", "locked_until")
    search_fields = ("email", "address")
    actions = ("unlock",)

    @admin.action(description="Unlock", permissions=["change"])
    def unlock(self, request: HttpRequest, rows: QuerySet[LoginGuard]) -> None:
        _each(self, request, rows, standing.unlock, by=lambda row: row)


@admin.register(AuditEntry)
class AuditEntryAdmin(AppendedAdmin):
    list_display = ("at", "actor", "action", "target", "address")
    list_filter = ("action",)
    list_select_related = ("actor",)
    search_fields = ("target", "actor__email")
    date_hierarchy = "at"
