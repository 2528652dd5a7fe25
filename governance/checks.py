"""Whether the present market takes what a proposal asks for: asked at creation and at execution.

Reads; locks and changes nothing. A refusal names the payload's field.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

import msgspec

from dualis import errors
from dualis.accounts.models import User
from dualis.exact import EXACT
from dualis.lending import opening, parameters
from dualis.lending.models import Market, Pool
from dualis.lending.rates import MODELS, RateModel
from dualis.lending.terms import ASSETS, AssetTerms, CollateralTier
from dualis.lending.view import View
from dualis.oracle import feeds
from dualis.oracle.models import Asset, FeedKind, InstrumentType, Quote
from dualis.timestamps import iso
from governance import lifecycle, payloads, timing, treasury
from governance.payloads import Payload
from governance.proposal_models import Proposal

# names of the wire, as the pool's REST address has them, and the parameters they are
NAMES = {
    "base": "base",
    "slope": "slope",
    "kink": "kink",
    "jump": "jump",
    "reserveFactor": "reserve_factor",
    "loanToValue": "ltv",
    "liquidationThreshold": "threshold",
    "liquidationPenalty": "penalty",
    "supplyCap": "supply_cap_usd",
    "borrowCap": "borrow_cap_usd",
}
# and what parameters are called when it is told that they were changed
SHOWN = {name: wire for wire, name in NAMES.items()} | {
    "is_active": "isActive",
    "is_collateral": "isCollateral",
}
FEES = {"PROTOCOL_FEE": "reserve_factor", "LIQUIDATION_PENALTY": "penalty"}
_NEW_POOL = {
    "base": "initial_base_borrow_rate",
    "slope": "slope",
    "kink": "kink",
    "jump": "jump",
    "reserve_factor": "reserve_factor",
    "ltv": "initial_ltv",
    "threshold": "initial_liquidation_threshold",
    "penalty": "liquidation_penalty",
    "supply_cap_usd": "supply_cap",
    "borrow_cap_usd": "borrow_cap",
}
_TIERS = {
    InstrumentType.TREASURY: CollateralTier.RWA,
    InstrumentType.BOND: CollateralTier.RWA,
    InstrumentType.RECEIVABLE: CollateralTier.TIFA,
}


def check(payload: Payload, now: datetime, *, is_new: bool = False) -> Payload:
    """Return the payload with the market's present value in it; a DomainError if it is refused.

    Of a new one, a value that it says is the present one has to be it; later that is history.
    """
    match payload:
        case payloads.ParameterChange(parameter=name, proposed_value=value):
            if name not in NAMES:
                raise wrong("parameter", f"must be one of {', '.join(NAMES)}.")
            said = "proposedValue", "currentValue"
            claimed = payload.current_value if is_new else None
            present = _check_value(payload.pool_id, NAMES[name], value, said, claimed)
            _require_cooled(payload.pool_id, NAMES[name], now)
            return msgspec.structs.replace(payload, current_value=present)
        case payloads.FeeChange(fee_type=fee, proposed_rate=value):
            said = "proposedRate", "currentRate"
            claimed = payload.current_rate if is_new else None
            present = _check_value(payload.pool_id, FEES[fee], value, said, claimed)
            _require_cooled(payload.pool_id, FEES[fee], now)
            return msgspec.structs.replace(payload, current_rate=present)
        case payloads.NewPool():
            new_pool(payload, now)
        case payloads.PoolDeprecation():
            _check_deprecation(payload)
        case payloads.CollateralAdd():
            _check_collateral(payload, now)
        case payloads.CollateralRemove(asset_symbol=asset):
            if not pool_of(asset).is_collateral:
                raise wrong("assetSymbol", f"{asset} is no collateral.")
        case payloads.TreasurySpend():
            _check_spend(payload)
        case payloads.EmergencyAction():
            _check_emergency(payload)
        case payloads.OracleConfig(asset_symbol=asset, new_source_id=source):
            feeds.check(asset, FeedKind(source), now)
        case payloads.ProtocolUpgrade():
            pass
    return payload


def target(payload: Payload) -> tuple[str, str]:
    """Return the pool and the parameter that a cooldown follows on; empty if none does."""
    match payload:
        case payloads.ParameterChange(pool_id=pool_id, parameter=name):
            return pool_id, NAMES[name]
        case payloads.FeeChange(pool_id=pool_id, fee_type=fee):
            return pool_id, FEES[fee]
    return "", ""


def changes(payload: Payload) -> tuple[str, dict[str, Any]]:
    """Return the pool whose parameters a payload changes, and the changes."""
    match payload:
        case payloads.ParameterChange(pool_id=pool_id, parameter=name, proposed_value=value):
            return pool_id, {NAMES[name]: value}
        case payloads.FeeChange(pool_id=pool_id, fee_type=fee, proposed_rate=value):
            return pool_id, {FEES[fee]: value}
        case payloads.PoolDeprecation(pool_id=pool_id):
            return pool_id, {"is_active": False}
        case payloads.CollateralRemove(asset_symbol=asset):
            # The threshold stays: what is locked up counts on, only new collateral is refused.
            return pool_of(asset).id, {"is_collateral": False}
        case payloads.CollateralAdd(asset_symbol=asset):
            given = {
                "ltv": payload.initial_ltv,
                "threshold": payload.initial_liquidation_threshold,
                "base": payload.initial_base_borrow_rate,
            }
            wanted = {name: value for name, value in given.items() if value is not None}
            return pool_of(asset).id, {"is_collateral": True, **wanted}
    raise AssertionError(f"{type(payload).__name__} changes no parameter")


def new_pool(payload: payloads.NewPool, now: datetime) -> tuple[RateModel, AssetTerms]:
    """Return the model and the terms of a pool that may be opened; ValidationError."""
    asset = payload.asset_symbol
    quote = opening.require_openable(asset, now)
    _check_asset(quote, payload.asset_type, payload.oracle_source_id)
    listed = _listed(asset) if asset in ASSETS and asset in MODELS else {}
    given = {name: getattr(payload, field) for name, field in _NEW_POOL.items()}
    values = listed | {name: value for name, value in given.items() if value is not None}
    fields = {name: _camel(field) for name, field in _NEW_POOL.items()}
    if missing := [name for name in _NEW_POOL if name not in values]:
        text = f"is missing: the catalogue does not list {asset}."
        raise errors.ValidationError({fields[name]: [text] for name in missing})
    tier = ASSETS[asset].tier if listed else _tier(quote.asset)
    read = parameters.read(values)
    read["is_borrowable"] = bool(read["borrow_cap_usd"])
    return parameters.require_valid(read, tier)


def pool(pool_id: str) -> Pool:
    """Return a pool. PoolNotFound."""
    found = Pool.objects.filter(id=pool_id).first()
    if found is None:
        raise errors.PoolNotFound(poolId=pool_id)
    return found


def pool_of(asset: str) -> Pool:
    """Return the pool of an asset. ValidationError if it has none."""
    found = Pool.objects.filter(asset_id=asset).first()
    if found is None:
        raise wrong("assetSymbol", f"{asset} has no pool; one is opened by NEW_POOL.")
    return found


def wrong(field: str, text: str) -> errors.ValidationError:
    return errors.ValidationError({field: [text]})


def _check_value(
    pool_id: str, name: str, value: str, fields: tuple[str, str], claimed: str | None
) -> str:
    """Return the present value of a parameter that may be changed to another."""
    row = pool(pool_id)
    try:
        found = parameters.check(row, {name: value})[name]
    except errors.ValidationError as error:
        raise wrong(fields[0], error.message) from error
    present = parameters.present(row)[name]
    if found == present:
        raise wrong(fields[0], "is what it is already.")
    if claimed is not None and Decimal(claimed) != present:
        raise wrong(fields[1], f"is {parameters.text(present)}.")
    return parameters.text(present)


def _require_cooled(pool_id: str, name: str, now: datetime) -> None:
    """Raise ParameterCooldown within 14 days of a change of the same parameter of the pool."""
    cooldown = timing.span(lifecycle.COOLDOWN)
    of_target = Proposal.objects.filter(target_pool=pool_id, target_parameter=name)
    done = of_target.filter(executed_at__gt=now - cooldown).order_by("-executed_at").first()
    if done is not None:
        until = cast(datetime, done.executed_at) + cooldown
        raise errors.ParameterCooldown(parameter=SHOWN[name], poolId=pool_id, until=iso(until))


def _check_deprecation(payload: payloads.PoolDeprecation) -> None:
    if not pool(payload.pool_id).is_active:
        raise wrong("poolId", f"{payload.pool_id} takes nothing already.")
    other = payload.migration_pool_id
    if other is not None and (other == payload.pool_id or not pool(other).is_active):
        raise wrong("migrationPoolId", "must be another pool that is open.")


def _check_collateral(payload: payloads.CollateralAdd, now: datetime) -> None:
    asset = payload.asset_symbol
    row = pool_of(asset)
    view = View.read(now)
    if view.is_frozen(asset):
        raise wrong("assetSymbol", f"{asset} has no live price.")
    if row.is_collateral or not row.is_active:
        state = "is collateral already" if row.is_collateral else "has a pool that takes nothing"
        raise wrong("assetSymbol", f"{asset} {state}.")
    quote = Quote.objects.select_related("asset").get(asset_id=asset)
    _check_asset(quote, payload.asset_type, payload.oracle_source_id)
    parameters.check(row, changes(payload)[1])


def _check_asset(quote: Quote, asset_type: str | None, source: str | None) -> None:
    """Raise unless an asset is what the payload says of it."""
    if asset_type is not None and asset_type != quote.asset.instrument_type:
        raise wrong("assetType", f"is {quote.asset.instrument_type}.")
    if source is not None and source not in quote.sources:
        raise wrong("oracleSourceId", f"is {' or '.join(quote.sources)}.")


def _check_spend(payload: payloads.TreasurySpend) -> None:
    asset = Asset.objects.filter(symbol=payload.asset).first()
    if asset is None:
        raise wrong("asset", "is not listed.")
    amount = Decimal(payload.amount)
    if not amount or amount != EXACT.quantize(amount, Decimal(1).scaleb(-asset.decimals)):
        raise wrong("amount", f"must be above 0, with at most {asset.decimals} decimals.")
    user = User.objects.filter(pk=payload.recipient_address).first()
    if user is None or not user.is_active:
        raise wrong("recipientAddress", "must be the id of a user.")
    treasury.require(payload.asset, amount)


def _check_emergency(payload: payloads.EmergencyAction) -> None:
    is_pause = payload.action.startswith("PAUSE")
    if payload.target_pool_id is None:
        is_so = Market.objects.get(id=1).is_paused == is_pause
    else:
        row = pool(payload.target_pool_id)
        is_so = row.is_supply_paused == row.is_borrow_paused == is_pause
    if is_so:
        raise wrong("action", "is what is so already.")


def _listed(asset: str) -> dict[str, Any]:
    """Return the parameters of an asset of the catalogue."""
    terms, model = ASSETS[asset], MODELS[asset]
    return {
        "base": model.base,
        "slope": model.slope,
        "kink": model.kink,
        "jump": model.jump,
        "reserve_factor": model.reserve_factor,
        "ltv": terms.ltv,
        "threshold": terms.threshold,
        "penalty": terms.penalty,
        "supply_cap_usd": terms.supply_cap,
        "borrow_cap_usd": terms.borrow_cap,
    }


def _tier(asset: Asset) -> CollateralTier:
    return _TIERS.get(InstrumentType(asset.instrument_type), CollateralTier.CRYPTO)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
