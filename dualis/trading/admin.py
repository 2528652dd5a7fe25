"""The margin ledger in the admin: rows to look at, the poller's switch, withdrawals to let go."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from dualis.accounts.models import User
from dualis.admin import ReadOnlyAdmin
from dualis.trading import staff
from dualis.trading.models import (
    Agent,
    Block,
    BookState,
    Fill,
    LedgerTransaction,
    MarginAccount,
    MarginOrder,
    PollCursor,
    PollerState,
    PortfolioSample,
    Rejection,
    Twap,
    Withdrawal,
)


def _actor(request: HttpRequest) -> User:
    assert isinstance(request.user, User), "the admin is for those who are signed in"
    return request.user


@admin.register(MarginAccount)
class MarginAccountAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "usdc", "is_simulated", "opened_at")
    list_filter = ("is_simulated",)
    list_select_related = ("user",)
    search_fields = ("name", "user__email")
    sortable_by = ("name", "opened_at")


@admin.register(MarginOrder)
class MarginOrderAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "account",
        "coin",
        "side",
        "kind",
        "price",
        "size",
        "original_size",
        "status",
        "status_at",
    )
    list_filter = ("status", "coin", "side", "kind")
    search_fields = ("=id", "account__name")
    list_select_related = ("account",)
    sortable_by = ("status_at",)


@admin.register(Twap)
class TwapAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "account",
        "coin",
        "side",
        "size",
        "filled",
        "slice_index",
        "slices",
        "status",
        "updated_at",
    )
    list_filter = ("status", "coin", "side")
    search_fields = ("=id", "account__name")
    list_select_related = ("account",)
    sortable_by = ("updated_at",)


@admin.register(Fill)
class FillAdmin(ReadOnlyAdmin):
    list_display = ("tid", "account", "coin", "side", "price", "size", "fee", "forced", "at")
    list_filter = ("coin", "side", "forced")
    search_fields = ("=tid", "account__name")
    list_select_related = ("account",)
    sortable_by = ("at",)


@admin.register(Rejection)
class RejectionAdmin(ReadOnlyAdmin):
    list_display = ("account", "coin", "code", "reason", "at")
    list_filter = ("code", "coin")
    list_select_related = ("account",)
    sortable_by = ("at",)


@admin.register(Block)
class BlockAdmin(ReadOnlyAdmin):
    list_display = ("number", "at", "transaction_count", "hash")
    search_fields = ("=number", "=hash")


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    list_display = ("hash", "type", "user", "block_number", "tx_index", "at")
    list_filter = ("type",)
    search_fields = ("=hash", "=user")
    sortable_by = ("at",)


@admin.register(BookState)
class BookStateAdmin(ReadOnlyAdmin):
    list_display = ("coin", "quoted_at", "funding_at")


@admin.register(Agent)
class AgentAdmin(ReadOnlyAdmin):
    list_display = ("address", "account")
    list_select_related = ("account",)


@admin.register(PollCursor)
class PollCursorAdmin(ReadOnlyAdmin):
    list_display = ("account", "venue", "since_ms")
    list_select_related = ("account",)


@admin.register(PortfolioSample)
class PortfolioSampleAdmin(ReadOnlyAdmin):
    list_display = ("account", "at", "value", "pnl", "perp_pnl", "volume")
    search_fields = ("account__name",)
    list_select_related = ("account",)
    sortable_by = ("at",)


@admin.register(Withdrawal)
class WithdrawalAdmin(ReadOnlyAdmin):
    list_display = ("id", "account", "asset", "amount", "status", "requested_at", "settled_at")
    list_filter = ("status", "asset")
    list_select_related = ("account",)
    sortable_by = ("requested_at",)
    actions = ("let_go",)

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("trading.change_withdrawal")

    @admin.action(description="Fail: the amount is free again", permissions=["end"])
    def let_go(self, request: HttpRequest, queryset: QuerySet[Withdrawal]) -> None:
        for row in queryset:
            is_ended = staff.fail_withdrawal(
                row.id,
                actor=_actor(request),
                address=request.address,  # type: ignore[attr-defined]
                now=timezone.now(),
            )
            text = f"{row} is let go." if is_ended else f"{row} has ended already."
            self.message_user(request, text, messages.SUCCESS if is_ended else messages.WARNING)


@admin.register(PollerState)
class PollerStateAdmin(ReadOnlyAdmin):
    list_display = ("is_enabled", "last_success_at", "errors", "last_error", "resume_at")
    actions = ("switch_on", "switch_off")

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("trading.change_pollerstate")

    @admin.action(description="Switch the poller on", permissions=["switch"])
    def switch_on(self, request: HttpRequest, queryset: QuerySet[PollerState]) -> None:
        self._switch(request, is_enabled=True)

    @admin.action(description="Switch the poller off", permissions=["switch"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[PollerState]) -> None:
        self._switch(request, is_enabled=False)

    def _switch(self, request: HttpRequest, *, is_enabled: bool) -> None:
        staff.switch_poller(
            is_enabled=is_enabled,
            actor=_actor(request),
            address=request.address,  # type: ignore[attr-defined]
            now=timezone.now(),
        )
        self.message_user(request, f"The poller is {'on' if is_enabled else 'off'}.")
