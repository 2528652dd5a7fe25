"""Lending in the admin, through its pages: staff's acts call the services, the rest is read."""

from decimal import Decimal

import pytest
from django.test import Client

from dualis.accounts.models import AuditEntry
from dualis.lending import accounts, borrowing, history, parameters, protecting, supplying
from dualis.lending.models import CreditRating, Market, Pool
from tests import lending_market as lm
from tests import people, world
from tests.admin_pages import address
from tests.lending_market import T0, check, rich

pytestmark = pytest.mark.django_db
NAMES = [
    "pool",
    "market",
    "creditrating",
    "supplyposition",
    "borrowposition",
    "account",
    "poolpoint",
    "marketpoint",
    "healthpoint",
    "protectionrule",
]


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


@pytest.fixture
def staff():
    return people.make_staff()


@pytest.fixture
def client(staff):
    client = Client()
    client.force_login(staff)
    return client


def inhabit():
    """Put a row into every list."""
    ada = rich("ada")
    supplying.supply(ada.id, "usdc-main", "10000", now=T0)
    loan = borrowing.open_position(ada.id, "usdc-main", "500", {"ETH": "1"}, now=T0).position
    protecting.set_rule(ada.id, loan.id, trigger="1.2", action="repay", limit="max", now=T0)
    CreditRating.objects.create(user=ada, tier="Gold", assigned_at=T0)
    history.record(T0)


def page(name, view="changelist", *args):
    return address(f"lending_{name}", view, *args)


def form_of(client, pool_id, **changes):
    form = client.get(page("pool", "change", pool_id)).context["adminform"].form
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {k: v for k, v in (values | changes).items() if v is not False}


def change(client, pool_id, **changes):
    data = form_of(client, pool_id, **changes)
    return client.post(page("pool", "change", pool_id), data)


def act(client, name, action, *keys):
    data = {"action": action, "_selected_action": keys}
    answer = client.post(page(name), data, follow=True)
    return [str(message) for message in answer.context["messages"]]


def entries():
    return list(AuditEntry.objects.order_by("id").values_list("action", "target"))


def test_every_list_and_row_opens_and_sorts_by_no_amount(client):
    inhabit()
    for name in NAMES:
        answer = client.get(page(name))
        assert answer.status_code == 200, name
        listed = answer.context["cl"]
        row = listed.result_list[0]
        assert client.get(page(name, "change", row.pk)).status_code == 200, name
        for column in listed.sortable_by:
            field = listed.model._meta.get_field(column)
            assert "Decimal" not in type(field).__name__, (name, column)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_deleted_and_only_ratings_are_added(client, name):
    inhabit()
    row = client.get(page(name)).context["cl"].result_list[0]
    assert client.post(page(name, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert client.get(page(name, "add")).status_code == (200 if name == "creditrating" else 403)


def test_changing_a_pool_calls_the_service_and_is_audited(client, staff):
    assert change(client, "eth-main", base="0.02", threshold="0.8").status_code == 302
    pool = Pool.objects.get(id="eth-main")
    assert (pool.base, pool.threshold, pool.threshold_to) == (
        Decimal("0.02"),
        Decimal("0.82"),
        Decimal("0.8"),
    )
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.target) == (staff, "lending.change_pool", "eth-main")
    assert entry.address == "127.0.0.1" and set(entry.details) == {"base", "threshold"}


def test_saving_a_pool_that_ramps_restarts_nothing(client):
    parameters.change("eth-main", {"threshold": "0.8"}, now=T0)
    before = Pool.objects.get(id="eth-main").ramp_from_at
    assert change(client, "eth-main").status_code == 302
    assert Pool.objects.get(id="eth-main").ramp_from_at == before and not entries()


def test_a_form_cannot_write_books_or_switches(client):
    change(client, "eth-main", cash="5", is_supply_paused="on", reserves="7")
    pool = Pool.objects.get(id="eth-main")
    assert (pool.cash, pool.reserves, pool.is_supply_paused) == (0, 0, False)


@pytest.mark.parametrize("wrong", [{"kink": "1"}, {"ltv": "0.9"}, {"base": "words"}])
def test_an_invalid_change_is_shown_in_the_form(client, wrong):
    answer = change(client, "eth-main", **wrong)
    assert answer.status_code == 200 and answer.context["adminform"].form.errors
    assert not entries()


def test_pools_are_paused_and_resumed_by_action(client):
    assert act(client, "pool", "pause_borrow", "eth-main", "usdc-main") == [
        "eth-main: done.",
        "usdc-main: done.",
    ]
    assert act(client, "pool", "pause_borrow", "eth-main") == ["eth-main: it was so already."]
    assert Pool.objects.filter(is_borrow_paused=True).count() == 2
    act(client, "pool", "resume_borrow", "eth-main")
    act(client, "pool", "pause_supply", "eth-main")
    act(client, "pool", "resume_supply", "eth-main")
    assert [action for action, _ in entries()] == [
        "lending.pause_borrow",
        "lending.pause_borrow",
        "lending.resume_borrow",
        "lending.pause_supply",
        "lending.resume_supply",
    ]


def test_the_protocol_is_paused_and_resumed_by_action(client):
    assert act(client, "market", "pause", 1) == ["The protocol: done."]
    assert Market.objects.get().is_paused
    act(client, "market", "resume", 1)
    assert not Market.objects.get().is_paused
    assert [target for _, target in entries()] == ["market", "market"]


def test_a_tier_is_added_and_changed(client):
    user = world.user("ada")
    client.post(page("creditrating", "add"), {"user": user.id, "tier": "Silver"})
    assert accounts.tier_of(user.id) == "Silver"
    client.post(page("creditrating", "change", user.id), {"tier": "Gold"})
    assert accounts.tier_of(user.id) == "Gold"
    assert entries() == [("lending.assign_tier", user.id)] * 2


def test_nobody_rates_himself(client, staff):
    answer = client.post(page("creditrating", "add"), {"user": staff.id, "tier": "Diamond"})
    assert answer.status_code == 200 and not CreditRating.objects.exists()
    CreditRating.objects.create(user=staff, tier="Bronze", assigned_at=T0)
    answer = client.post(page("creditrating", "change", staff.id), {"tier": "Diamond"})
    assert answer.status_code == 403 and accounts.tier_of(staff.id) == "Bronze"
