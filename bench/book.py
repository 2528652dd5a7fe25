"""The liquidation step over a large book: `python -m bench.book COUNT`, with DATABASE_URL set.

Seeds COUNT loans of USDC against ether in a migrated, empty database and prints what ticks cost
that move some of them over a line, as JSON after the word RESULT.
"""

import json
import os
import random
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from dualis.lending.crossings import Crossing

ROUNDS = 3
TICK_SECONDS = 1.0
ALERTS_SECONDS = 0.9  # by when the engine pauses the telling of a tick
LIMIT_SECONDS = 0.8  # what the engine gives the step of a tick of one second
ETH = Decimal(100)
# how many loans, and their health at the start: each fall of ether by 1 % takes one more group
# over the line of 1.5
GROUPS = ((100, Decimal("1.505")), (1_000, Decimal("1.52")), (10_000, Decimal("1.535")))
COIN, FALLEN = Decimal("0.1756"), Decimal("0.1755")  # Canton coin: one loan just above 0.95
AUCTIONS = 20
DEBT = Decimal(1_000)
OTHER = Decimal("0.1")  # of the collateral is wrapped bitcoin
IN_GRACE = Decimal(57)  # USD for ether: the groups lie between 0.90 and 0.95


def main(count: int) -> dict[str, Any]:
    """Return milliseconds of ticks by how many cross, and of the others."""
    from dualis.lending import alerts, liquidation
    from dualis.lending.watch import Watch
    from realtime import journal

    dice = random.Random(7)
    _seed(count, dice)
    watch, feed = Watch(), journal.Feed("positions")
    started = time.perf_counter()
    feed.read(watch.take)
    loaded = time.perf_counter() - started
    told: list[int] = []

    def tick(seconds: float = 3_600.0) -> float:
        started = time.perf_counter()
        feed.read(watch.take)
        liquidation.run(
            datetime.now(UTC),
            watch,
            told=_counting,
            time_left=lambda: 1 - (time.perf_counter() - started) / seconds,
        )
        return 1000 * (time.perf_counter() - started)

    def _counting(crossings: "Sequence[Crossing]", now: datetime) -> None:
        told.append(len(crossings))
        alerts.queue(crossings, now)

    spent: dict[int, list[float]] = {0: [], **{size: [] for size, _ in GROUPS}}
    after: list[float] = []
    tick()  # writes the zone of the loan against coin
    for turn in range(ROUNDS):
        for fall in (0, 1, 2, 3, 2, 1, 0):
            told.clear()
            _reprice(ETH=ETH - fall + Decimal(turn) / 1000, USDC=Decimal(1), wBTC=Decimal(67710))
            cost = tick()
            spent[sum(told)].append(cost)
            if sum(told) == GROUPS[-1][0]:
                after.append(tick())
    for fall in (2, 3):
        told.clear()
        _reprice(ETH=ETH - fall, USDC=Decimal(1), wBTC=Decimal(67710))
        limited = [tick(LIMIT_SECONDS if fall == 3 else 3_600.0)]
    while sum(told) < GROUPS[-1][0]:
        limited.append(tick(LIMIT_SECONDS))
    return {
        "alerts": _alerts(tick),
        "loaded": loaded,
        "limited": limited,
        "spent": {size: median(costs) for size, costs in spent.items()},
        "after": median(after),
        "auctions": _auctions(tick),
        "waiting": _waiting(tick),
    }


def _alerts(tick: Any) -> dict[str, float]:
    """Return what it takes until all borrowers of the largest group are told, second by second."""
    from django.db import transaction

    from dualis.lending import alerts
    from dualis.lending.models import BorrowPosition, HealthAlert
    from dualis.notifications import notices
    from dualis.notifications.models import Notification

    for fall in (0, 2):
        _reprice(ETH=ETH - fall, USDC=Decimal(1), wBTC=Decimal(67710))
        tick()
    HealthAlert.objects.all().delete()
    with transaction.atomic():  # borrowers who were told something before
        notices.lock(set(BorrowPosition.objects.values_list("user_id", flat=True)))
    before = Notification.objects.count()
    _reprice(ETH=ETH - 3, USDC=Decimal(1), wBTC=Decimal(67710))
    begun = time.perf_counter()
    ticks: list[float] = []
    while Notification.objects.count() - before < GROUPS[-1][0]:
        started = begun + len(ticks) * TICK_SECONDS
        time.sleep(max(0.0, started - time.perf_counter()))
        tick(LIMIT_SECONDS)
        alerts.step(datetime.now(UTC), partial(_time_left, started))
        ticks.append(time.perf_counter() - started)
    seconds = time.perf_counter() - begun
    assert not HealthAlert.objects.exists()
    return {"seconds": seconds, "longest": 1000 * max(ticks), "ticks": len(ticks)}


def _time_left(started: float) -> float:
    return 1 - (time.perf_counter() - started) / ALERTS_SECONDS


def _auctions(tick: Any) -> list[float]:
    """Return milliseconds from the commit of a price to the committed auction, one at a time."""
    from dualis.lending.models import Liquidation

    _reprice(CC=2 * COIN, USDC=Decimal(1), ETH=ETH, wBTC=Decimal(67710))
    tick()  # all are back where they began
    tick()  # and read again
    spent = []
    for _ in range(AUCTIONS):
        _reprice(CC=FALLEN, USDC=Decimal(1), ETH=ETH, wBTC=Decimal(67710))
        spent.append(tick())
        assert Liquidation.objects.filter(status="open").count() == 1
        _reprice(CC=2 * COIN, USDC=Decimal(1), ETH=ETH, wBTC=Decimal(67710))
        tick()
        assert not Liquidation.objects.filter(status="open").exists(), "recovery cancels it"
    return spent


def _waiting(tick: Any) -> float:
    """Return milliseconds of a tick while all groups wait below 0.95 for the end of a grace."""
    from dualis.lending.models import Liquidation, Market

    Market.objects.filter(id=1).update(resumed_at=datetime.now(UTC))
    _reprice(ETH=IN_GRACE, USDC=Decimal(1), wBTC=Decimal(67710))
    before = Liquidation.objects.count()
    tick()  # writes the zones
    tick()
    spent = [tick() for _ in range(ROUNDS)]
    assert Liquidation.objects.count() == before
    return median(spent)


def _seed(count: int, dice: random.Random) -> None:
    from dualis.lending.models import Pool
    from tests import lending_market

    lending_market.opened({"ETH": str(ETH), "wBTC": "67710"})
    pools = {pool.asset_id: pool for pool in Pool.objects.all()}
    weights = {symbol: pool.terms.weight for symbol, pool in pools.items()}
    healths = [health for size, health in GROUPS for _ in range(size)]
    healths += [Decimal(dice.randint(2_000, 4_000)) / 1_000 for _ in range(count - len(healths))]
    held = []
    for health in healths:
        worth = DEBT * health
        ether = worth * (1 - OTHER) / (ETH * weights["ETH"])
        bitcoin = worth * OTHER / (67710 * weights["wBTC"])
        held.append({"ETH": f"{ether:.18f}", "wBTC": f"{bitcoin:.8f}"})
    held.append({"CC": f"{DEBT * Decimal('0.9501') / (COIN * weights['CC']):.10f}"})
    _write(pools["USDC"], held)


def _write(pool: Any, held: Sequence[dict[str, str]]) -> None:
    """Write a loan of its own borrower for each of these collaterals, and the pool's books."""
    from django.db import connection

    from dualis.accounts.models import User
    from dualis.lending.books import PoolBooks, TierDebt
    from dualis.lending.models import BorrowPosition

    now = datetime.now(UTC)
    users = [
        User(email=f"borrower-{number}@example.com", password="!") for number in range(len(held))
    ]
    User._base_manager.bulk_create(users, batch_size=5_000)
    BorrowPosition._base_manager.bulk_create(
        [
            BorrowPosition(
                user_id=user.id,
                pool_id=pool.id,
                opened_at=now,
                credit_tier="Unrated",
                scaled=DEBT,
                principal=DEBT,
                booked=DEBT,
                collateral=amounts,
            )
            for user, amounts in zip(users, held, strict=True)
        ],
        batch_size=5_000,
    )
    lent, supplied = DEBT * len(held), 2 * DEBT * len(held)
    debts = {**pool.books.debts, "Unrated": TierDebt(scaled=lent)}
    pool.set_books(PoolBooks(pool.places, supplied - lent, Decimal(0), supplied, Decimal(1), debts))
    pool.accrued_at = now
    pool.save()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _reprice(**prices: Decimal) -> None:
    from dualis.bulk import save_all
    from dualis.oracle.models import Quote

    rows = list(Quote.objects.filter(asset_id__in=prices))
    for row in rows:
        row.price = prices[row.asset_id]
        row.source_at = row.updated_at = datetime.now(UTC)
    save_all(rows)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")
    django.setup()
    print("RESULT" + json.dumps(main(int(sys.argv[1]))))
