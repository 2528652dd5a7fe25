"""Telling those who are in a pool of its yields and caps.

1. What was last seen of a pool stands in its `PoolWatch`; a cap that was told is told again after
   the pool has been well below it.
2. Those who supply, or borrow, are told a batch at a time; the cursor moves with each batch.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from dualis.accounts.models import Status, User
from dualis.exact import EXACT, mul_down, plain_trimmed
from dualis.lending import figures, rates
from dualis.lending.alerts import LINK
from dualis.lending.models import BorrowPosition, Pool, PoolAlert, PoolWatch, SupplyPosition
from dualis.notifications import notices

BATCH = 100  # users told at once
SAMPLED_EVERY = timedelta(hours=6)  # spec 8
CHANGE = Decimal("0.01")  # spec 8: more than a percentage point
NEAR, CLEAR = Decimal("0.90"), Decimal("0.85")  # of a cap: told from here, told anew after there


@dataclass(frozen=True, slots=True)
class _Side:
    is_supply: bool
    word: str
    cap_type: str


_SUPPLY = _Side(True, "supply", "SUPPLY_CAP_APPROACHING")
_BORROW = _Side(False, "borrow", "BORROW_CAP_APPROACHING")


@transaction.atomic
def look(now: datetime) -> None:
    """Compare every pool with what was last seen of it, and queue what is to be told."""
    pools = list(Pool.objects.select_related("asset"))
    for pool, seen in zip(pools, _lock(pools, now), strict=True):
        supply_apy, borrow_apy = _yields(pool)
        if now - seen.sampled_at >= SAMPLED_EVERY:
            _compare(pool, _SUPPLY, seen.supply_apy, supply_apy, now)
            _compare(pool, _BORROW, seen.borrow_apy, borrow_apy, now)
            seen.sampled_at, seen.supply_apy, seen.borrow_apy = now, supply_apy, borrow_apy
        books = pool.books
        seen.is_near_supply_cap = _is_near(
            pool, _SUPPLY, books.supplied, pool.supply_cap_usd, seen.is_near_supply_cap, now
        )
        seen.is_near_borrow_cap = _is_near(
            pool, _BORROW, books.borrowed, pool.borrow_cap_usd, seen.is_near_borrow_cap, now
        )
        seen.save()


@transaction.atomic
def tell(now: datetime) -> int:
    """Tell the oldest alert to its next users; return how many there were. Nobody is told twice."""
    rows = PoolAlert.objects.select_for_update(skip_locked=True)
    row = rows.order_by("id").first()
    if row is None:
        return 0
    model = SupplyPosition if row.is_supply else BorrowPosition
    inside = model.objects.filter(pool_id=row.pool_id, closed_at=None, user_id__gt=row.cursor)
    users = inside.order_by("user_id").values_list("user_id", flat=True).distinct()
    ids = list(users[:BATCH])
    _notify(row, ids, now)
    if len(ids) < BATCH:
        row.delete()
    else:
        row.cursor = ids[-1]
        row.save()
    return len(ids)


def _lock(pools: Iterable[Pool], now: datetime) -> list[PoolWatch]:
    """Lock what was last seen of these pools, in their order; a new pool is seen now."""
    made = set(PoolWatch.objects.values_list("pool_id", flat=True))
    fresh = []
    for pool in pools:
        if pool.id not in made:
            supply_apy, borrow_apy = _yields(pool)
            fresh.append(
                PoolWatch(pool=pool, sampled_at=now, supply_apy=supply_apy, borrow_apy=borrow_apy)
            )
    PoolWatch.objects.bulk_create(fresh, ignore_conflicts=True)
    rows = PoolWatch.objects.select_for_update(no_key=True).order_by("pool_id")
    return list(rows.filter(pool_id__in=[pool.id for pool in pools]))


def _yields(pool: Pool) -> tuple[Decimal, Decimal]:
    found = figures.pool_rates(pool)
    return (
        rates.apy_down(found.supply_apr, figures.SHOWN_PLACES),
        rates.apy_up(found.borrow_apr, figures.SHOWN_PLACES),
    )


def _compare(pool: Pool, side: _Side, before: Decimal, after: Decimal, now: datetime) -> None:
    """Queue a change of a yield by more than a percentage point."""
    if abs(EXACT.subtract(after, before)) <= CHANGE:
        return
    was, is_now = (f"{mul_down(apy, Decimal(100), 2)} %" for apy in (before, after))
    _queue(
        pool,
        side,
        "RATE_CHANGE_SIGNIFICANT",
        f"{pool.asset_id}: the {side.word} rate changed",
        f"The {side.word} APY of {pool.id} went from {was} to {is_now}.",
        {"before": float(before), "after": float(after)},
        now,
    )


def _is_near(
    pool: Pool, side: _Side, amount: Decimal, cap_usd: Decimal, was_near: bool, now: datetime
) -> bool:
    """Tell whether a pool is near a cap; queue that it has come there, and tell staff at once."""
    value = EXACT.multiply(amount, pool.price)
    if was_near or not amount or value < EXACT.multiply(NEAR, cap_usd):
        return was_near and value >= EXACT.multiply(CLEAR, cap_usd)
    shown, cap = figures.usd_text(value), plain_trimmed(cap_usd)
    alert = _queue(
        pool,
        side,
        side.cap_type,
        f"{pool.asset_id}: the {side.word} cap is near",
        f"{shown} USD of the {side.word} cap of {cap} USD of {pool.id} are used.",
        {"usedUSD": shown, "capUSD": cap},
        now,
    )
    staff = User.objects.filter(role="admin", status=Status.ACTIVE)
    _notify(alert, list(staff.values_list("id", flat=True)), now)
    return True


def _queue(
    pool: Pool,
    side: _Side,
    type: str,
    title: str,
    message: str,
    data: dict[str, Any],
    now: datetime,
) -> PoolAlert:
    return PoolAlert.objects.create(
        pool=pool,
        type=type,
        is_supply=side.is_supply,
        title=title,
        message=message,
        data={"poolId": pool.id, "side": side.word, **data},
        at=now,
    )


def _notify(alert: PoolAlert, user_ids: list[str], now: datetime) -> None:
    notices.notify_all(
        user_ids,
        alert.type,
        title=alert.title,
        message=alert.message,
        now=now,
        data=alert.data,
        link=LINK,
        dedup_key=f"{alert.type}:{alert.pool_id}:{alert.data['side']}",
    )
