"""The switches of the market: pausing and resuming a pool or the whole protocol.

Knows nothing of who asked: staff and proposals come in here.
"""

from datetime import datetime

from django.db import transaction

from dualis.lending import pools
from dualis.lending.models import Market, Pool
from dualis.lending.view import View
from dualis.notifications import notices

SUPPLY, BORROW = "supply", "borrow"
_SWITCHES = {SUPPLY: "is_supply_paused", BORROW: "is_borrow_paused"}
_ANNOUNCED = {
    True: (
        "PROTOCOL_PAUSED",
        "Protocol paused",
        "The market is paused. Repaying, adding collateral and withdrawing stay open.",
    ),
    False: ("PROTOCOL_RESUMED", "Protocol resumed", "The market is open again."),
}


@transaction.atomic
def pause_pool(pool_id: str, operation: str, *, is_paused: bool, now: datetime) -> bool:
    """Pause or resume what a pool takes in or lends; tell whether that changed it. PoolNotFound."""
    pool = pools.lock([pool_id], now)[pool_id]
    switch = _SWITCHES[operation]
    if getattr(pool, switch) == is_paused:
        return False
    setattr(pool, switch, is_paused)
    pools.publish([pool], View.read(now), "params")
    return True


@transaction.atomic
def pause_protocol(*, is_paused: bool, now: datetime) -> bool:
    """Pause or resume the whole market, publish every pool and tell every user.

    Tells whether that changed it. Locks all pools first, so that what was under way is
    done and nothing comes after.
    """
    rows = lock_all(now)
    market = lock_market()
    if market.is_paused == is_paused:
        return False
    market.is_paused = is_paused
    market.save()
    for pool in rows.values():
        pool.is_protocol_paused = is_paused
    pools.publish(rows.values(), View.read(now), "params")
    type, title, message = _ANNOUNCED[is_paused]
    notices.broadcast(type, title=title, message=message, now=now)
    return True


def lock_all(now: datetime) -> dict[str, Pool]:
    """Lock every pool and accrue it to `now`."""
    return pools.lock(Pool.objects.values_list("id", flat=True), now)


def lock_market() -> Market:
    """Lock the row of the market; the pools come before it."""
    return Market.objects.select_for_update(no_key=True).get(id=1)
