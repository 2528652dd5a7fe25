"""Staking in the admin: rows to look at."""

from django.contrib import admin

from dualis.admin import ReadOnlyAdmin
from governance.staking_models import Cooldown, FeeShare, Stake, Staking


@admin.register(Staking)
class StakingAdmin(ReadOnlyAdmin):
    list_display = ("total", "indices", "shared")
    sortable_by = ()


@admin.register(Stake)
class StakeAdmin(ReadOnlyAdmin):
    list_display = ("user", "staked", "earned")
    list_select_related = ("user",)
    search_fields = ("=user__email", "=user__id")
    sortable_by = ("user",)
    show_full_result_count = False


@admin.register(Cooldown)
class CooldownAdmin(ReadOnlyAdmin):
    list_display = ("stake", "amount", "started_at", "ends_at", "withdrawn_at")
    search_fields = ("=stake__user__email", "=stake__user__id")
    sortable_by = ("ends_at",)
    show_full_result_count = False


@admin.register(FeeShare)
class FeeShareAdmin(ReadOnlyAdmin):
    list_display = ("liquidation", "amounts", "at")
    list_select_related = ("liquidation",)
    search_fields = ("=liquidation__id",)
    sortable_by = ("at",)
    show_full_result_count = False
