"""Liquidations: screening positions, the clocks of auctions, the backstop at their end.

1. One transaction a position, each under its own locks: no step holds the whole market.
2. Everything is judged under the locks at the published index and the prices of `now`; what is
   read before them only says where to look.
3. A clock moves by the time between two ticks, if the latter has live prices (rulings, 18).
"""

import logging
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import errors
from dualis.lending import auction, grace, liquidation_figures, risk, settlement, settling
from dualis.lending.liquidation_desk import Desk, health_shown, lock, since_outage
from dualis.lending.liquidation_models import AUCTION_START, OPEN, TRIGGER, Liquidation
from dualis.lending.models import Market
from dualis.lending.view import View
from dualis.lending.watch import Watch
from dualis.retry import retried

log = logging.getLogger(__name__)


def run(now: datetime, watch: Watch) -> None:
    """Do a tick of the engine: move the clocks, then look at the positions that may need it."""
    tick(now)
    screen(watch.suspects(now), now)


# --- screening --------------------------------------------------------------------------------
def screen(position_ids: Iterable[str], now: datetime) -> int:
    """Screen these positions, each in a transaction of its own; return how many auctions opened."""
    return sum(
        _on_its_own(screen_position, position_id, now) is not None
        for position_id in sorted(set(position_ids))
    )


@transaction.atomic
def screen_position(position_id: str, now: datetime) -> Liquidation | None:
    """Open an auction if the position has to have one; return it, None if it has not.

    Saves a change of zone with it (rulings, 14). Locks as in `liquidation_desk`.
    """
    desk = lock(position_id, now)
    if not desk.position.is_open():
        return None
    found = desk.risk()
    tier = _tier_to_open(desk, found)
    if tier is not None:
        _open(desk, found, tier)
    if desk.position.zone != risk.zone_of(risk.health(found)).value:
        desk.save_position()
    if tier is None:
        return None
    settling.tell(desk, TRIGGER, liquidation_figures.trigger_row(desk.running, found))
    settling.tell(desk, AUCTION_START, liquidation_figures.auction_row(desk.running, found))
    return desk.running


def _tier_to_open(desk: Desk, found: risk.Position) -> auction.LiquidationTier | None:
    if desk.liquidation is not None or desk.market.is_paused:
        return None
    if found.debt.price.is_frozen:
        return None
    return auction.tier_to_open(
        found,
        since_filled=_since_filled(desk),
        since_outage=since_outage(found, desk.market, desk.now),
    )


def _since_filled(desk: Desk) -> Decimal | None:
    """Return the seconds since a lot of the position was settled that earned a cooldown."""
    last = desk.position.liquidations.filter(has_cooldown=True).order_by("-settled_at").first()
    if last is None or last.settled_at is None:
        return None
    return grace.seconds(desk.now - last.settled_at)


def _open(desk: Desk, found: risk.Position, tier: auction.LiquidationTier) -> None:
    """Write a new liquidation; its stages are told after the position."""
    health = health_shown(found)
    assert health is not None, "below 0.95 there is debt"
    desk.liquidation = Liquidation.objects.create(
        position=desk.position,
        pool=desk.pool,
        opened_tier=tier.value,
        tier=tier.value,
        opened_at=desk.now,
        opened_with=auction.opened(found, tier).opened_with,
        health_before=health,
    )


# --- clocks -----------------------------------------------------------------------------------
def tick(now: datetime) -> None:
    """Move the clock of every running auction; settle those that end."""
    passed = _tick_market(now)
    running = Liquidation.objects.filter(status=OPEN).order_by("position_id")
    for position_id in list(running.values_list("position_id", flat=True)):
        _on_its_own(lambda which, at: advance(which, at, passed), position_id, now)


@transaction.atomic
def advance(position_id: str, now: datetime, passed: Decimal) -> None:
    """Move one clock by `passed` seconds if prices are live; escalate, cancel or settle.

    Recovery cancels what is left (rulings, 19). At the end of the clock the backstop buys what it
    can pay; where that does not fill the lot the auction stays open at the full bonus (20).
    """
    desk = lock(position_id, now)
    row = desk.liquidation
    if row is None:
        return
    found = desk.risk()
    if auction.is_recovered(found):
        settling.settle(desk)
        return
    if not desk.is_live():
        return
    passed = min(passed, grace.seconds(now - row.opened_at))
    row.set_auction(auction.ticked(row.auction, found, passed))
    if not (auction.is_over(row.auction) and _sell_to_backstop(desk)):
        row.save()


def _sell_to_backstop(desk: Desk) -> bool:
    """Sell what the backstop can pay; tell whether it bought, and everything is written."""
    desk.accrue()
    taken = settlement.backstop(desk.running.auction, desk.risk(), desk.backstop.cash)
    if taken is None:
        return False
    settling.sell(desk, taken, None)
    settling.finish(desk, None)
    return True


def _tick_market(now: datetime) -> Decimal:
    """Note the tick and what it found frozen; return the seconds that clocks move on."""

    def act() -> Decimal:
        market = Market.objects.select_for_update(no_key=True).get(id=1)
        before = market.ticked_at
        view = View.read(now)
        frozen: Collection[str] = {
            pool.asset_id for pool in view.pools.values() if view.is_frozen(pool.asset_id)
        }
        if market.is_paused or (before is not None and grace.is_outage(before, now)):
            market.resumed_at = now  # moved on while it lasts
        market.freezes = grace.freezes_after(market.freezes, frozen, now)
        market.ticked_at = now
        market.save()
        return grace.ticked_seconds(before, now)

    return retried(act)


def _on_its_own(
    act: Callable[[str, datetime], Liquidation | None], position_id: str, now: datetime
) -> Liquidation | None:
    """Act on one position in a transaction of its own; rows that others hold wait for a tick."""
    try:
        return retried(lambda: act(position_id, now))
    except errors.Contended:
        log.warning("the position %s is contended; it is tried again at the next tick", position_id)
        return None
