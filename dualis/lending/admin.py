"""The lending market in Django admin: books are read; staff act through the audited services.

No list sorts by an exact decimal: SQL cannot order these.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from dualis import errors
from dualis.accounts.models import User
from dualis.admin import ReadOnlyAdmin
from dualis.lending import (
    liquidation_admin,  # noqa: F401  (Django finds `admin` alone)
    parameters,
    protection_admin,  # noqa: F401
    ramps,
    staff,
    switches,
)
from dualis.lending.models import (
    Account,
    BorrowPosition,
    CreditRating,
    Market,
    Pool,
    SupplyPosition,
)
from dualis.lending.points import HealthPoint, MarketPoint, PoolPoint


def _by(request: HttpRequest) -> dict[str, Any]:
    """Return who acts, from where and when, as the services of staff take it."""
    return {
        "actor": request.user,
        "address": request.address,  # type: ignore[attr-defined]
        "now": timezone.now(),
    }


def _act(page: admin.ModelAdmin, request: HttpRequest, name: str, act: Callable[..., bool]) -> None:
    """Call a service and say whether it changed something, or why it was refused."""
    try:
        is_changed = act(**_by(request))
    except errors.DomainError as error:
        page.message_user(request, f"{name}: {error.message}", messages.ERROR)
    else:
        text = "done." if is_changed else "it was so already."
        page.message_user(request, f"{name}: {text}", messages.SUCCESS)


class PoolForm(ModelForm):
    """The parameters of a pool; a ratio that ramps is shown as what it will be."""

    class Meta:
        model = Pool
        fields = parameters.PARAMETERS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.update(ramps.targets(self.instance))

    def changes(self) -> dict[str, Any]:
        """Return what the form changes."""
        return {name: self.cleaned_data[name] for name in self.changed_data}

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                parameters.check(self.instance, self.changes())
            except errors.ValidationError as error:
                raise forms.ValidationError(error.message) from error
        return self.cleaned_data


@admin.register(Pool)
class PoolAdmin(admin.ModelAdmin):
    form = PoolForm
    list_display = (
        "id",
        "asset",
        "ltv",
        "threshold",
        "is_active",
        "is_supply_paused",
        "is_borrow_paused",
        "accrued_at",
    )
    list_filter = ("is_active", "is_supply_paused", "is_borrow_paused")
    list_select_related = ("asset",)
    sortable_by = ("id", "is_active", "is_supply_paused", "is_borrow_paused", "accrued_at")
    actions = ("pause_supply", "resume_supply", "pause_borrow", "resume_borrow")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        names = [field.name for field in Pool._meta.fields]
        return [name for name in names if name not in parameters.PARAMETERS]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [*parameters.PARAMETERS, *self.get_readonly_fields(request, obj)]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Pool, form: Any, change: bool) -> None:
        staff.change_pool(obj.pk, form.changes(), **_by(request))

    @admin.action(description="Pause supply", permissions=["change"])
    def pause_supply(self, request: HttpRequest, rows: QuerySet[Pool]) -> None:
        self._pause(request, rows, switches.SUPPLY, is_paused=True)

    @admin.action(description="Resume supply", permissions=["change"])
    def resume_supply(self, request: HttpRequest, rows: QuerySet[Pool]) -> None:
        self._pause(request, rows, switches.SUPPLY, is_paused=False)

    @admin.action(description="Pause borrowing", permissions=["change"])
    def pause_borrow(self, request: HttpRequest, rows: QuerySet[Pool]) -> None:
        self._pause(request, rows, switches.BORROW, is_paused=True)

    @admin.action(description="Resume borrowing", permissions=["change"])
    def resume_borrow(self, request: HttpRequest, rows: QuerySet[Pool]) -> None:
        self._pause(request, rows, switches.BORROW, is_paused=False)

    def _pause(
        self, request: HttpRequest, rows: QuerySet[Pool], operation: str, *, is_paused: bool
    ) -> None:
        for pool_id in rows.order_by("id").values_list("id", flat=True):
            act = partial(staff.pause_pool, pool_id, operation, is_paused=is_paused)
            _act(self, request, pool_id, act)


@admin.register(Market)
class MarketAdmin(ReadOnlyAdmin):
    list_display = ("id", "block", "block_at", "is_paused")
    actions = ("pause", "resume")

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("lending.change_market")

    @admin.action(description="Pause the protocol", permissions=["switch"])
    def pause(self, request: HttpRequest, rows: QuerySet[Market]) -> None:
        _act(self, request, "The protocol", partial(staff.pause_protocol, is_paused=True))

    @admin.action(description="Resume the protocol", permissions=["switch"])
    def resume(self, request: HttpRequest, rows: QuerySet[Market]) -> None:
        _act(self, request, "The protocol", partial(staff.pause_protocol, is_paused=False))


@admin.register(CreditRating)
class CreditRatingAdmin(admin.ModelAdmin):
    """Nobody rates himself; a rating is changed to Unrated, not deleted."""

    fields = ("user", "tier")
    list_display = ("user", "tier", "assigned_at")
    list_filter = ("tier",)
    list_select_related = ("user",)
    search_fields = ("user__email", "=user__id")

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> ModelChoiceField | None:
        kwargs["queryset"] = User.objects.exclude(pk=request.user.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return ["user"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: CreditRating | None = None) -> bool:
        is_own = obj is not None and obj.pk == request.user.pk
        return super().has_change_permission(request, obj) and not is_own

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: CreditRating, form: Any, change: bool) -> None:
        staff.assign_tier(obj.pk, obj.tier, **_by(request))


class _PositionAdmin(ReadOnlyAdmin):
    list_select_related = ("user", "pool")
    search_fields = ("=id", "=user__email", "=user__id")
    show_full_result_count = False


@admin.register(SupplyPosition)
class SupplyPositionAdmin(_PositionAdmin):
    list_filter = ("pool",)
    list_display = ("id", "user", "pool", "principal", "opened_at", "closed_at")
    sortable_by = ("id", "pool", "opened_at", "closed_at")


@admin.register(BorrowPosition)
class BorrowPositionAdmin(_PositionAdmin):
    list_display = (
        "id",
        "user",
        "pool",
        "principal",
        "credit_tier",
        "zone",
        "opened_at",
        "closed_at",
    )
    list_filter = ("pool", "zone", "credit_tier")
    sortable_by = ("id", "pool", "credit_tier", "zone", "opened_at", "closed_at")


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    list_display = ("user", "changed_at")
    list_select_related = ("user",)
    search_fields = ("=user__email", "=user__id")
    show_full_result_count = False


@admin.register(PoolPoint)
class PoolPointAdmin(ReadOnlyAdmin):
    list_display = ("pool", "at", "total_supply", "total_borrow", "utilization", "price_usd")
    list_filter = ("pool",)
    sortable_by = ("at",)
    show_full_result_count = False


@admin.register(MarketPoint)
class MarketPointAdmin(ReadOnlyAdmin):
    list_display = ("at", "tvl_usd", "borrowed_usd", "average_health", "transactions_24h")
    sortable_by = ("at",)
    show_full_result_count = False


@admin.register(HealthPoint)
class HealthPointAdmin(ReadOnlyAdmin):
    list_display = ("market", "bad_debt_ratio", "oracle_uptime", "concentration", "buckets")
    list_select_related = ("market",)
    sortable_by = ()
    show_full_result_count = False
