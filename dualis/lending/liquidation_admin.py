"""Liquidations and resales in the admin: rows to look at."""

from django.contrib import admin

from dualis.admin import ReadOnlyAdmin
from dualis.lending.liquidation_models import BackstopAccount, Bid, Liquidation
from dualis.lending.resale_models import Resale, ResaleBid


class _Appended(admin.TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: object, obj: object = None) -> bool:
        return False


class _Bids(_Appended):
    model = Bid
    fields = readonly_fields = ("at", "user", "repaid", "seized", "reward", "bonus_usd")


class _ResaleBids(_Appended):
    model = ResaleBid
    fields = readonly_fields = ("at", "user", "paid", "bought", "discount")


@admin.register(Liquidation)
class LiquidationAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "position",
        "pool",
        "tier",
        "status",
        "outcome",
        "filled",
        "bad_debt",
        "opened_at",
        "settled_at",
    )
    list_filter = ("status", "tier", "outcome", "pool")
    list_select_related = ("position", "pool")
    search_fields = ("=id", "=auction_id", "=position__id")
    sortable_by = ("opened_at", "settled_at")
    inlines = (_Bids,)


@admin.register(Bid)
class BidAdmin(ReadOnlyAdmin):
    list_display = ("id", "liquidation", "user", "repaid", "bonus_usd", "at")
    list_select_related = ("liquidation", "user")
    search_fields = ("=id", "=liquidation__id", "=user__email")
    sortable_by = ("at",)


@admin.register(BackstopAccount)
class BackstopAdmin(ReadOnlyAdmin):
    list_display = ("asset", "cash", "held")
    sortable_by = ("asset",)


@admin.register(Resale)
class ResaleAdmin(ReadOnlyAdmin):
    list_display = ("id", "pool", "symbol", "status", "lot", "sold", "proceeds", "opened_at")
    list_filter = ("status", "pool")
    list_select_related = ("pool",)
    search_fields = ("=id",)
    sortable_by = ("opened_at",)
    inlines = (_ResaleBids,)
