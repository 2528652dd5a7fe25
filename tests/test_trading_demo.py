"""The demo's margin ledger: what is marked, what it holds, that it stays alive and whole."""

from datetime import timedelta

import pytest

from dualis.accounts.demo import make_demo_users
from dualis.trading import blocks, demo, quoting, traders
from dualis.trading.models import Block, Fill, MarginAccount
from dualis.trading.state import SYSTEM
from tests import trading_world as tw
from tests.lending_market import T0, after

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ledger():
    tw.marked()
    make_demo_users(T0)
    assert demo.make_demo_ledger(T0) is True


def test_it_is_made_once_and_its_participants_are_marked():
    assert demo.make_demo_ledger(after(seconds=1)) is False
    marked = set(MarginAccount.objects.filter(is_simulated=True).values_list("name", flat=True))
    assert marked == {*quoting.MAKERS, *traders.TRADERS}
    linked = MarginAccount.objects.get(user__email="demo@dualis.finance")
    assert linked.name == demo.address_of("demo@dualis.finance") and linked.usdc == 5000
    assert set(SYSTEM) & set(MarginAccount.objects.values_list("name", flat=True))
    tw.check()


def test_traders_keep_blocks_and_fills_coming():
    for second in range(0, 180, 3):
        now = T0 + timedelta(seconds=second)
        quoting.run(now)
        traders.step(now)
        if second % 6 == 0:
            blocks.run(now)
    assert Fill.objects.count() > 20 and Block.objects.count() > 10
    tw.check()


def test_it_refuses_in_production(settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(Exception, match="development"):
        demo.make_demo_ledger(T0)
