"""From genesis to now: folds the whole chain anew and holds the rows against it."""

from dataclasses import dataclass

from dualis.trading import chain, state
from dualis.trading.models import (
    Block,
    ChainHead,
    LedgerTransaction,
    MarginAccount,
    MarginOrder,
    Twap,
    milliseconds,
)
from dualis.trading.statuses import ACTIVE
from dualis.trading.twap_schedule import LIVE

_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """How much was folded."""

    transactions: int
    blocks: int
    accounts: int
    orders: int


def verify() -> Replayed:
    """Fold every transaction and compare hashes, accounts and open orders; BrokenChain if unlike.

    Reads everything in the caller's transaction: give it a read-only one while others write.
    """
    folded = state.State()
    hashes: dict[int, list[str]] = {}
    last, count = chain.GENESIS, 0
    for row in LedgerTransaction.objects.order_by("id").iterator(chunk_size=_CHUNK):
        count += 1
        last = chain.transaction_hash(last, _content(row))
        _require(row.hash == last, f"the hash of transaction {count}")
        state.apply(folded, row.value)
        hashes.setdefault(row.block_number, []).append(row.hash)
    blocks = _verify_blocks(hashes)
    head = ChainHead.objects.filter(id=1).first()
    _require(head is None or head.last_hash == last, "the head's last hash")
    rows = {row.name: row.value for row in MarginAccount.objects.all()}
    for name in rows.keys() | folded.accounts.keys():
        _require(rows.get(name, state.Account()) == folded.account(name), f"the account {name}")
    orders = dict(MarginOrder.objects.filter(status__in=ACTIVE).values_list("id", "size"))
    sizes = {order_id: order.size for order_id, order in folded.orders.items()}
    _require(orders == sizes, "the open orders")
    twaps = {row.id: row.folded for row in Twap.objects.filter(status__in=LIVE)}
    _require(twaps == folded.twaps, "the running TWAP orders")
    return Replayed(count, blocks, len(rows), len(orders))


def _verify_blocks(hashes: dict[int, list[str]]) -> int:
    parent, number = chain.GENESIS, 0
    for block in Block.objects.order_by("number"):
        number += 1
        inside = hashes.get(block.number, [])
        found = chain.block_hash(
            number=block.number,
            timestamp_ms=milliseconds(block.at),
            parent_hash=parent,
            transactions=inside,
        )
        is_good = block.number == number and block.parent_hash == parent
        _require(is_good and block.hash == found, f"block {block.number}")
        _require(block.transaction_count == len(inside), f"the count of block {block.number}")
        parent = block.hash
    _require(all(n <= number + 1 for n in hashes), "transactions of blocks that are not there")
    return number


def _content(row: LedgerTransaction) -> dict[str, object]:
    return {
        "type": row.type,
        "user": row.user,
        "orderId": row.order_id,
        "timestamp": milliseconds(row.at),
        "block": row.block_number,
        "index": row.tx_index,
        "data": row.data,
    }


def _require(is_true: bool, what: str) -> None:
    if not is_true:
        raise state.BrokenChain(f"the replay differs: {what}")
