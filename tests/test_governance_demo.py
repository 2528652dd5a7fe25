"""The demo's DUAL: held long enough to vote, by people who can reach a quorum."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from dualis.accounts import votes
from dualis.accounts.models import AuditEntry, User
from dualis.accounts.money import Movement
from dualis.lending.demo import make_demo_market
from governance.demo import make_demo_governance
from tests import lending_market as lm
from tests.lending_market import T0
from tests.staking_world import check

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    make_demo_market(T0)
    yield
    check()


def user(name):
    return User.objects.get(email=f"{name}@dualis.finance")


def test_participants_reach_a_quorum_together_with_what_they_held_a_day_before():
    assert make_demo_governance(T0)
    day_before = T0 - timedelta(hours=24)
    powers = [votes.power_at(user(f"sim-{n}").id, day_before) for n in range(1, 7)]
    quorum = Decimal(100_000_000)
    assert max(powers) < quorum < powers[2] + powers[3]
    assert powers[0] + powers[1] > quorum
    assert votes.own_balance(user("demo").id) == 5_000
    assert votes.power_at(user("demo").id, day_before) == 6_000
    assert votes.standing(user("supplier").id)["delegate"] == user("institutional").id
    deposits = AuditEntry.objects.filter(action="deposit", details__asset="DUAL")
    assert deposits.count() == 10


def test_the_seed_of_the_demo_makes_it(monkeypatch):
    monkeypatch.setattr("dualis.oracle.backfill.backfill", lambda now: None)  # a year of prices
    call_command("seed_demo")
    assert votes.own_balance(user("demo").id) == 5_000


def test_making_it_again_changes_nothing():
    make_demo_governance(T0)
    before = Movement.objects.count()
    assert not make_demo_governance(T0 + timedelta(days=1))
    assert Movement.objects.count() == before


def test_production_has_none(settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(ImproperlyConfigured):
        make_demo_governance(T0)
