"""The margin ledger in the admin: every page opens; what staff do is audited; users do nothing."""

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.test import Client

from dualis.accounts.models import AuditEntry
from dualis.trading import models, withdrawals
from tests import people
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, after

pytestmark = pytest.mark.django_db

PAGES = [m for m in admin.site._registry if m._meta.app_label == "trading"]


@pytest.fixture
def staff():
    client = Client()
    client.force_login(people.make_staff())
    return client


@pytest.fixture(autouse=True)
def ledger():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB)
    tw.place(BOB, "A", "1", "2000")
    tw.place(ADA, "B", "2", "2000")
    tw.place(ADA, "B", "1", "1.001")
    models.PollerState.objects.create(id=1)


@pytest.mark.parametrize("model", PAGES, ids=lambda m: m.__name__)
def test_every_list_and_row_opens_and_adds_nothing(staff, model):
    base = f"/admin/trading/{model._meta.model_name}/"
    assert staff.get(base).status_code == 200
    assert staff.get(f"{base}add/").status_code == 403
    row = model._base_manager.first()
    if row is not None:
        assert staff.get(f"{base}{quote(row.pk)}/change/").status_code == 200


def test_the_poller_is_switched_off_and_on_and_both_are_audited(staff):
    for action, is_enabled in (("switch_off", False), ("switch_on", True)):
        form = {"action": action, "_selected_action": [1]}
        staff.post("/admin/trading/pollerstate/", form)
        assert models.PollerState.objects.get().is_enabled is is_enabled
    actions = list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["trading.pause_poller", "trading.resume_poller"]


def test_a_withdrawal_that_is_let_go_frees_the_amount(staff):
    row = withdrawals.request(ADA, "USDC", "100", ADA, now=after(seconds=2))
    form = {"action": "let_go", "_selected_action": [row.id]}
    staff.post("/admin/trading/withdrawal/", form)
    row.refresh_from_db()
    assert row.status == "failed" and not tw.row(ADA).hold
    staff.post("/admin/trading/withdrawal/", form)
    assert AuditEntry.objects.filter(action="trading.fail_withdrawal").count() == 1
    tw.check()


def test_a_user_without_rights_sees_nothing():
    client = Client()
    client.force_login(people.make_user())
    assert client.get("/admin/trading/fill/").status_code == 302
