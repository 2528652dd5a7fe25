"""Hashes of transactions and blocks: each links to the one before it. Pure.

SHA-256 over canonical JSON (keys sorted, no spaces). Knows contents. Knows nothing of rows or time.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

GENESIS = "0x" + "0" * 64

_encode = msgspec.json.Encoder(order="sorted").encode


def transaction_hash(parent: str, content: Mapping[str, Any]) -> str:
    """Return the hash of a transaction: of its content and the hash of the one before it."""
    return _hash({"parent": parent, "content": content})


def block_hash(
    *, number: int, timestamp_ms: int, parent_hash: str, transactions: Sequence[str]
) -> str:
    """Return the hash of a block: of its header and the hashes of its transactions, in order."""
    return _hash(
        {
            "number": number,
            "timestamp": timestamp_ms,
            "parentHash": parent_hash,
            "transactions": list(transactions),
        }
    )


def _hash(content: Mapping[str, Any]) -> str:
    return "0x" + hashlib.sha256(_encode(content)).hexdigest()
