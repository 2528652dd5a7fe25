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
from dualis.lending import accounts, bookings, figures, pools, protecting, risk
from dualis.lending.models import (
    Account,
    BorrowPosition,
    Pool,
    ProtectionRule,
    SupplyPosition,
)
from dualis.lending.view import View
from dualis.lookups import built_once

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


def find(user_id: str, position_id: str) -> BorrowPosition:
    """Return a position without its lock: pools are locked first, then it is read again."""
    found = _open(user_id, position_id)
    if not found:
        raise errors.PositionNotFound(positionId=position_id)
    return found[0]


@built_once
def _open(user_id: str, position_id: str) -> QuerySet[BorrowPosition]:
    return BorrowPosition.objects.filter(user_id=user_id, id=position_id, closed_at=None)


def take_desk(
    position: BorrowPosition,
    now: datetime,
    assets: Collection[str] = (),
    source: str = WALLET,
) -> Desk:
    """Lock everything an operation on a position may touch, in the one order."""
    if source not in (WALLET, SUPPLY):
        raise errors.ValidationError({"source": ['must be "wallet" or "supply".']})
    user_id = position.user_id
    view = View.read(now)
    symbols = {*assets, *position.held()}
    ids = {position.pool_id}
    for symbol in symbols:
        pool = view.pool_of(symbol)
        if pool is None or symbol not in view.quotes:
            raise errors.CollateralNotAccepted(asset=symbol)
        if source == SUPPLY and symbol in assets:
            ids.add(pool.id)
    locked = pools.lock(ids, now)
    if not position._state.adding:
        fresh = accounts.borrow_position(user_id, position.id)
        if fresh is None or set(fresh.held()) - symbols:
            raise errors.PositionNotFound(positionId=position.id)
        position = fresh
    supplies = {}
    if source == SUPPLY:
        for pool in locked.values():
            found = accounts.supply_position(user_id, pool.id)
            if pool.asset_id in assets and found is not None:
                supplies[pool.asset_id] = found
    account = accounts.lock_account(user_id, now)
    names = {locked[position.pool_id].asset_id, *symbols}
    desk = Desk(
        user_id,
        now,
        locked,
        position,
        account,
        wallets.lock([(user_id, name) for name in sorted(names)]),
        view.with_pools(locked.values()),
        supplies,
        bookings.interest_of_pool(locked[position.pool_id]),
        protecting.lock(position.id),
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
