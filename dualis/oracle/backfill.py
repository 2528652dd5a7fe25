"""A demo market's past: simulated history that ends exactly at the start prices."""

from datetime import datetime, timedelta

from django.db import transaction

from dualis.oracle import walk
from dualis.oracle.assets import DEMO_CATALOGUE, START_PRICES, seed_assets
from dualis.oracle.history import BATCH, MINUTE, day_of, days_of, flat_bar, history_tick, minute_of
from dualis.oracle.market import Oracle
from dualis.oracle.models import Asset, FeedKind, ManualPrice, PriceBar, PriceTick
from dualis.oracle.sources import MANUAL, SEED, SIMULATED
from dualis.oracle.windows import HOUR

_PRICED = START_PRICES.keys() | DEMO_CATALOGUE.keys()
_SEEDER = "seed_demo"
_FINE = timedelta(hours=25)  # every minute
_COARSE = timedelta(days=30)  # every 15 minutes
_DAYS = timedelta(days=365)  # daily
_QUARTER = timedelta(minutes=15)
_DAY = timedelta(days=1)
_RENEW = timedelta(hours=12)  # a net asset value is good for 24


@transaction.atomic
def backfill(now: datetime, seed: int = SEED, *, is_demo: bool = False) -> None:
    """Record a year of simulated prices up to `now` and publish the start prices.

    Also enters the net asset values. Assets that have a history keep it. `is_demo` adds those of
    demo markets.
    """
    seed_assets(is_demo=is_demo)
    recorded = set(PriceBar.objects.order_by().values_list("asset", flat=True).distinct())
    for asset in Asset.objects.filter(symbol__in=_PRICED - recorded):
        if asset.feed_kind == FeedKind.MANUAL:
            _enter(asset.symbol, now)
        else:
            _simulate(asset.symbol, now, seed)
    Oracle().tick(now)


def _simulate(symbol: str, now: datetime, seed: int) -> None:
    moments = _moments(now)
    seconds = [int(moment.timestamp()) for moment in moments]
    price = START_PRICES.get(symbol) or walk.starting(symbol, seconds[-1])
    prices = walk.backward(symbol, price, seconds, seed)
    bars = [
        flat_bar(symbol, SIMULATED, at, price, previous=previous)
        for at, price, previous in zip(moments, prices, [prices[0], *prices], strict=False)
    ]
    minutes_from = minute_of(now) - _COARSE
    days = days_of(bars)
    minutes = [bar for bar in bars if bar.start >= minutes_from]
    PriceBar.objects.bulk_create([*days, *minutes], batch_size=BATCH)
    PriceTick.objects.bulk_create(
        history_tick(symbol, SIMULATED, at, price)
        for at, price in zip(moments, prices, strict=True)
        if at >= now - HOUR
    )


def _enter(symbol: str, now: datetime) -> None:
    """Enter the demo's net asset value, as if it had been the same every day of the year."""
    price = START_PRICES[symbol]
    days = [now - _DAY * ago for ago in range(_DAYS.days, 0, -1)]
    bars = [flat_bar(symbol, MANUAL, at, price) for at in days]
    minutes = [bar for bar in bars if bar.start >= now - _COARSE]
    PriceBar.objects.bulk_create([*days_of(bars), *minutes], batch_size=BATCH)
    ManualPrice.objects.create(
        asset_id=symbol, price=price, actor_id=_SEEDER, entered_at=now, is_simulated=True
    )


@transaction.atomic
def renew_values(now: datetime) -> int:
    """Enter the demo's net asset values again where half a day has passed; return how many.

    What staff entered stays as it is, and goes stale as it does anywhere.
    """
    renewed = 0
    for asset in Asset.objects.select_for_update(no_key=True).filter(feed_kind=FeedKind.MANUAL):
        newest = ManualPrice.objects.filter(asset=asset).first()
        if newest and newest.is_simulated and newest.entered_at <= now - _RENEW:
            ManualPrice.objects.create(
                asset=asset,
                price=newest.price,
                actor_id=_SEEDER,
                entered_at=now,
                is_simulated=True,
            )
            renewed += 1
    return renewed


def _moments(now: datetime) -> list[datetime]:
    """Return the moments of the past, rising: daily, then every 15 minutes, every minute, `now`."""
    fine_from = minute_of(now - _FINE)
    coarse_from = minute_of(now - _COARSE)
    moments = []
    at = day_of(now - _DAYS) - MINUTE  # a day's price is the one it ends with, in force the next
    while at < coarse_from:
        moments.append(at)
        at += _DAY
    at = coarse_from
    while at < fine_from:
        moments.append(at)
        at += _QUARTER
    at = fine_from
    while at < minute_of(now):
        moments.append(at)
        at += MINUTE
    return [*moments, now]
