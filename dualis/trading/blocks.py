"""Sealing blocks: by the block tick, or by whoever made the open block full."""

from datetime import datetime

from django.db import transaction

from dualis.trading import chain
from dualis.trading.models import Block, ChainHead, LedgerTransaction, milliseconds

FULL = 500  # transactions; one act that posts more still stands in one block


@transaction.atomic
def run(now: datetime) -> Block | None:
    """Seal the open block; None if nothing stands in it. Locks the chain's head."""
    head = ChainHead.objects.select_for_update(no_key=True).filter(id=1).first()
    return None if head is None or not head.length else seal(head, now)


def seal(head: ChainHead, now: datetime) -> Block:
    """Seal the open block of a locked head and open the next one."""
    inside = LedgerTransaction.objects.filter(block_number=head.block).order_by("tx_index")
    hashes = list(inside.values_list("hash", flat=True))
    assert len(hashes) == head.length, "every transaction of the block is written"
    found = chain.block_hash(
        number=head.block,
        timestamp_ms=milliseconds(now),
        parent_hash=head.parent_hash,
        transactions=hashes,
    )
    block = Block(
        number=head.block,
        at=now,
        transaction_count=len(hashes),
        hash=found,
        parent_hash=head.parent_hash,
    )
    block.save()
    head.block += 1
    head.length = 0
    head.parent_hash = found
    head.save()
    return block
