"""A loan-to-value or a liquidation threshold that is lowered falls over 24 h (rulings, 25).

A pool's `ltv` and `threshold` are those of its last accrual, like its indices.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from dualis.exact import EXACT, div_up
from dualis.lending.models import RATE_PLACES, Pool

RAMP = timedelta(hours=24)
RATIOS = ("ltv", "threshold")
_MICROSECOND = timedelta(microseconds=1)


def value_up(
    start: Decimal, target: Decimal, from_at: datetime, to_at: datetime, now: datetime
) -> Decimal:
    """Return where the straight line from `start` down to `target` is at `now`.

    Rounded up at 10 places, for the borrower; `target` itself from `to_at` on.
    """
    span = (to_at - from_at) // _MICROSECOND
    left = min(max((to_at - now) // _MICROSECOND, 0), span)
    above = EXACT.multiply(EXACT.subtract(start, target), Decimal(left))
    return EXACT.add(target, div_up(above, Decimal(span), RATE_PLACES))


def targets(pool: Pool) -> dict[str, Decimal]:
    """Return what each ratio is, or is on its way to."""
    return {
        name: getattr(pool, name) if (to := getattr(pool, f"{name}_to")) is None else to
        for name in RATIOS
    }


def start(pool: Pool, wanted: Mapping[str, Decimal], now: datetime) -> None:
    """Set both ratios: a higher one at once, a lower one from its present value over 24 h.

    Replaces a ramp that is running. The caller holds the lock, has accrued to `now` and saves.
    """
    _clear(pool)
    for name in RATIOS:
        value = getattr(pool, name)
        if wanted[name] < value:
            setattr(pool, f"{name}_from", value)
            setattr(pool, f"{name}_to", wanted[name])
            pool.ramp_from_at, pool.ramp_to_at = now, now + RAMP
        else:
            setattr(pool, name, wanted[name])


def follow(pool: Pool, now: datetime) -> None:
    """Move the ratios to where their ramp is at `now`; the caller holds the lock and saves."""
    if pool.ramp_from_at is None or pool.ramp_to_at is None:
        return
    for name in RATIOS:
        target = getattr(pool, f"{name}_to")
        if target is not None:
            first = getattr(pool, f"{name}_from")
            setattr(pool, name, value_up(first, target, pool.ramp_from_at, pool.ramp_to_at, now))
    if now >= pool.ramp_to_at:
        _clear(pool)


def _clear(pool: Pool) -> None:
    pool.ramp_from_at = pool.ramp_to_at = None
    for name in RATIOS:
        setattr(pool, f"{name}_from", None)
        setattr(pool, f"{name}_to", None)
