"""Pools: locking, accruing, publishing; what the market as a whole allows.

Lock order everywhere: pools by id, positions by id, the account, wallets; then the first save.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import ceil

from django.db import transaction
from django.db.models import QuerySet

from dualis import errors
from dualis.accounts import ledger
from dualis.bulk import save_all
from dualis.exact import EXACT
from dualis.lending import bookings, bookkeeping, figures, grace, ramps
from dualis.lending.auction import GRACE_SECONDS
from dualis.lending.books import BooksRefusal, InsufficientCash, PoolClosed
from dualis.lending.models import Market, Pool
from dualis.lending.rates import elapsed_seconds
from dualis.lending.view import View
from dualis.lookups import built_once

# Fields of a row whose change is worth an event of its own (spec 1.3: only if a figure moved).
_UNTOLD = ("reason", "block")


def lock(pool_ids: Iterable[str], now: datetime) -> dict[str, Pool]:
    """Lock pools in the order of their ids and accrue them to `now`."""
    wanted = sorted(set(pool_ids))
    if not wanted:
        return {}
    return accrued(wanted, locked(*wanted), now)


def accrued(pool_ids: Sequence[str], rows: Iterable[Pool], now: datetime) -> dict[str, Pool]:
    """Accrue locked pools to `now`; PoolNotFound for an id that is not among them."""
    pools = {pool.id: pool for pool in rows}
    for pool_id in pool_ids:
        if pool_id not in pools:
            raise errors.PoolNotFound(poolId=pool_id)
    for pool in pools.values():
        accrue(pool, now)
    return pools


@built_once
def locked(*pool_ids: str) -> QuerySet[Pool]:
    rows = Pool.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(id__in=pool_ids).order_by("id")


def accrue(pool: Pool, now: datetime) -> None:
    """Charge the interest since the last accrual and move ratios that ramp.

    The caller holds the lock and saves.
    """
    ramps.follow(pool, now)
    seconds = elapsed_seconds(pool.accrued_at, now)
    books, accrued = bookkeeping.accrue(pool.books, seconds, pool.model, figures.DISCOUNTS)
    pool.set_books(books)
    pool.accrued_at = max(now, pool.accrued_at)
    pool.unbooked_to_suppliers = EXACT.add(pool.unbooked_to_suppliers, accrued.to_suppliers)
    pool.unbooked_to_reserves = EXACT.add(pool.unbooked_to_reserves, accrued.to_reserves)


def publish(pools: Iterable[Pool], view: View, reason: str) -> None:
    """Save pools whose figures an operation has moved."""
    save_all(told(pools, view, reason))


def told(pools: Iterable[Pool], view: View, reason: str) -> list[Pool]:
    """Return pools whose figures an operation has moved, ready to be saved."""
    rows = list(pools)
    for pool in rows:
        pool.reason = reason
        pool.price = view.quotes[pool.asset_id].price
    return rows


@transaction.atomic
def run_block(now: datetime) -> int:
    """Accrue every pool and publish those whose figures changed; return how many did."""
    ids = list(Pool.objects.values_list("id", flat=True))
    before = {pool.id: _told(pool) for pool in Pool.objects.select_related("asset")}
    pools = lock(ids, now)
    market = Market.objects.select_for_update(no_key=True).get(id=1)
    market.block += 1
    market.block_at = now
    market.save()
    view = View.read(now)
    changed: list[Pool] = []
    silent: list[Pool] = []
    for pool in pools.values():
        pool.price = view.quotes[pool.asset_id].price
        pool.is_protocol_paused = market.is_paused  # a pool that opened during a pause
        is_changed = _told(pool) != before[pool.id]
        if is_changed:
            pool.reason, pool.block = "accrual", market.block
        (changed if is_changed else silent).append(pool)
    save_all(changed, silent=silent)
    return len(changed)


@transaction.atomic
def book_interest(now: datetime) -> None:
    """Book the interest of all pools that no operation has booked."""
    pools = lock(Pool.objects.values_list("id", flat=True), now)
    for pool in pools.values():
        legs = bookings.interest_of_pool(pool)
        ledger.post("interest", legs, now=now, reference=pool.id)
    save_all([], silent=list(pools.values()))


def require_open(pool: Pool, operation: str, market: Market) -> None:
    """Raise unless the pool and the protocol take this operation: supply or borrow."""
    if market.is_paused:
        raise errors.ProtocolPaused()
    is_paused = pool.is_supply_paused if operation == "supply" else pool.is_borrow_paused
    if not pool.is_active or is_paused or (operation == "borrow" and not pool.is_borrowable):
        raise errors.PoolInactive(poolId=pool.id, operation=operation)


@built_once
def the_market() -> QuerySet[Market]:
    return Market.objects.filter(id=1)


def require_no_grace(market: Market, symbols: Iterable[str], now: datetime) -> None:
    """Raise while the market, or one of these assets, has only just come back (rulings, 18)."""
    since = grace.since_outage(market.resumed_at, market.freezes, symbols, now)
    if since is not None and since < GRACE_SECONDS:
        raise errors.GracePeriod(retryAfter=ceil(GRACE_SECONDS - since))


def refusal(error: BooksRefusal, pool: Pool) -> errors.DomainError:
    """Return the refusal of the catalogue for one of the books."""
    if isinstance(error, InsufficientCash):
        return errors.InsufficientLiquidity(
            poolId=pool.id, available=format(pool.cash, "f"), asset=pool.asset_id
        )
    if isinstance(error, PoolClosed):
        return errors.PoolInactive(poolId=pool.id, operation="operation")
    return errors.ValidationError({"amount": [f"{error}."]})


def _told(pool: Pool) -> dict[str, object]:
    return {name: value for name, value in pool.to_dict().items() if name not in _UNTOLD}
