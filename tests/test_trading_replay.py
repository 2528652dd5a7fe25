"""The replay: equal after everything, and it finds whatever was changed beside the chain."""

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from dualis.trading import blocks, hourly, replay
from dualis.trading.models import Block, LedgerTransaction, MarginAccount, MarginOrder
from dualis.trading.state import BrokenChain
from tests import trading_world as tw
from tests.trading_world import ADA, BOB, after

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ledger():
    tw.marked()
    tw.account(ADA)
    tw.account(BOB, "100000")
    tw.place(BOB, "A", "2", "2000")
    blocks.run(after(seconds=5))
    tw.place(ADA, "B", "1", "2000")
    for hour in (1, 2):
        hourly.run(after(hours=hour))
    blocks.run(after(seconds=10))
    tw.place(ADA, "B", "1", "1990")


def test_the_whole_chain_gives_the_present_state():
    found = replay.verify()
    assert (found.blocks, found.orders) == (2, 2)
    kinds = set(LedgerTransaction.objects.values_list("type", flat=True))
    assert {"Deposit", "OrderPlaced", "OrderFilled", "FundingPayment"} <= kinds


@pytest.mark.parametrize(
    "change",
    [
        lambda: MarginAccount._base_manager.filter(name=ADA).update(usdc="1"),
        lambda: MarginAccount._base_manager.filter(name=BOB).update(positions={}),
        lambda: MarginOrder._base_manager.filter(account=BOB).update(size="0.5"),
        lambda: MarginOrder._base_manager.filter(account=ADA).update(status="canceled"),
        lambda: LedgerTransaction._base_manager.filter(type="Deposit").update(data={"a": 1}),
        lambda: LedgerTransaction._base_manager.filter(tx_index=1, block_number=2).delete(),
        lambda: Block._base_manager.filter(number=1).update(transaction_count=9),
        lambda: Block._base_manager.filter(number=2).update(parent_hash="0x0"),
        lambda: Block._base_manager.filter(number=1).delete(),
    ],
)
def test_a_change_beside_the_chain_is_found(change):
    change()
    with pytest.raises(BrokenChain):
        replay.verify()


@pytest.mark.django_db(transaction=True)
def test_the_command_says_what_it_found(capsys):
    call_command("verify_chain")
    assert "2 sealed blocks" in capsys.readouterr().out
    MarginAccount._base_manager.filter(name=ADA).update(usdc="1")
    with pytest.raises(CommandError, match=f"account {ADA}"):
        call_command("verify_chain")
