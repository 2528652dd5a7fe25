"""TWAP orders as the chain tells them: part of the margin ledger's fold. Pure.

A slice states its number and what it traded; a number that does not rise is a slice done twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, ZERO
from dualis.trading.twap_schedule import PARTLY, REFUSED, WHOLE

PLACED, SLICE, ENDED = "TwapPlaced", "TwapSlice", "TwapEnded"
TYPES = frozenset({PLACED, SLICE, ENDED})


class Unfit(Exception):
    """A transaction contradicts what is known of its TWAP order."""


@dataclass(slots=True)
class Twap:
    """An order that runs: how many slices it has, the last one that ran, what they traded."""

    user: str
    size: Decimal
    slices: int
    last: int = -1
    filled: Decimal = ZERO
    value: Decimal = ZERO
    whole: int = 0
    partly: int = 0
    refused: int = 0


def apply(
    twaps: dict[str, Twap], type: str, user: str, twap_id: str, data: Mapping[str, Any]
) -> None:
    """Change the running orders by one transaction; Unfit."""
    if type == PLACED:
        if twap_id in twaps:
            raise Unfit(f"the TWAP order {twap_id} is placed twice")
        twaps[twap_id] = Twap(user, Decimal(data["size"]), int(data["slices"]))
        return
    twap = twaps.get(twap_id)
    if twap is None or twap.user != user:
        raise Unfit(f"{user} has no running TWAP order {twap_id}")
    if type == ENDED:
        del twaps[twap_id]
        return
    _slice(twap, twap_id, data)


def _slice(twap: Twap, twap_id: str, data: Mapping[str, Any]) -> None:
    index, filled = int(data["index"]), Decimal(data["filled"])
    if not twap.last < index < twap.slices:
        raise Unfit(f"slice {index} of {twap_id} comes after slice {twap.last}")
    twap.last = index
    twap.filled = EXACT.add(twap.filled, filled)
    twap.value = EXACT.add(twap.value, Decimal(data["value"]))
    if filled < 0 or twap.filled > twap.size:
        raise Unfit(f"{twap_id} would be filled beyond its size")
    twap.whole += data["outcome"] == WHOLE
    twap.partly += data["outcome"] == PARTLY
    twap.refused += data["outcome"] == REFUSED
