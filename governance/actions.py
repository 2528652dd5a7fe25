"""What a proposal may execute: each act calls the services of lending, the oracle, the treasury.

The market's pools, quotes and wallets are published or booked by those services, as for anybody.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from dualis.accounts import wallets
from dualis.accounts.money import Wallet
from dualis.lending import opening, parameters, pools, ramps, switches
from dualis.oracle import feeds
from dualis.oracle.models import FeedKind
from dualis.timestamps import iso
from governance import checks, payloads, treasury
from governance.lifecycle import ProposalType
from governance.payloads import Payload

Effect = dict[str, str]
PAUSED = {True: "paused", False: "open"}


def lock(payload: Payload, now: datetime, deposit: tuple[str, str]) -> Wallet:
    """Lock whatever `run` will change, and the wallet of a deposit, which is returned.

    In the order of the market's locks, all wallets in one call.
    """
    purses = [deposit]
    match payload:
        case payloads.EmergencyAction(target_pool_id=None):
            switches.lock_all(now)
            switches.lock_market()
        case payloads.EmergencyAction(target_pool_id=str(pool_id)):
            pools.lock([pool_id], now)
        case payloads.NewPool(asset_symbol=asset) | payloads.OracleConfig(asset_symbol=asset):
            feeds.lock(asset)
        case payloads.TreasurySpend(recipient_address=user_id, asset=asset):
            purses.append((user_id, asset))
        case payloads.ProtocolUpgrade():
            pass
        case _:
            pools.lock([checks.changes(payload)[0]], now)
    locked = wallets.lock(purses)
    if isinstance(payload, payloads.TreasurySpend):
        treasury.lock(payload.asset)
    return locked[deposit]


def run(kind: ProposalType, payload: Payload, proposal_id: str, now: datetime) -> list[Effect]:
    """Do what a proposal asks for, once more held against the market; return what changed.

    The caller has called `lock`. Raises whatever refuses it: then nothing may stay.
    """
    return _RUN[kind](checks.check(payload, now), proposal_id, now)


def _change(payload: Payload, proposal_id: str, now: datetime) -> list[Effect]:
    pool_id, wanted = checks.changes(payload)
    changed = parameters.change(pool_id, wanted, now=now)
    effects = []
    for name, (old, new) in changed.items():
        effect = {"poolId": pool_id, "parameter": checks.SHOWN[name], "from": old, "to": new}
        if name in ramps.RATIOS and Decimal(new) < Decimal(old):
            effect["effectiveAt"] = iso(now + ramps.RAMP)
        effects.append(effect)
    return effects


def _open_pool(payload: Any, proposal_id: str, now: datetime) -> list[Effect]:
    asset = payload.asset_symbol
    model, terms = checks.new_pool(payload, now)
    pool = opening.open_pool(opening.id_of(asset), asset, terms, model, now=now)
    return [{"poolId": pool.id, "asset": asset, "to": "opened"}]


def _pause(payload: Any, proposal_id: str, now: datetime) -> list[Effect]:
    is_paused = payload.action.startswith("PAUSE")
    pool_id = payload.target_pool_id
    if pool_id is None:
        switches.pause_protocol(is_paused=is_paused, now=now)
        return [{"parameter": "protocol", "to": PAUSED[is_paused]}]
    return [
        {"poolId": pool_id, "parameter": operation, "to": PAUSED[is_paused]}
        for operation in (switches.SUPPLY, switches.BORROW)
        if switches.pause_pool(pool_id, operation, is_paused=is_paused, now=now)
    ]


def _spend(payload: Any, proposal_id: str, now: datetime) -> list[Effect]:
    amount, asset, user_id = payload.amount, payload.asset, payload.recipient_address
    treasury.pay(user_id, asset, Decimal(amount), reference=proposal_id, now=now)
    return [{"asset": asset, "amount": amount, "to": user_id}]


def _change_feed(payload: Any, proposal_id: str, now: datetime) -> list[Effect]:
    kind = FeedKind(payload.new_source_id)
    feeds.change(payload.asset_symbol, kind, actor=proposal_id, now=now)
    return [{"asset": payload.asset_symbol, "parameter": "source", "to": kind.value}]


def _nothing(payload: Payload, proposal_id: str, now: datetime) -> list[Effect]:
    return []


_RUN: dict[ProposalType, Callable[[Payload, str, datetime], list[Effect]]] = {
    ProposalType.PARAMETER_CHANGE: _change,
    ProposalType.FEE_CHANGE: _change,
    ProposalType.POOL_DEPRECATION: _change,
    ProposalType.COLLATERAL_ADD: _change,
    ProposalType.COLLATERAL_REMOVE: _change,
    ProposalType.NEW_POOL: _open_pool,
    ProposalType.EMERGENCY_ACTION: _pause,
    ProposalType.TREASURY_SPEND: _spend,
    ProposalType.ORACLE_CONFIG: _change_feed,
    ProposalType.PROTOCOL_UPGRADE: _nothing,
}
