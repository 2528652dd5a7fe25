"""What stakers earn: a share of fees, spread over all stakes by an index per asset. Pure.

1. An index is what one staked DUAL has earned since the beginning; a stake remembers the indices it
   was last settled at, and earns what they have grown since.
2. Everything is rounded down, so that what stakers earn never exceeds what was moved for them.

Knows nothing of users, liquidations, wallets or rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dualis.exact import EXACT, ZERO, div_down, mul_down, mul_up

FEE_SHARE = Decimal("0.40")  # rulings, 26
INDEX_PLACES = 30  # finer than a unit of any asset over the whole supply of DUAL
EARNED_PLACES = 18

Amounts = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Share:
    """`amount` of an asset goes to the stakers; the index of the asset grows by `gain`."""

    amount: Decimal
    gain: Decimal


def share_down(fee: Decimal, staked: Decimal, places: int) -> Share:
    """Return what the stakers get of a fee in an asset of `places` decimals: at most 40 %.

    Nobody staking, or so little a fee that no index moves, is nothing.
    """
    if not staked:
        return Share(ZERO, ZERO)
    gain = div_down(mul_down(fee, FEE_SHARE, places), staked, INDEX_PLACES)
    # Not above the 40 %: these are whole units too.
    return Share(mul_up(gain, staked, places), gain)


def earned_down(staked: Decimal, earned: Amounts, seen: Amounts, indices: Amounts) -> Amounts:
    """Return what a stake has earned by asset: `earned` up to the indices `seen`, and since."""
    return {
        asset: EXACT.add(
            earned.get(asset, ZERO),
            mul_down(staked, EXACT.subtract(index, seen.get(asset, ZERO)), EARNED_PLACES),
        )
        for asset, index in indices.items()
    }


def claimable_down(earned: Amounts, places: Mapping[str, int]) -> dict[str, Decimal]:
    """Return what can be paid of what was earned: whole units of each asset, without zeros."""
    whole = {asset: mul_down(amount, Decimal(1), places[asset]) for asset, amount in earned.items()}
    return {asset: amount for asset, amount in whole.items() if amount}
