"""The marked voters of a development market: a full cycle, through the services."""

from datetime import timedelta

import pytest

from dualis.lending import demo
from governance import treasury, voters
from governance.demo import TREASURY, make_demo_governance
from governance.proposal_models import Proposal, TreasuryAccount, Vote
from tests import governance_world as gw
from tests import lending_market as lm
from tests.governance_world import run
from tests.lending_market import T0

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def market(settings):
    settings.GOVERNANCE_TIME_SCALE = 2_880.0
    lm.opened()
    yield
    lm.check()
    gw.check()


def test_nothing_happens_without_participants():
    assert not voters.step(T0)


def test_the_treasury_is_paid_in_once():
    demo.make_demo_market(T0)
    assert make_demo_governance(T0) and not make_demo_governance(T0)
    assert treasury.holds("DUAL") == TREASURY == TreasuryAccount.objects.get().amount


def test_a_full_cycle_is_seen_within_minutes():
    demo.make_demo_market(T0)
    make_demo_governance(T0)
    statuses = set()
    for second in range(0, 900, 3):
        now = T0 + timedelta(minutes=1, seconds=second)
        run(now)
        voters.step(now)
        statuses |= set(Proposal.objects.values_list("status", flat=True))
        if "EXECUTED" in statuses:
            break
    assert {"ACTIVE", "TIMELOCK", "EXECUTED"} <= statuses
    assert second < 600 and Vote.objects.count() >= 2
