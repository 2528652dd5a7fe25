"""Voting power in the admin: rows to look at."""

from django.contrib import admin

from dualis.accounts.votes_models import VoteCheckpoint, VotingPower
from dualis.admin import ReadOnlyAdmin


@admin.register(VotingPower)
class VotingPowerAdmin(ReadOnlyAdmin):
    list_display = ("user", "liquid", "staked", "received", "delegate", "effective", "changed_at")
    list_select_related = ("user", "delegate")
    search_fields = ("=user__email", "=user__id", "=delegate__id")
    sortable_by = ("user", "changed_at")
    show_full_result_count = False


@admin.register(VoteCheckpoint)
class VoteCheckpointAdmin(ReadOnlyAdmin):
    list_display = ("user", "at", "power")
    list_select_related = ("user",)
    search_fields = ("=user__email", "=user__id")
    sortable_by = ()
    show_full_result_count = False
