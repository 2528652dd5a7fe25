"""Doing the actions of `POST /exchange` for an account; what each answers (notional 7)."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from dualis import errors
from dualis.exact import plain_trimmed
from dualis.trading import actions, agents, leverage, modifying, orders, twaps, withdrawals
from dualis.trading.actions import Action
from dualis.trading.markets import BY_ASSET_ID, COLLATERAL
from dualis.trading.orderbook import Side
from dualis.trading.orders import Placed
from dualis.trading.statuses import FILLED
from dualis.trading.twap_schedule import Asked

_ASSETS = {one.asset_id: asset for asset, one in COLLATERAL.items()}


def act(address: str, action: Action, *, now: datetime) -> dict[str, Any]:
    """Do an action for an account and return the answer's body; refusals of its service."""
    return _ACTS[type(action)](address, action, now)


def _order(address: str, action: actions.Order, now: datetime) -> dict[str, Any]:
    requests = [actions.request_of(wire, place) for place, wire in enumerate(action.orders)]
    placed = orders.place(address, requests, now=now)
    results = [
        {"orderId": one.order.id, "status": "committed"} for one in placed if one.order is not None
    ]
    return _ok("order", [_status(one) for one in placed], results)


def _cancel(address: str, action: actions.Cancel, now: datetime) -> dict[str, Any]:
    ids = [one.o.lower() for one in action.cancels]
    found = orders.cancel(address, ids, now=now)
    statuses: list[dict[str, Any]] = [
        {"success": True} if row else {"error": f"Order {order_id} is not open"}
        for order_id, row in zip(ids, found, strict=True)
    ]
    results = [
        {"oid": order_id, "orderId": order_id, "status": "committed" if row else "not_found"}
        for order_id, row in zip(ids, found, strict=True)
    ]
    return _ok("cancel", statuses, results)


def _modify(address: str, action: actions.Modify, now: datetime) -> dict[str, Any]:
    return _modified("modify", address, [(action.oid, action.order)], now)


def _batch_modify(address: str, action: actions.BatchModify, now: datetime) -> dict[str, Any]:
    return _modified("batchModify", address, [(m.oid, m.order) for m in action.modifies], now)


def _modified(
    type: str, address: str, changes: list[tuple[str, actions.NewOrder]], now: datetime
) -> dict[str, Any]:
    asked = [
        modifying.Change(
            order_id.lower(),
            actions.number(order.p, "action.order.p"),
            actions.number(order.s, "action.order.s"),
            order.r,
        )
        for order_id, order in changes
    ]
    placed = modifying.modify(address, asked, now=now)
    return _ok(type, [_status(one) for one in placed], [])


def _leverage(address: str, action: actions.UpdateLeverage, now: datetime) -> dict[str, Any]:
    market = BY_ASSET_ID.get(action.asset.lower())
    if market is None:
        raise actions.Malformed(f"Unknown asset {action.asset[:20]}", "action.asset")
    if not action.isCross:
        raise actions.Malformed("Only cross margin is offered", "action.isCross")
    leverage.choose(address, market.coin, action.leverage, now=now)
    return {"status": "ok", "response": {"type": "updateLeverage"}}


def _twap_order(address: str, action: actions.TwapOrder, now: datetime) -> dict[str, Any]:
    market = BY_ASSET_ID.get(action.asset.lower())
    if market is None:
        raise actions.Malformed(f"Unknown asset {action.asset[:20]}", "action.asset")
    asked = Asked(
        market.coin,
        Side.BUY if action.isBuy else Side.SELL,
        actions.number(action.sz, "action.sz"),
        action.durationMinutes,
        action.numSlices,
        action.reduceOnly,
        action.randomize,
    )
    placed = twaps.place(address, asked, now=now)
    if placed.twap is None:
        assert placed.rejection is not None, "an order is taken or rejected"
        return _twap("twapOrder", {"status": "rejected", "error": placed.rejection.reason})
    return _twap("twapOrder", {"status": placed.twap.status, "twapOrderId": placed.twap.id})


def _twap_cancel(address: str, action: actions.TwapCancel, now: datetime) -> dict[str, Any]:
    twap_id = action.twapOrderId.lower()
    row = twaps.cancel(address, twap_id, now=now)
    if row is None:
        return _twap("twapCancel", {"status": "failed", "error": f"{twap_id} is not running"})
    return _twap("twapCancel", {"status": row.status, "twapOrderId": row.id})


def _twap(type: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ok", "response": {"type": type, "data": data}}


def _withdraw(address: str, action: actions.Withdraw, now: datetime) -> dict[str, Any]:
    token = _ASSETS.get(action.token.lower(), action.token)
    row = withdrawals.request(address, token, action.amount, action.destination, now=now)
    return {"success": True, "transactionId": row.id, "status": row.status}


def _approve(address: str, action: actions.ApproveAgent, now: datetime) -> dict[str, Any]:
    agents.approve(address, action.agentAddress, action.agentName, now=now)
    return {"status": "ok", "response": {"type": "approveAgent"}}


def _report_deposit(address: str, action: actions.ReportDeposit, now: datetime) -> dict[str, Any]:
    """There is no chain behind the embedded venue: money comes in by transfer or by staff."""
    raise errors.DepositNotFound()


_ACTS: dict[type, Callable[[str, Any, datetime], dict[str, Any]]] = {
    actions.Order: _order,
    actions.Cancel: _cancel,
    actions.Modify: _modify,
    actions.BatchModify: _batch_modify,
    actions.UpdateLeverage: _leverage,
    actions.TwapOrder: _twap_order,
    actions.TwapCancel: _twap_cancel,
    actions.Withdraw: _withdraw,
    actions.ApproveAgent: _approve,
    actions.ReportDeposit: _report_deposit,
}


def _ok(type: str, statuses: list[dict[str, Any]], results: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "status": "ok",
        "response": {"type": type, "data": {"statuses": statuses}},
        "metadata": results,
    }


def _status(placed: Placed) -> dict[str, Any]:
    """Return the status of one order; filled and resting together are a partial fill."""
    if placed.rejection is not None:
        return {"error": placed.rejection.reason, "code": placed.rejection.code}
    row = placed.order
    assert row is not None, "an order is taken or rejected"
    shown: dict[str, Any] = {}
    if placed.filled:
        assert placed.average is not None, "what traded has a price"
        shown["filled"] = {
            "oid": row.id,
            "totalSz": plain_trimmed(placed.filled),
            "avgPx": plain_trimmed(placed.average),
        }
    if row.is_active:
        shown["resting"] = {"oid": row.id}
    elif row.status != FILLED and not placed.filled:
        shown["error"] = "The order could not trade at its price"
    return shown
