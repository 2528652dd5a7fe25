"""The parameters of a pool: what may be changed, what makes a valid market, how a change starts.

Knows nothing of who asked: staff and proposals come in here.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError as FieldError
from django.db import transaction
from django.db.models import Field

from dualis import errors
from dualis.exact import plain_trimmed
from dualis.lending import pools, ramps
from dualis.lending.models import Pool
from dualis.lending.rates import InvalidRateModel, RateModel, borrow_apr_up
from dualis.lending.terms import AssetTerms, CollateralTier, InvalidTerms
from dualis.lending.view import View

MODEL = ("base", "slope", "kink", "jump", "reserve_factor")
TERMS = ("ltv", "threshold", "penalty", "borrow_cap_usd", "supply_cap_usd", "is_borrowable")
SWITCHES = ("is_collateral", "is_active")
PARAMETERS = (*MODEL, *TERMS, *SWITCHES)
MOST_APR = Decimal(10)  # 1,000 % a year: far above any market, far below what an index can hold


def check(pool: Pool, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes as their fields hold them; ValidationError if they make no valid pool.

    Both the parameters of the first moment and those at the end of a ramp have to be valid.
    """
    found = read(changes)
    wanted = present(pool) | found
    at_once = wanted | {name: max(getattr(pool, name), wanted[name]) for name in ramps.RATIOS}
    for values in (wanted, at_once):
        require_valid(values, CollateralTier(pool.haircut_tier))
    return found


def read(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the fields of their parameters hold them; ValidationError by parameter."""
    found: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in PARAMETERS:
            raise errors.ValidationError({name: ["is no parameter of a pool."]})
        try:
            found[name] = _field(name).to_python(value)
        except FieldError as error:
            raise errors.ValidationError({name: list(error.messages)}) from None
        if found[name] is None:
            raise errors.ValidationError({name: ["is missing."]})
    return found


def present(pool: Pool) -> dict[str, Any]:
    """Return every parameter of a pool; of a ratio that ramps, what it will be."""
    return {name: getattr(pool, name) for name in PARAMETERS} | ramps.targets(pool)


@transaction.atomic
def change(
    pool_id: str, changes: Mapping[str, Any], *, now: datetime
) -> dict[str, tuple[str, str]]:
    """Change parameters of a pool and tell; return old and new value of those that differ.

    Interest up to `now` is charged at the old rates. An LTV or a threshold that is lowered ramps
    over 24 h (rulings, 25). Locks the pool. PoolNotFound, ValidationError.
    """
    pool = pools.lock([pool_id], now)[pool_id]
    before = present(pool)
    found = check(pool, changes)
    differing = {name: value for name, value in found.items() if value != before[name]}
    if not differing:
        return {}
    for name, value in differing.items():
        if name not in ramps.RATIOS:
            setattr(pool, name, value)
    if differing.keys() & set(ramps.RATIOS):
        ramps.start(pool, ramps.targets(pool) | differing, now)
    pools.publish([pool], View.read(now), "params")
    return {name: (text(before[name]), text(value)) for name, value in differing.items()}


def require_valid(values: Mapping[str, Any], tier: CollateralTier) -> tuple[RateModel, AssetTerms]:
    """Return the model and the terms that values make; ValidationError if they make none."""
    try:
        model = RateModel(*[values[name] for name in MODEL])
        terms = AssetTerms(
            values["ltv"],
            values["threshold"],
            values["penalty"],
            values["borrow_cap_usd"],
            values["supply_cap_usd"],
            values["is_borrowable"],
            tier,
        )
    except (InvalidRateModel, InvalidTerms) as error:
        raise errors.ValidationError({"parameters": [f"{error}."]}) from error
    if borrow_apr_up(model, Decimal(1)) > MOST_APR:
        raise errors.ValidationError({"parameters": ["the rate is at most 10 (1,000 %) a year."]})
    return model, terms


def _field(name: str) -> "Field[Any, Any]":
    field = Pool._meta.get_field(name)
    assert isinstance(field, Field), "a parameter is a column"
    return field


def text(value: Decimal | bool) -> str:
    """Return a parameter's value as it is shown."""
    return plain_trimmed(value) if isinstance(value, Decimal) else str(value).lower()
