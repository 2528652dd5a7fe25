"""The admin of money: rows to look at, and the form by which staff book deposits and withdrawals.

The ledger is long: its lists are searched, and have no filter that would read it whole.
"""

import json
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from dualis import errors, idempotency
from dualis.accounts import users, wallets
from dualis.accounts.models import User
from dualis.accounts.money import MEMO_LENGTH, Entry, Movement, Wallet
from dualis.admin import ReadOnlyAdmin
from dualis.oracle.models import Asset

_BOOKINGS = {wallets.DEPOSIT: wallets.deposit, wallets.WITHDRAWAL: wallets.withdraw}


class BookingForm(forms.Form):
    """`key` is made with the page: a form that is sent twice books once."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    kind = forms.ChoiceField(choices=[(kind, kind.capitalize()) for kind in _BOOKINGS])
    user = forms.CharField(max_length=254, help_text="E-mail or id.")
    asset = forms.ModelChoiceField(Asset.objects.all())
    amount = forms.DecimalField(max_digits=38, decimal_places=18, localize=False)
    memo = forms.CharField(
        max_length=MEMO_LENGTH, help_text="What proves it; the user reads it too."
    )

    def clean_user(self) -> User:
        text = self.cleaned_data["user"]
        user = users.by_email(text) or User.objects.filter(pk=text).first()
        if user is None:
            raise forms.ValidationError("There is no such user.")
        return user


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ("user", "asset", "amount")
    list_filter = ("asset",)
    list_select_related = ("user",)
    search_fields = ("user__email", "user__id")
    sortable_by = ("user", "asset")


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    list_display = ("at", "account", "asset", "amount", "owner", "movement")
    list_select_related = ("owner", "movement")
    search_fields = ("=account", "=asset", "=owner__email", "=movement__reference")
    sortable_by = ()
    show_full_result_count = False


class _Entries(admin.TabularInline):
    model = Entry
    ordering = ("id",)
    fields = ("account", "owner", "asset", "amount")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Movement)
class MovementAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "user", "reference", "memo")
    date_hierarchy = "at"
    list_select_related = ("user",)
    search_fields = ("=id", "=kind", "=reference", "=user__email")
    sortable_by = ("at",)
    show_full_result_count = False
    inlines = (_Entries,)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.book_view)
        return [path("book/", view, name="accounts_movement_book"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {**(extra_context or {}), "may_book": _may_book(request)}
        return super().changelist_view(request, context)

    def book_view(self, request: HttpRequest) -> HttpResponse:
        """Show the form of a booking; book it and go back to the list."""
        if not _may_book(request):
            raise PermissionDenied
        form = BookingForm(request.POST or None, initial={"key": uuid4().hex})
        if form.is_valid():
            try:
                _book(request, form.cleaned_data)
            except errors.DomainError as error:
                form.add_error(None, error.message)
            else:
                self.message_user(request, "Booked.", messages.SUCCESS)
                return HttpResponseRedirect(reverse("admin:accounts_movement_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": "Book a deposit or withdrawal",
            "opts": self.opts,
            "form": form,
        }
        return TemplateResponse(request, "admin/accounts/movement/book.html", context)


def _may_book(request: HttpRequest) -> bool:
    return request.user.has_perm("accounts.add_movement")


def _book(request: HttpRequest, asked: dict[str, Any]) -> None:
    actor = request.user
    assert isinstance(actor, User), "the admin is for staff"
    now = timezone.now()
    what = {
        "user_id": asked["user"].id,
        "asset": asked["asset"].symbol,
        "amount": asked["amount"],
        "memo": asked["memo"],
    }

    def act() -> tuple[int, Any]:
        movement = _BOOKINGS[asked["kind"]](
            **what,
            places=asked["asset"].decimals,
            actor=actor,
            address=request.address,  # type: ignore[attr-defined]
            now=now,
        )
        return 201, movement.receipt()

    body = json.dumps({"kind": asked["kind"], **what}, sort_keys=True, default=str).encode()
    idempotency.once(actor.id, "POST", request.path, asked["key"], body, now, act)
