"""The oracle in Django admin: everything is read; staff enter values and reset breakers."""

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelChoiceField, ModelForm
from django.http import HttpRequest
from django.utils import timezone

from dualis.admin import ReadOnlyAdmin
from dualis.errors import DomainError
from dualis.oracle import staff
from dualis.oracle.models import (
    Asset,
    FeedKind,
    ManualPrice,
    OracleAlert,
    PriceBar,
    PriceTick,
    Quote,
)


@admin.register(Asset)
class AssetAdmin(admin.ModelAdmin):
    list_display = ("symbol", "name", "instrument_type", "decimals", "feed_kind", "is_active")
    list_filter = ("instrument_type", "feed_kind", "is_active")
    search_fields = ("symbol", "name")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Asset | None = None
    ) -> tuple[str, ...]:
        """Amounts and history are filed under these: they stay as they were created."""
        return () if obj is None else ("symbol", "decimals", "feed_kind")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Quote)
class QuoteAdmin(ReadOnlyAdmin):
    list_display = ("asset", "price", "feed", "is_stale", "is_tripped", "trip_reason", "candidate")
    list_filter = ("is_stale", "is_tripped", "feed")
    sortable_by = ("asset", "feed", "is_stale", "is_tripped")
    actions = ("reset_breakers",)

    def has_reset_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("oracle.change_quote")

    @admin.action(description="Reset the breaker: accept the candidate", permissions=["reset"])
    def reset_breakers(self, request: HttpRequest, queryset: QuerySet[Quote]) -> None:
        now = timezone.now()
        for quote in queryset:
            try:
                staff.reset_breaker(quote.asset_id, actor=str(request.user.pk), now=now)
            except DomainError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                text = f"The breaker of {quote.asset_id} releases at the next tick."
                self.message_user(request, text, messages.SUCCESS)


class ManualPriceForm(ModelForm):
    asset = ModelChoiceField(Asset.objects.filter(feed_kind=FeedKind.MANUAL))

    class Meta:
        model = ManualPrice
        fields = ("asset", "price")


@admin.register(ManualPrice)
class ManualPriceAdmin(ReadOnlyAdmin):
    """Adding one is entering a net asset value."""

    form = ManualPriceForm
    list_display = ("asset", "price", "actor_id", "entered_at", "is_simulated")
    list_filter = ("asset",)
    sortable_by = ("asset", "entered_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("oracle.add_manualprice")

    def save_model(
        self, request: HttpRequest, obj: ManualPrice, form: ModelForm, change: bool
    ) -> None:
        entry = staff.set_manual_price(
            obj.asset_id, obj.price, actor=str(request.user.pk), now=timezone.now()
        )
        obj.pk = entry.pk


@admin.register(PriceTick)
class PriceTickAdmin(ReadOnlyAdmin):
    list_display = ("asset", "at", "price", "is_valid", "feed")
    list_filter = ("asset", "feed", "is_valid")
    sortable_by = ("at",)
    show_full_result_count = False


@admin.register(PriceBar)
class PriceBarAdmin(ReadOnlyAdmin):
    list_display = ("asset", "interval", "start", "open", "high", "low", "close", "feed")
    list_filter = ("asset", "interval", "feed")
    sortable_by = ("start",)
    show_full_result_count = False


@admin.register(OracleAlert)
class OracleAlertAdmin(ReadOnlyAdmin):
    list_display = ("at", "severity", "type", "asset", "message")
    list_filter = ("severity", "type", "asset")
    sortable_by = ("at",)
