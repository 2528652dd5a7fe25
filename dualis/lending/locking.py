"""The rows of a user's operation, locked in the one lock order, all in one trip.

Pools by id, the positions, the account, wallets, protection rules. What the market as a whole
allows is read behind the locks.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from dualis import errors
from dualis.accounts import wallets
from dualis.accounts.money import Wallet
from dualis.lending import accounts, pools, protecting
from dualis.lending.models import (
    Account,
    BorrowPosition,
    Market,
    Pool,
    ProtectionRule,
    SupplyPosition,
)
from dualis.lending.view import View
from dualis.lookups import read_all


@dataclass(frozen=True, slots=True)
class Locked:
    """`pools` are accrued to now; `supplies` are open ones by pool; `wallets` are the user's."""

    pools: dict[str, Pool]
    borrow: BorrowPosition | None
    supplies: dict[str, SupplyPosition]
    account: Account
    wallets: dict[tuple[str, str], Wallet]
    rules: list[ProtectionRule]
    market: Market


def lock(
    user_id: str,
    view: View,
    now: datetime,
    *,
    pool_ids: Collection[str],
    supplied_to: Collection[str] = (),
    position_id: str = "",
    assets: Collection[str] = (),
) -> Locked:
    """Lock pools, a user's supplies to some of them, a borrow position, wallets of assets.

    The assets of the pools are always among those. A missing account is made when all else is
    locked: whoever made it meanwhile may meet us in a deadlock, which `retried` runs again.
    PoolNotFound.
    """
    ids, supplied = sorted(set(pool_ids)), sorted(set(supplied_to))
    for pool_id in ids:
        if pool_id not in view.pools:
            raise errors.PoolNotFound(poolId=pool_id)
    names = {*assets, *(view.pools[pool_id].asset_id for pool_id in ids)}
    pairs = [(user_id, name) for name in names]
    of_position = (accounts.locked_borrow.of(user_id, position_id),) if position_id else ()
    rules = (protecting.locked.of(position_id),) if position_id else ()
    found = iter(
        read_all(
            pools.locked.of(*ids),
            *of_position,
            *(accounts.locked_supply.of(user_id, pool_id) for pool_id in supplied),
            accounts.locked_account.of(user_id),
            wallets.asked(pairs),
            *rules,
            pools.the_market.of(),
        )
    )
    return Locked(
        pools=pools.accrued(ids, next(found), now),
        borrow=next(iter(next(found)), None) if of_position else None,
        supplies={row.pool_id: row for _ in supplied for row in next(found)},
        account=next(iter(next(found)), None) or accounts.lock_account(user_id, now),
        wallets=wallets.found_or_made(pairs, next(found)),
        rules=next(found) if rules else [],
        market=next(found)[0],
    )
