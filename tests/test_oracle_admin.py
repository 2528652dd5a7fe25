"""The oracle in the admin: staff's two actions call the services, all else is read only."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory
from django.urls import path

from dualis.oracle.assets import seed_assets
from dualis.oracle.history import roll_up
from dualis.oracle.market import Oracle
from dualis.oracle.models import Asset, ManualPrice, OracleAlert, PriceBar, PriceTick, Quote
from dualis.oracle.staff import set_manual_price
from tests.oracle_world import Scripted, at

urlpatterns = [path("admin/", site.urls)]
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls(__name__),
    pytest.mark.usefixtures("actors"),
]
MODELS = [Asset, Quote, PriceTick, PriceBar, OracleAlert, ManualPrice]
PRICES = {"price", "candidate", "open", "high", "low", "close"}


@pytest.fixture
def request_of_staff():
    seed_assets()
    user = get_user_model().objects.create(email="staff@example.com", role="admin")
    user.is_superuser = True
    request: Any = RequestFactory().post("/admin/")
    request.user = user
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


@pytest.mark.parametrize("model", [Quote, PriceTick, PriceBar, OracleAlert, ManualPrice])
def test_recorded_rows_are_neither_changed_nor_deleted(request_of_staff, model):
    admin = site.get_model_admin(model)
    assert not admin.has_change_permission(request_of_staff)
    assert not admin.has_delete_permission(request_of_staff)
    assert admin.has_view_permission(request_of_staff)
    assert admin.has_add_permission(request_of_staff) is (model is ManualPrice)


def test_entering_a_value_calls_the_service(request_of_staff):
    admin = site.get_model_admin(ManualPrice)
    form_class = admin.get_form(request_of_staff)
    form = form_class({"asset": "SPY-2026", "price": "512.45"})
    assert form.is_valid(), form.errors
    row = form.save(commit=False)
    admin.save_model(request_of_staff, row, form, change=False)
    entry = ManualPrice.objects.get()
    assert (entry.pk, entry.price) == (row.pk, Decimal("512.45"))
    assert entry.actor_id == request_of_staff.user.pk
    assert OracleAlert.objects.filter(type="manual_price").count() == 1


@pytest.mark.parametrize(("asset", "price"), [("ETH", "1"), ("SPY-2026", "0"), ("SPY-2026", "-1")])
def test_form_refuses_market_assets_and_what_is_no_price(request_of_staff, asset, price):
    form_class = site.get_model_admin(ManualPrice).get_form(request_of_staff)
    assert not form_class({"asset": asset, "price": price}).is_valid()


def test_action_resets_the_tripped_breakers_and_tells_of_the_others(request_of_staff):
    source = Scripted({"ETH": "100", "BTC": "100"})
    oracle = Oracle([source])
    oracle.tick(at(0))
    source.says["ETH"] = "150"
    oracle.tick(at(1))
    admin: Any = site.get_model_admin(Quote)
    assert "reset_breakers" in admin.get_actions(request_of_staff)
    admin.reset_breakers(request_of_staff, Quote.objects.order_by("pk"))
    assert [str(message) for message in get_messages(request_of_staff)] == [
        "The breaker of BTC is not tripped.",
        "The breaker of ETH releases at the next tick.",
    ]
    oracle.tick(at(2))
    assert Quote.objects.get(asset="ETH").price == 150


def test_existing_asset_keeps_its_symbol_decimals_and_feed(request_of_staff):
    admin = site.get_model_admin(Asset)
    assert admin.get_readonly_fields(request_of_staff) == ()
    locked = admin.get_readonly_fields(request_of_staff, Asset.objects.get(pk="ETH"))
    assert set(locked) == {"symbol", "decimals", "feed_kind"}


@pytest.mark.parametrize("model", MODELS)
def test_lists_open_with_rows_and_sort_by_no_price(request_of_staff, model):
    Oracle([Scripted({"ETH": "100"})]).tick(at(0))
    set_manual_price("SPY-2026", Decimal(5), actor="usr_1", now=at(0))
    roll_up()
    assert model.objects.exists()
    request_of_staff.method = "GET"
    admin: Any = site.get_model_admin(model)
    answer = admin.changelist_view(request_of_staff).render()
    assert answer.status_code == 200
    assert not PRICES & set(admin.get_sortable_by(request_of_staff))
