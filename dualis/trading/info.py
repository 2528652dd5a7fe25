"""What `POST /info` tells: one function a type, all read-only (notional 6).

The records are those of the stream: fills, orders, blocks and transactions print `to_dict()`.
Knows addresses in lower case. Knows nothing of HTTP.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, ZERO, plain_trimmed
from dualis.trading import margin, positions, state, summary
from dualis.trading.markets import COLLATERAL, MARKETS, USDC
from dualis.trading.marks import Marks
from dualis.trading.models import (
    Agent,
    Block,
    Fill,
    LedgerTransaction,
    MarginAccount,
    MarginOrder,
    milliseconds,
)
from dualis.trading.statuses import ACTIVE, CANCELED, FILLED, PARTIAL, REJECTED

BLOCKS, TRANSACTIONS, MOST = 20, 50, 100
RECENT = 2_000  # fills and orders of one answer


class Missing(ValueError):
    """A parameter that is not there or names nothing; the text is the page's."""


def account(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The margin summary in the shape of a clearing house's state."""
    row, marks = _row(query, "account"), Marks.read(now)
    orders = row.open_orders()
    found = summary.margin_of(row.value, marks.prices, orders)
    whole = ZERO
    for held in summary.held_of(row.value, marks.prices):
        whole = EXACT.add(whole, positions.notional(held.position, held.mark))
    figures = {
        "accountValue": _usd(found.account_value),
        "totalMarginUsed": _usd(found.initial),
        "totalNtlPos": _usd(whole),
        "totalRawUsd": _usd(row.usdc),
    }
    return {
        "crossMaintenanceMarginUsed": _usd(found.maintenance),
        "crossMarginSummary": figures,
        "marginSummary": figures,
        "assetPositions": _positions(row, marks, found),
        "time": milliseconds(now),
        "withdrawable": _usd(summary.withdrawable_down(row.value, found, orders, marks.frozen)),
    }


def positions_of(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    row, marks = _row(query, "positions"), Marks.read(now)
    found = summary.margin_of(row.value, marks.prices, row.open_orders())
    return _positions(row, marks, found)


def assets(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    account = _row(query, "assets").value
    return [
        {
            "asset": COLLATERAL[asset].asset_id,
            "coin": asset,
            "total": plain_trimmed(account.balance(asset)),
            "hold": plain_trimmed(account.held(asset)),
            "segregated": "0",
            "ltv": plain_trimmed(COLLATERAL[asset].ltv),
        }
        for asset in (USDC, *sorted(account.assets))
    ]


def open_orders(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Orders that have not ended, newest first; market orders have the limit price 0."""
    rows = MarginOrder.objects.filter(account_id=_user(query, "open orders"), status__in=ACTIVE)
    return [row.to_dict()["order"] for row in rows]


def historical_orders(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = MarginOrder.objects.filter(account_id=_user(query, "historical orders"))
    words = {PARTIAL: "partiallyFilled", FILLED: FILLED, CANCELED: CANCELED, REJECTED: REJECTED}
    return [{**row.to_dict(), "status": words.get(row.status, row.status)} for row in rows[:RECENT]]


def user_fills(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = Fill.objects.filter(account_id=_user(query, "user fills"))
    return [row.to_dict() for row in rows[:RECENT]]


def ledger(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """Money that came and went, oldest first: deposits, withdrawals, funding, interest."""
    kinds = {
        state.DEPOSIT: "deposit",
        state.TRANSFER: "transfer",
        state.WITHDRAWAL: "withdrawal",
        state.FUNDING: "funding",
        state.INTEREST: "interest",
        state.SETTLEMENT: "settlement",
    }
    user = _user(query, "ledger")
    rows = LedgerTransaction.objects.filter(user=user, type__in=kinds).order_by("-id")[:RECENT]
    return [_ledger_row(row, kinds[row.type]) for row in reversed(rows)]


def latest_blocks(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    return [row.to_dict() for row in Block.objects.all()[: _limit(query, BLOCKS)]]


def block_by_number(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    number = _block_number(query)
    row = Block.objects.filter(number=number).first()
    if row is None:
        raise Missing(f"Block {number} not found")
    return _block(row)


def block_by_hash(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    hash = query.get("hash")
    row = Block.objects.filter(hash=hash).first() if isinstance(hash, str) else None
    if row is None:
        raise Missing(f"Block with hash {hash} not found")
    return _block(row)


def block_transactions(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = LedgerTransaction.objects.filter(block_number=_block_number(query)).order_by("tx_index")
    return [_whole(row) for row in rows]


def latest_transactions(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = LedgerTransaction.objects.order_by("-id")
    after = query.get("afterBlock")
    if after is not None:
        if not _is_number(after):
            raise Missing("afterBlock must be a number")
        rows = rows.filter(block_number__gt=after)
    return [_whole(row) for row in rows[: _limit(query, TRANSACTIONS)]]


def transaction_by_hash(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    hash = query.get("hash")
    row = LedgerTransaction.objects.filter(hash=hash).first() if isinstance(hash, str) else None
    if row is None:
        raise Missing(f"Transaction with hash {hash} not found")
    return _whole(row)


def transactions_by_user(query: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    rows = LedgerTransaction.objects.filter(user=_user(query, "")).order_by("-id")
    return [_whole(row) for row in rows[: _limit(query, TRANSACTIONS)]]


def user_role(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    user = _user(query, "")
    if MarginAccount.objects.filter(name=user).exists():
        return {"role": "user"}
    agent = Agent.objects.filter(address=user).first()
    return {"role": "agent", "data": {"user": agent.account_id}} if agent else {"role": "missing"}


def meta(query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The markets and the collateral, by asset id."""
    return {
        "perpMarkets": {
            market.asset_id: {
                "assetId": market.asset_id,
                "symbol": coin,
                "venueName": "paper",
                "venueIndex": place,
                "marginAsset": COLLATERAL[USDC].asset_id,
                "marketConfig": {
                    "maxLeverage": market.max_leverage,
                    "szDecimals": market.size_places,
                },
            }
            for place, (coin, market) in enumerate(MARKETS.items())
        },
        "assets": {
            one.asset_id: {
                "assetId": one.asset_id,
                "symbol": asset,
                "displayName": asset,
                "weiDecimals": one.places,
                "collateralPolicy": {
                    "ltv": plain_trimmed(one.ltv),
                    "haircut": plain_trimmed(EXACT.subtract(Decimal(1), one.ltv)),
                    "borrowEnabled": asset == USDC,
                },
            }
            for asset, one in COLLATERAL.items()
        },
        "marginTables": [],
        "spotPairs": {},
    }


TYPES: dict[str, Callable[[Mapping[str, Any], datetime], Any]] = {
    "account": account,
    "positions": positions_of,
    "assets": assets,
    "openOrders": open_orders,
    "historicalOrders": historical_orders,
    "userFills": user_fills,
    "ledger": ledger,
    "latestBlocks": latest_blocks,
    "blockByNumber": block_by_number,
    "blockByHash": block_by_hash,
    "blockTransactions": block_transactions,
    "latestTransactions": latest_transactions,
    "transactionByHash": transaction_by_hash,
    "transactionsByUser": transactions_by_user,
    "userRole": user_role,
    "notionalMeta": meta,
}


# --- parts --------------------------------------------------------------------------------------
def _user(query: Mapping[str, Any], what: str) -> str:
    user = query.get("user")
    if not isinstance(user, str) or not user:
        raise Missing(f"Missing 'user' parameter{f' for {what}' if what else ''}")
    return user.lower()


def _row(query: Mapping[str, Any], what: str) -> MarginAccount:
    """Return an account; one that nothing is known of is empty."""
    name = _user(query, what)
    row = MarginAccount.objects.filter(name=name).first()
    return row or MarginAccount(name=name)


def _positions(row: MarginAccount, marks: Marks, found: margin.Margin) -> list[dict[str, Any]]:
    account = row.value
    shown = []
    for held in summary.held_of(account, marks.prices):
        if not held.position.size:
            continue
        one = summary.position(held, account, found)
        funding = account.funding.get(held.coin, state.Funding())
        raw = EXACT.subtract(row.usdc, held.position.cost)
        shown.append(
            {
                "type": "oneWay",
                "position": {
                    "coin": held.coin,
                    "szi": one["szi"],
                    "entryPx": one["entryPx"],
                    "positionValue": one["positionValue"],
                    "unrealizedPnl": one["unrealizedPnl"],
                    "marginUsed": one["marginUsed"],
                    "returnOnEquity": one["returnOnEquity"],
                    "liquidationPx": one["liqPx"],
                    "maxLeverage": int(held.max_leverage),
                    "leverage": {
                        "type": "cross",
                        "value": int(held.leverage),
                        "rawUsd": _usd(raw),
                    },
                    "cumFunding": {
                        "allTime": plain_trimmed(funding.all_time),
                        "sinceChange": plain_trimmed(funding.since_change),
                        "sinceOpen": plain_trimmed(funding.since_open),
                    },
                },
            }
        )
    return shown


def _ledger_row(row: LedgerTransaction, kind: str) -> dict[str, Any]:
    data = row.data
    amount = data.get("payment") or data.get("amount")
    is_out = kind in ("withdrawal", "interest")
    delta: dict[str, Any] = {
        "type": kind,
        "coin": data.get("coin") or data.get("asset") or USDC,
        "usdc": f"-{amount}" if is_out else amount,
        "szi": None,
    }
    if "rate" in data:
        delta["rate"] = data["rate"]
    shown = {"time": milliseconds(row.at), "hash": row.hash, "delta": delta}
    return shown | ({"status": data["status"]} if "status" in data else {})


def _block(row: Block) -> dict[str, Any]:
    rows = LedgerTransaction.objects.filter(block_number=row.number).order_by("tx_index")
    return {
        **row.to_dict(),
        "parentHash": row.parent_hash,
        "transactions": [_whole(one) for one in rows],
    }


def _whole(row: LedgerTransaction) -> dict[str, Any]:
    """Return a transaction with its payload."""
    return {**row.to_dict(), "user": row.user, "data": row.data}


def _block_number(query: Mapping[str, Any]) -> int:
    number = query.get("blockNumber")
    if not _is_number(number):
        raise Missing(f"Block {number} not found")
    return int(number or 0)


def _limit(query: Mapping[str, Any], default: int) -> int:
    limit = query.get("limit", default)
    if not _is_number(limit) or limit < 1:
        raise Missing("limit must be a number from 1 on")
    return min(limit, MOST)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _usd(value: Decimal) -> str:
    return plain_trimmed(summary.usd_down(value))
