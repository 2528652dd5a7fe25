"""The demo market: made once, by the services, below every cap."""

from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured

from dualis.accounts.models import AuditEntry, User
from dualis.accounts.money import Entry, Movement
from dualis.lending import demo, figures
from dualis.lending.models import BackstopAccount, BorrowPosition, Pool, SupplyPosition
from dualis.oracle.assets import seed_assets
from dualis.oracle.models import Quote
from realtime import journal
from tests import lending_market as lm
from tests import world
from tests.lending_market import T0, after, check, wallet

pytestmark = pytest.mark.django_db
# spec 4
UTILIZATIONS = {
    "usdc-main": 0.72557,
    "wbtc-main": 0.497297,
    "eth-main": 0.639381,
    "cc-main": 0.38427,
    "tbill-2026": 0.765625,
    "spy-2026": 0.573077,
}


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


def user(name):
    return User.objects.get(email=f"{name}@dualis.finance")


def test_every_pool_is_as_used_as_the_specs_and_below_its_caps():
    assert demo.make_demo_market(T0)
    for pool in Pool.objects.all():
        row = figures.pool_row(pool)
        assert row["utilization"] == pytest.approx(UTILIZATIONS[pool.id], abs=0.02), pool
        assert pool.books.supplied * pool.price < pool.supply_cap_usd
        assert pool.books.borrowed * pool.price < pool.borrow_cap_usd
    assert BorrowPosition.objects.count() == 13
    assert all(p.to_dict()["healthFactor"] > 1.5 for p in BorrowPosition.objects.all())


def test_participants_are_marked_and_nobody_can_sign_in_as_one():
    demo.make_demo_market(T0)
    people = User.objects.filter(email__startswith="sim-")
    assert [p.display_name for p in people] == [f"Simulated {n}" for n in range(1, 7)]
    assert not any(p.has_usable_password() or p.is_staff for p in people)
    assert {p.credit_tier for p in BorrowPosition.objects.all()} == {"Diamond", "Gold", "Unrated"}


def test_every_unit_came_in_by_an_audited_marked_deposit():
    demo.make_demo_market(T0)
    deposits = Movement.objects.filter(kind="deposit")
    assert set(deposits.values_list("memo", flat=True)) == {"demo"}
    assert AuditEntry.objects.filter(action="deposit").count() == deposits.count()
    outside = Entry.objects.filter(account="outside")
    assert set(outside.values_list("movement__kind", flat=True)) == {"deposit"}


def test_demo_users_have_something_to_look_at():
    demo.make_demo_market(T0)
    borrower, supplier = user("demo"), user("supplier")
    assert SupplyPosition.objects.filter(user=borrower).count() == 2
    (loan,) = BorrowPosition.objects.filter(user=borrower)
    assert loan.collateral == {"ETH": "10"} and loan.to_dict()["debt"] == "8000"
    assert SupplyPosition.objects.filter(user=supplier).count() == 2
    assert wallet(user("trader"), "USDC") == 250_000
    assert wallet(user("institutional"), "wBTC") == Decimal(200)


def test_making_it_again_changes_nothing():
    demo.make_demo_market(T0)
    before = journal.position().seq, Movement.objects.count()
    assert not demo.make_demo_market(after(days=1))
    assert (journal.position().seq, Movement.objects.count()) == before


def test_production_has_none(settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(ImproperlyConfigured):
        demo.make_demo_market(T0)
    assert not User.objects.exists()


def test_the_asset_that_swings_is_lent_and_backed_where_it_has_a_price():
    seed_assets(is_demo=True)
    world.quote("SWING", "10")
    assert demo.make_demo_market(T0)
    assert Pool.objects.get(id="swing-demo").books.supplied == 50_000
    assert BackstopAccount.objects.get(asset="SWING").cash == 2_000
    for number in range(1, 7):
        assert wallet(user(f"sim-{number}"), "SWING") == 20_000


def test_what_a_frozen_price_refuses_is_left_out():
    row = Quote.objects.get(asset_id="ETH")
    row.is_tripped = True
    row.save()
    assert demo.make_demo_market(T0)
    pools = {pool.id: pool.books for pool in Pool.objects.all()}
    assert not pools["eth-main"].borrowed and pools["eth-main"].supplied
    assert pools["spy-2026"].borrowed == Decimal(17_446) * Decimal("0.6")
