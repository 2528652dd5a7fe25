"""What a proposal would change if it were executed now: asked before it is made. Reads alone.

In the shape in which an executed proposal tells its effects, and held against the market by the
same checks, so that what is shown is what would be done.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, plain_trimmed
from dualis.lending import figures, opening, parameters, ramps, rates
from dualis.lending.models import Market, Pool
from dualis.lending.rates import RateModel
from dualis.oracle.models import Asset
from governance import checks, payloads, proposals, treasury
from governance.actions import PAUSED
from governance.lifecycle import ProposalType
from governance.payloads import Payload

Effect = dict[str, str | None]


def effects(kind: ProposalType, data: Any, now: datetime) -> list[Effect]:
    """Return what changes, old and new; refusals of creating a proposal with this payload.

    `rampSeconds` is how long a lowered ratio takes; `isEstimate` marks what follows from a change.
    """
    payload = checks.check(proposals.read(kind, data), now, is_new=True)
    match payload:
        case payloads.NewPool(asset_symbol=asset):
            return _new_pool(payload, opening.id_of(asset), now)
        case payloads.TreasurySpend(asset=asset, amount=amount):
            held = treasury.holds(asset)
            left = EXACT.subtract(held, Decimal(amount))
            return [_effect("treasury", plain_trimmed(held), plain_trimmed(left), asset=asset)]
        case payloads.EmergencyAction():
            return _switches(payload)
        case payloads.OracleConfig(asset_symbol=asset, new_source_id=source):
            return [_effect("source", Asset.objects.get(symbol=asset).feed_kind, source, asset)]
        case payloads.ProtocolUpgrade():
            return []
    return _parameters(payload)


def _parameters(payload: Payload) -> list[Effect]:
    pool_id, wanted = checks.changes(payload)
    pool = checks.pool(pool_id)
    before, found = parameters.present(pool), parameters.check(pool, wanted)
    shown = []
    for name, value in found.items():
        if value == before[name]:
            continue
        old, new = parameters.text(before[name]), parameters.text(value)
        effect = _effect(checks.SHOWN[name], old, new, pool=pool_id)
        if name in ramps.RATIOS and value < before[name]:
            effect["rampSeconds"] = str(int(ramps.RAMP.total_seconds()))
        shown.append(effect)
    if found.keys() & set(parameters.MODEL):
        shown += _yields(pool, before | found)
    return shown


def _yields(pool: Pool, values: Mapping[str, Any]) -> list[Effect]:
    """Return what a changed model would make of the yields, at the present utilization."""
    books, places = pool.books, figures.SHOWN_PLACES
    model = RateModel(*[values[name] for name in parameters.MODEL])
    after = rates.pool_rates(model, books.borrowed_by_tier, books.supplied, figures.DISCOUNTS)
    row = figures.pool_row(pool)
    new = {
        "borrowAPY": float(rates.apy_up(after.borrow_apr, places)),
        "supplyAPY": float(rates.apy_down(after.supply_apr, places)),
    }
    return [
        {**_effect(name, str(row[name]), str(value), pool=pool.id), "isEstimate": "true"}
        for name, value in new.items()
    ]


def _new_pool(payload: payloads.NewPool, pool_id: str, now: datetime) -> list[Effect]:
    model, terms = checks.new_pool(payload, now)
    values = {
        "base": model.base,
        "slope": model.slope,
        "kink": model.kink,
        "jump": model.jump,
        "reserveFactor": model.reserve_factor,
        "loanToValue": terms.ltv,
        "liquidationThreshold": terms.threshold,
        "liquidationPenalty": terms.penalty,
        "supplyCap": terms.supply_cap,
        "borrowCap": terms.borrow_cap,
    }
    return [
        _effect(name, None, plain_trimmed(value), pool=pool_id) for name, value in values.items()
    ]


def _switches(payload: payloads.EmergencyAction) -> list[Effect]:
    becomes = PAUSED[payload.action.startswith("PAUSE")]
    if payload.target_pool_id is None:
        is_paused = Market.objects.get(id=1).is_paused
        return [_effect("protocol", PAUSED[is_paused], becomes)]
    pool = checks.pool(payload.target_pool_id)
    states = {"supply": pool.is_supply_paused, "borrow": pool.is_borrow_paused}
    return [
        _effect(operation, PAUSED[is_paused], becomes, pool=pool.id)
        for operation, is_paused in states.items()
        if PAUSED[is_paused] != becomes
    ]


def _effect(
    parameter: str, old: str | None, new: str, asset: str = "", *, pool: str = ""
) -> Effect:
    effect: Effect = {"parameter": parameter, "from": old, "to": new}
    if asset:
        effect["asset"] = asset
    if pool:
        effect["poolId"] = pool
    return effect
