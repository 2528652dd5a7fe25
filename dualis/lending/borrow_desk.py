"""The locked rows of one operation on a borrow position, in the one lock order.

Pools by id, the position, supplies, the account, wallets, the position's protection rules; then
the first save.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from dualis import errors
from dualis.accounts import ledger, wallets
from dualis.accounts.ledger import Leg
from dualis.accounts.money import Wallet
from dualis.bulk import save_all
from dualis.lending import accounts, bookings, figures, locking, pools, protecting, risk
from dualis.lending.models import (
    Account,
    BorrowPosition,
    Market,
    Pool,
    ProtectionRule,
    SupplyPosition,
)
from dualis.lending.view import View, asked
from dualis.lookups import built_once, read_all

WALLET, SUPPLY = "wallet", "supply"


@dataclass(slots=True)
class Desk:
    """The locked rows of one operation, and what it will book."""

    user_id: str
    now: datetime
    pools: dict[str, Pool]
    position: BorrowPosition
    account: Account
    wallets: dict[tuple[str, str], Wallet]
    view: View
    supplies: dict[str, SupplyPosition]
    legs: list[Leg]
    rules: list[ProtectionRule]  # those that were active when they were locked
    market: Market

    @property
    def pool(self) -> Pool:
        """The pool that lends to the position."""
        return self.pools[self.position.pool_id]

    def wallet(self, asset: str) -> Wallet:
        return self.wallets[self.user_id, asset]

    def save(self, kind: str, reason: str) -> None:
        """Write and book everything, one event a row; those last, for the journal's lock."""
        wallets.save(*self.wallets.values())
        ledger.post(kind, self.legs, now=self.now, reference=self.position.id, user_id=self.user_id)
        found = figures.risk_position(self.position, self.view)
        self.position.zone = risk.zone_of(risk.health(found)).value
        self.position.view = self.view
        for supply in self.supplies.values():
            supply.view = self.view
        save_all(
            [
                *pools.told(self.pools.values(), self.view, reason),
                *self.supplies.values(),
                self.position,
                accounts.told(self.account, self.view, self.now),
            ]
        )
        protecting.save(self.rules, self.position, self.now)


def find_desk(
    user_id: str,
    position_id: str,
    now: datetime,
    assets: Collection[str] = (),
    source: str = WALLET,
) -> Desk:
    """Take the desk of a position, found without its lock: pools are locked first."""
    found, seen, quotes = read_all(_open.of(user_id, position_id), *asked())
    if not found:
        raise errors.PositionNotFound(positionId=position_id)
    return take_desk(found[0], now, assets, source, View.of(seen, quotes, now))


@built_once
def _open(user_id: str, position_id: str) -> QuerySet[BorrowPosition]:
    return BorrowPosition.objects.filter(user_id=user_id, id=position_id, closed_at=None)


def take_desk(
    position: BorrowPosition,
    now: datetime,
    assets: Collection[str] = (),
    source: str = WALLET,
    view: View | None = None,
) -> Desk:
    """Lock everything an operation on a position may touch, in the one order.

    `view` is one that was read with the position, if it was.
    """
    if source not in (WALLET, SUPPLY):
        raise errors.ValidationError({"source": ['must be "wallet" or "supply".']})
    user_id = position.user_id
    view = view or View.read(now)
    symbols = {*assets, *position.held()}
    supplied_to = set()
    for symbol in symbols:
        pool = view.pool_of(symbol)
        if pool is None or symbol not in view.quotes:
            raise errors.CollateralNotAccepted(asset=symbol)
        if source == SUPPLY and symbol in assets:
            supplied_to.add(pool.id)
    is_new = position._state.adding
    locked = locking.lock(
        user_id,
        view,
        now,
        pool_ids={position.pool_id, *supplied_to},
        supplied_to=supplied_to,
        position_id="" if is_new else position.id,
        assets=symbols,
    )
    if not is_new:
        if locked.borrow is None or set(locked.borrow.held()) - symbols:
            raise errors.PositionNotFound(positionId=position.id)
        position = locked.borrow
    desk = Desk(
        user_id,
        now,
        locked.pools,
        position,
        locked.account,
        locked.wallets,
        view.with_pools(locked.pools.values()),
        {view.pools[pool_id].asset_id: row for pool_id, row in locked.supplies.items()},
        bookings.interest_of_pool(locked.pools[position.pool_id]),
        locked.rules,
        locked.market,
    )
    debt = figures.debt(position, desk.pool)
    desk.legs += bookings.interest_of_debt(position, desk.pool, debt)
    return desk


def pool_of(desk: Desk, asset: str) -> Pool:
    """Return the pool of an asset that `_desk` has found to have one."""
    pool = desk.view.pool_of(asset)
    assert pool is not None, "an asset without a pool is refused before"
    return pool


def require_live(desk: Desk) -> None:
    """Raise if an asset of the position is frozen (rulings, 2)."""
    for asset in (desk.pool.asset_id, *desk.position.held()):
        if desk.view.is_frozen(asset):
            raise errors.AssetFrozen(asset=asset)
