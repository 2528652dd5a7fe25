"""The table of the dashboard's pages. They hold nothing live: that comes over socket and REST.

A page is an address, a template and what it is told once; urls.py makes a route of each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from dualis.accounts.money import Movement
from dualis.lending.accounts import tier_of
from dualis.lending.models import Pool
from dualis.oracle.models import Asset
from dualis.trading.markets import MARKETS
from dualis.trading.models import MarginAccount
from realtime import reference

Told = dict[str, Any]
BAR, MORE = "bar", "more"  # where the navigation shows a page; "" is nowhere


@dataclass(frozen=True, slots=True)
class Page:
    """`template` and entry module go by the page's name; `tell` gives what the template is told."""

    name: str
    path: str
    title: str
    is_private: bool = False
    shown: str = ""
    detail: str = ""  # the page of one item of this one's list
    tell: Callable[..., Told] = lambda request: {}

    @property
    def template(self) -> str:
        return f"{self.name}.html"


def _names(request: HttpRequest) -> Told:
    return {"names": dict(Asset.objects.values_list("symbol", "name"))}


def _account(request: HttpRequest) -> Told:
    return {**_names(request), "tier": tier_of(str(request.user.pk)).value}


def _statement(request: HttpRequest) -> Told:
    kinds = Movement.objects.filter(entries__owner_id=request.user.pk).order_by("kind")
    return {**_names(request), "kinds": list(kinds.values_list("kind", flat=True).distinct())}


def _market(request: HttpRequest, symbol: str) -> Told:
    pool = Pool.objects.filter(asset_id=symbol).first()
    if pool is None:
        raise Http404
    return {**_names(request), "pool": {"poolId": pool.id, "asset": symbol}}


def _proposal(request: HttpRequest, proposal_id: str) -> Told:
    return {"proposal_id": proposal_id}


def _reference(request: HttpRequest) -> Told:
    return {"refusals": reference.catalogue(), "order_codes": reference.order_codes()}


def _margin(request: HttpRequest) -> Told:
    """Return the markets, and the address of the caller's margin account if there is one."""
    markets = {
        market.coin: {
            "assetId": market.asset_id,
            "feed": market.feed,
            "sizePlaces": market.size_places,
            "pricePlaces": market.price_places,
            "maxLeverage": market.max_leverage,
        }
        for market in MARKETS.values()
    }
    own = (
        request.user.is_authenticated
        and MarginAccount.objects.filter(user_id=str(request.user.pk)).first()
    )
    return {"markets": markets, "address": {"address": own.name if own else None}}


PAGES = (
    Page("overview", "", "Overview", is_private=True, shown=BAR, tell=_account),
    Page("markets", "markets", "Markets", shown=BAR, detail="market", tell=_names),
    Page("market", "markets/<str:symbol>", "Market", tell=_market),
    Page("borrow", "borrow", "Borrow", is_private=True, shown=BAR, tell=_account),
    Page("liquidations", "liquidations", "Liquidations", shown=BAR, tell=_names),
    Page("governance", "governance", "Governance", shown=BAR, detail="proposal"),
    Page("proposal", "governance/<str:proposal_id>", "Proposal", tell=_proposal),
    Page("oracle", "oracle", "Oracle", shown=BAR, tell=_names),
    Page("trading", "trading", "Trading", is_private=True, shown=BAR, tell=_margin),
    Page("activity", "activity", "Activity", is_private=True, shown=BAR, tell=_statement),
    Page("explorer", "explorer", "Explorer", shown=MORE),
    Page("notifications", "notifications", "Notifications", is_private=True, shown=MORE),
    Page("settings", "settings", "Settings", is_private=True, shown=MORE),
    Page("console", "console", "Console", shown=MORE, tell=_margin),
    Page("docs", "docs/", "Reference", shown=MORE, tell=_reference),
)


def routes() -> list[URLPattern]:
    """Return the route of every page, named as the page."""
    return [path(page.path, _view(page), name=page.name) for page in PAGES]


def _view(page: Page) -> Callable[..., HttpResponse]:
    @require_safe
    @never_cache
    def view(request: HttpRequest, **params: str) -> HttpResponse:
        """Show the page; a visitor who comes to the front door sees the markets."""
        if page.name == "overview" and not request.user.is_authenticated:
            return redirect("markets")
        context = {"page": page, "pages": _shown_to(request), **page.tell(request, **params)}
        return render(request, page.template, context)

    is_open = not page.is_private or page.name == "overview"
    return view if is_open else login_required(view)


def _shown_to(request: HttpRequest) -> dict[str, list[Page]]:
    """Return the pages of the navigation by place; a visitor is shown what he may read."""
    is_user = request.user.is_authenticated
    return {
        place: [p for p in PAGES if p.shown == place and (is_user or not p.is_private)]
        for place in (BAR, MORE)
    }
