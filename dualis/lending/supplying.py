"""Supply and withdraw.

Each is one transaction: lock pool, position, account, wallet; compute; save.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import amounts, errors
from dualis.accounts import ledger, wallets
from dualis.accounts.ledger import Leg
from dualis.bulk import save_all
from dualis.exact import EXACT, ZERO, div_down, mul_down, plain_trimmed
from dualis.lending import accounts, bookings, bookkeeping, figures, locking, pools
from dualis.lending.books import BooksRefusal, InsufficientShares
from dualis.lending.models import Account, Pool, SupplyPosition
from dualis.lending.view import View


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation did: the amount that moved and the position after it."""

    amount: Decimal
    shares: Decimal
    position: SupplyPosition


@transaction.atomic
def supply(user_id: str, pool_id: str, amount: str, *, now: datetime) -> Done:
    """Put an amount ("max": the whole wallet, as far as the cap goes) into a pool."""
    view = View.read(now)
    locked = locking.lock(user_id, view, now, pool_ids=[pool_id], supplied_to=[pool_id])
    pool, account, view = (
        locked.pools[pool_id],
        locked.account,
        view.with_pools(locked.pools.values()),
    )
    position = locked.supplies.get(pool_id) or SupplyPosition(
        user_id=user_id, pool=pool, opened_at=now, shares=ZERO, principal=ZERO
    )
    wallet = locked.wallets[user_id, pool.asset_id]
    pools.require_open(pool, "supply", locked.market)
    room = supply_room_down(pool, view)
    asked = amounts.parse(amount, pool.places)
    taken = min(wallet.amount, room) if asked is None else asked
    if taken > room:
        raise errors.SupplyCapExceeded(
            poolId=pool.id,
            capUSD=plain_trimmed(pool.supply_cap_usd),
            roomUSD=plain_trimmed(mul_down(room, view.quotes[pool.asset_id].price, 2)),
        )
    wallets.move(wallet, -taken)
    legs = bookings.interest_of_pool(pool)
    legs += bookings.interest_of_supply(position, pool, figures.balance(position, pool))
    try:
        books, done = bookkeeping.supply(pool.books, taken)
    except BooksRefusal as error:
        raise pools.refusal(error, pool) from error
    pool.set_books(books)
    position.shares = EXACT.add(position.shares, done.shares)
    position.principal = EXACT.add(position.principal, taken)
    paid = bookings.wallet(user_id, pool.asset_id, -taken)
    legs += bookings.supply_moved(position, pool, figures.balance(position, pool), paid, done.dust)
    wallets.save(wallet)
    ledger.post("supply", legs, now=now, reference=position.id, user_id=user_id)
    _publish(pool, position, account, view, "deposit", now)
    return Done(taken, done.shares, position)


@transaction.atomic
def withdraw(user_id: str, pool_id: str, amount: str, *, now: datetime) -> Done:
    """Take an amount ("max": all, as far as the pool has cash) back into the wallet.

    Stays open while the protocol is paused: one can always leave.
    """
    view = View.read(now)
    locked = locking.lock(user_id, view, now, pool_ids=[pool_id], supplied_to=[pool_id])
    pool, account, view = (
        locked.pools[pool_id],
        locked.account,
        view.with_pools(locked.pools.values()),
    )
    position = locked.supplies.get(pool_id)
    if position is None:
        raise errors.PositionNotFound(positionId=f"in {pool_id}")
    wallet = locked.wallets[user_id, pool.asset_id]
    taken, shares, legs = take_out(
        position,
        pool,
        amounts.parse(amount, pool.places),
        lambda paid: bookings.wallet(user_id, pool.asset_id, paid),
        now,
    )
    wallets.move(wallet, taken)
    wallets.save(wallet)
    ledger.post("withdraw", legs, now=now, reference=position.id, user_id=user_id)
    _publish(pool, position, account, view, "withdraw", now)
    return Done(taken, shares, position)


def take_out(
    position: SupplyPosition,
    pool: Pool,
    asked: Decimal | None,
    to: Callable[[Decimal], Leg],
    now: datetime,
) -> tuple[Decimal, Decimal, list[Leg]]:
    """Burn shares of a locked position; return amount, shares and the legs. The caller saves."""
    balance = figures.balance(position, pool)
    if asked is None and balance > pool.cash:
        asked = pool.cash
    legs = bookings.interest_of_pool(pool)
    legs += bookings.interest_of_supply(position, pool, balance)
    try:
        books, done = bookkeeping.withdraw(pool.books, position.shares, asked)
    except InsufficientShares as error:
        raise errors.InsufficientSupply(
            available=plain_trimmed(balance),
            asset=pool.asset_id,
            required=plain_trimmed(asked or balance),
        ) from error
    except BooksRefusal as error:
        raise pools.refusal(error, pool) from error
    pool.set_books(books)
    position.shares = EXACT.subtract(position.shares, done.shares)
    position.principal = max(EXACT.subtract(position.principal, done.amount), ZERO)
    if not position.shares:
        position.close(now)
    left = figures.balance(position, pool)
    legs += bookings.supply_moved(position, pool, left, to(done.amount), done.dust)
    return done.amount, done.shares, legs


def _publish(
    pool: Pool,
    position: SupplyPosition,
    account: Account,
    view: View,
    reason: str,
    now: datetime,
) -> None:
    """Save what is told to the world; last, for it takes the journal's lock."""
    position.view = view
    account = accounts.told(account, view, now)
    save_all([*pools.told([pool], view, reason), position, account])


def supply_room_down(pool: Pool, view: View) -> Decimal:
    """Return how much of the asset the supply cap still takes."""
    price = view.quotes[pool.asset_id].price
    cap = div_down(pool.supply_cap_usd, price, pool.places)
    return max(EXACT.subtract(cap, pool.books.supplied), ZERO)
