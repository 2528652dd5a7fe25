"""Liquidations: screening positions, the clocks of auctions, the backstop at their end.

1. Who needs an auction, or has one, gets a transaction of his own; changes of zone alone are
   written many at once. No step holds the whole market.
2. Everything is judged under the locks at the published index and the prices of `now`; what is
   read before them only says where to look.
3. A clock moves by the time between two ticks, if the latter has live prices (rulings, 18).
4. Screening ends when the time of the tick does: a storm must not hold up the prices of the next
   tick. Who is left is a suspect again then; the worst loans get their auctions first.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from dualis.apart import Apart
from dualis.lending import (
    auction,
    crossings,
    figures,
    grace,
    guarding,
    liquidation_figures,
    risk,
    settlement,
    settling,
)
from dualis.lending.liquidation_desk import Desk, health_shown, lock, since_outage
from dualis.lending.liquidation_models import AUCTION_START, OPEN, TRIGGER, Liquidation
from dualis.lending.models import BorrowPosition, Market
from dualis.lending.screening import Suspects
from dualis.lending.view import View
from dualis.lending.watch import Watch
from dualis.retry import retried

CHUNK = 500  # positions read, or crossed, in one transaction
FIRST_AUCTIONS = 25  # opened in every tick, whatever the time
FIRST_SHARE = 0.5  # of the time left, after which crossings have their turn
COOLDOWN = timedelta(seconds=auction.COOLDOWN_SECONDS)

TimeLeft = Callable[[], float]  # the share of a tick's time that is left, negative when it is over


def ample_time() -> float:
    """Tell that all the time of the tick is left."""
    return 1.0


def run(
    now: datetime,
    watch: Watch,
    *,
    told: crossings.Told = crossings.nobody,
    time_left: TimeLeft = ample_time,
) -> None:
    """Do a tick of the engine: execute protection rules, move the clocks, screen the positions.

    `told` is called with every crossing, in the transaction that writes it. What fails for one
    position is raised when all others have been served.
    """
    with Apart("the liquidation step") as apart:
        waiting = guarding.run(watch, now, apart, time_left=time_left)
        tick(now, apart)
        found = watch.suspects(now)
        screen(found, now, apart, told=told, time_left=time_left, spared=waiting)


# --- screening --------------------------------------------------------------------------------
def screen(
    suspects: Suspects,
    now: datetime,
    apart: Apart,
    *,
    told: crossings.Told = crossings.nobody,
    time_left: TimeLeft = ample_time,
    spared: Collection[str] = (),
) -> None:
    """Open the auctions that suspects need, and write the other changes of zone in bulk.

    None is opened for those that are `spared`. If both are many, auctions get the first half of
    the time, and what crossings leave.
    """
    wanted: dict[str, Decimal] = {}

    def look(ids: Sequence[str]) -> None:
        wanted.update(_in_need(ids, now))

    def open_one(ids: Sequence[str]) -> None:
        screen_position(ids[0], now, told)

    without = {*_running(), *spared}
    for chunk in _chunks([i for i in suspects.below if i not in without]):
        apart.act(look, chunk)
    worst_first = iter(sorted(wanted, key=lambda position_id: wanted[position_id]))
    served: set[str] = set()
    for position_id in worst_first:
        apart.act(open_one, [position_id])
        served.add(position_id)
        if len(served) >= FIRST_AUCTIONS and time_left() < FIRST_SHARE:
            break
    for chunk in _chunks([i for i in suspects.crossed if i not in served]):
        apart.act(lambda ids: crossings.cross(ids, now, told), chunk)
        if time_left() <= 0:
            break
    for position_id in worst_first:
        if time_left() <= 0:
            break
        apart.act(open_one, [position_id])


@transaction.atomic
def screen_position(
    position_id: str, now: datetime, told: crossings.Told = crossings.nobody
) -> Liquidation | None:
    """Open an auction if the position has to have one; return it, None if it has not.

    Saves a change of zone with it (rulings, 14). Locks as in `liquidation_desk`.
    """
    desk = lock(position_id, now)
    if not desk.position.is_open():
        return None
    found = desk.risk()
    tier = None
    if desk.liquidation is None:
        cooling = _since_filled([position_id], now).get(position_id)
        tier = _tier_to_open(found, desk.market, now, cooling)
    crossing = crossings.crossing_of(desk.position, found)
    if crossing is not None:
        told([crossing], now)
    if tier is not None:
        _open(desk, found, tier)
    if crossing is not None:
        desk.save_position()
    if tier is None:
        return None
    settling.tell(desk, TRIGGER, liquidation_figures.trigger_row(desk.running, found))
    settling.tell(desk, AUCTION_START, liquidation_figures.auction_row(desk.running, found))
    return desk.running


def _in_need(position_ids: Sequence[str], now: datetime) -> dict[str, Decimal]:
    """Return the health of those that need an auction, as it seems without locks; none has one."""
    market = Market.objects.get(id=1)
    if market.is_paused:
        return {}
    view = View.read(now).still()
    cooling = _since_filled(position_ids, now)
    needy = {}
    for position in BorrowPosition.objects.filter(id__in=position_ids, closed_at=None):
        found = figures.risk_position(position, view)
        health = health_shown(found)
        if health is not None and _tier_to_open(found, market, now, cooling.get(position.id)):
            needy[position.id] = health
    return needy


def _tier_to_open(
    found: risk.Position, market: Market, now: datetime, since_filled: Decimal | None
) -> auction.LiquidationTier | None:
    """Return the tier of the auction that a position without one needs, or None."""
    if market.is_paused or found.debt.price.is_frozen:
        return None
    return auction.tier_to_open(
        found, since_filled=since_filled, since_outage=since_outage(found, market, now)
    )


def _since_filled(position_ids: Sequence[str], now: datetime) -> dict[str, Decimal]:
    """Return, by position, the seconds since a lot was settled whose cooldown still lasts."""
    last = Liquidation.objects.filter(
        position_id__in=position_ids, has_cooldown=True, settled_at__gt=now - COOLDOWN
    ).order_by("settled_at")
    ended = last.values_list("position_id", "settled_at")
    return {position_id: grace.seconds(now - at) for position_id, at in ended if at is not None}


def _running() -> list[str]:
    """Return the ids of the positions that have a running auction."""
    running = Liquidation.objects.filter(status=OPEN).order_by("position_id")
    return list(running.values_list("position_id", flat=True))


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))


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
def tick(now: datetime, apart: Apart) -> None:
    """Move the clock of every running auction; settle those that end."""
    passed = _tick_market(now)
    for position_id in _running():
        apart.act(lambda ids: advance(ids[0], now, passed), [position_id])


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
