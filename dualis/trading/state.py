"""The margin ledger as a fold: what each transaction makes of the accounts. Pure.

1. State changes by `apply` alone, in the order of the chain: live and in a replay it is one code.
2. What an account gains another loses: USDC sums to what came from outside, each coin's sizes to 0.
3. A transaction states its effect; `apply` checks what can be derived, and raises BrokenChain.

Amounts are exact; USDC has 6 places. Knows transactions. Knows nothing of margin, rows or time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, ZERO, plain_trimmed
from dualis.trading import twap_fold
from dualis.trading.markets import USDC
from dualis.trading.orderbook import Side
from dualis.trading.positions import Position, fill

# Accounts of the ledger's own, beside the addresses of users.
VENUE = "venue"  # the mirror of all positions; takes funding and what rounding leaves
FEES = "fees"
TREASURY = "treasury"  # lends borrowed USDC and earns its interest
INSURANCE = "insurance"
BACKSTOP = "backstop"  # takes over positions at the bankruptcy price
SYSTEM = (VENUE, FEES, TREASURY, INSURANCE, BACKSTOP)

# The page's own sample has 39 digits; the double-entry ledger keeps names up to this length.
_ADDRESS = re.compile(r"0x[0-9a-f]{1,64}")

DEPOSIT, WITHDRAWAL, TRANSFER = "Deposit", "Withdrawal", "Transfer"
ORDER_PLACED, ORDER_CANCELED, ORDER_FILLED = "OrderPlaced", "OrderCanceled", "OrderFilled"
ORDER_MODIFIED = "OrderModified"
FUNDING, INTEREST = "FundingPayment", "InterestPayment"
LEVERAGE, LIQUIDATION = "LeverageUpdated", "Liquidation"
SETTLEMENT = "Settlement"  # between two accounts: insurance pays, collateral is sold
AGENT = "AgentApproved"


class BrokenChain(Exception):
    """A transaction contradicts the state before it: a fault of ours, never of a caller."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """`user` is whose account it is about; decimals in `data` are texts."""

    type: str
    user: str
    data: Mapping[str, Any]
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class Funding:
    """What funding brought, signed: ever, since the position was opened, since it last changed."""

    all_time: Decimal = ZERO
    since_open: Decimal = ZERO
    since_change: Decimal = ZERO


@dataclass(slots=True)
class Account:
    """`usdc` below zero is borrowed; `hold` is what pending withdrawals wait for."""

    usdc: Decimal = ZERO
    assets: dict[str, Decimal] = field(default_factory=dict)
    hold: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    funding: dict[str, Funding] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    interest_paid: Decimal = ZERO
    agents: dict[str, str] = field(default_factory=dict)  # address -> name

    def balance(self, asset: str) -> Decimal:
        """Return what the account has of an asset."""
        return self.usdc if asset == USDC else self.assets.get(asset, ZERO)

    def held(self, asset: str) -> Decimal:
        return self.hold.get(asset, ZERO)

    @property
    def borrowed(self) -> Decimal:
        """Return the USDC it owes."""
        return max(self.usdc.copy_negate(), ZERO)

    def add(self, asset: str, amount: Decimal) -> None:
        """Add a signed amount; what becomes zero is forgotten."""
        if asset == USDC:
            self.usdc = EXACT.add(self.usdc, amount)
            return
        _put(self.assets, asset, EXACT.add(self.assets.get(asset, ZERO), amount))


@dataclass(slots=True)
class Order:
    """An order that has not ended: its size left, and what it was."""

    user: str
    coin: str
    side: Side
    size: Decimal
    data: Mapping[str, Any]


@dataclass(slots=True)
class State:
    """Everything the chain says: accounts by address or system name, open orders by id."""

    accounts: dict[str, Account] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    twaps: dict[str, twap_fold.Twap] = field(default_factory=dict)

    def account(self, name: str) -> Account:
        """Return an account; one that nothing is known of is empty."""
        if name not in self.accounts:
            self.accounts[name] = Account()
        return self.accounts[name]


def apply(state: State, transaction: Transaction) -> None:
    """Change the state by one transaction. BrokenChain for one that does not fit."""
    act = _ACTS.get(transaction.type)
    if act is None:
        raise BrokenChain(f"unknown transaction {transaction.type}")
    act(state, transaction)


def touched(transaction: Transaction) -> frozenset[str]:
    """Return the accounts that a transaction changes."""
    if transaction.type in twap_fold.TYPES:  # what its slices do, their orders and fills say
        return frozenset()
    names = {transaction.user, *_PARTNERS.get(transaction.type, ())}
    if transaction.type == SETTLEMENT:
        names.add(transaction.data["from"])
    return frozenset(names)


def is_address(text: str) -> bool:
    """Tell whether a text is an address that an account may have, in lower case."""
    return _ADDRESS.fullmatch(text) is not None


# --- money --------------------------------------------------------------------------------------
def _deposit(state: State, tx: Transaction) -> None:
    state.account(tx.user).add(tx.data["asset"], _above_zero(tx.data["amount"]))


def _transfer(state: State, tx: Transaction) -> None:
    """Move USDC from the lending wallet (above zero) or to it."""
    state.account(tx.user).add(tx.data["asset"], Decimal(tx.data["amount"]))


def _withdrawal(state: State, tx: Transaction) -> None:
    """`pending` holds the amount back, `complete` pays it out, `failed` lets it go."""
    account, asset = state.account(tx.user), tx.data["asset"]
    amount, status = _above_zero(tx.data["amount"]), tx.data["status"]
    if status == "pending":
        _put(account.hold, asset, EXACT.add(account.held(asset), amount))
        return
    if status not in ("complete", "failed") or account.held(asset) < amount:
        raise BrokenChain(f"a withdrawal of {amount} {asset} that is not held ends {status}")
    _put(account.hold, asset, EXACT.subtract(account.held(asset), amount))
    if status == "complete":
        account.add(asset, amount.copy_negate())


def _settlement(state: State, tx: Transaction) -> None:
    """Move an asset, USDC unless it is named, from one account to another."""
    amount, asset = _above_zero(tx.data["amount"]), tx.data.get("asset", USDC)
    state.account(tx.data["from"]).add(asset, amount.copy_negate())
    state.account(tx.user).add(asset, amount)


def _funding(state: State, tx: Transaction) -> None:
    account, coin = state.account(tx.user), tx.data["coin"]
    payment = Decimal(tx.data["payment"])
    account.add(USDC, payment)
    state.account(VENUE).add(USDC, payment.copy_negate())
    was = account.funding.get(coin, Funding())
    account.funding[coin] = Funding(
        EXACT.add(was.all_time, payment),
        EXACT.add(was.since_open, payment),
        EXACT.add(was.since_change, payment),
    )


def _interest(state: State, tx: Transaction) -> None:
    account, amount = state.account(tx.user), _above_zero(tx.data["amount"])
    account.add(USDC, amount.copy_negate())
    account.interest_paid = EXACT.add(account.interest_paid, amount)
    state.account(TREASURY).add(USDC, amount)


# --- orders -------------------------------------------------------------------------------------
def _placed(state: State, tx: Transaction) -> None:
    if tx.order_id in state.orders:
        raise BrokenChain(f"the order {tx.order_id} is placed twice")
    size = _above_zero(tx.data["size"])
    state.orders[tx.order_id] = Order(
        tx.user, tx.data["coin"], Side(tx.data["side"]), size, dict(tx.data)
    )


def _modified(state: State, tx: Transaction) -> None:
    order = _order(state, tx)
    order.size = _above_zero(tx.data["size"])
    order.data = {**order.data, **tx.data}


def _canceled(state: State, tx: Transaction) -> None:
    _order(state, tx)
    del state.orders[tx.order_id]


def _filled(state: State, tx: Transaction) -> None:
    """Trade a part of an order, or without an order: a maker's quote, a closure by force."""
    data, coin = tx.data, tx.data["coin"]
    size, price, fee = Decimal(data["size"]), Decimal(data["price"]), Decimal(data["fee"])
    side = Side(data["side"])
    if tx.order_id:
        order = _order(state, tx)
        if order.size < size or order.coin != coin or order.side is not side:
            raise BrokenChain(f"a fill does not fit the order {tx.order_id}")
        order.size = EXACT.subtract(order.size, size)
        if not order.size:
            del state.orders[tx.order_id]
    account, venue, fees = state.account(tx.user), state.account(VENUE), state.account(FEES)
    before = account.positions.get(coin, Position())
    done = fill(before, side, size, price)
    if done.closed_pnl != Decimal(data["closedPnl"]):
        raise BrokenChain(f"a fill of {tx.user} realises {plain_trimmed(done.closed_pnl)}")
    account.add(USDC, EXACT.subtract(done.closed_pnl, fee))
    fees.add(USDC, fee)
    venue.add(USDC, done.closed_pnl.copy_negate())
    _mirror(venue, coin, before, done.position)
    _take_position(account, coin, before, done.position)


def _mirror(venue: Account, coin: str, before: Position, after: Position) -> None:
    held = venue.positions.get(coin, Position())
    size = EXACT.add(held.size, EXACT.subtract(before.size, after.size))
    cost = EXACT.add(held.cost, EXACT.subtract(before.cost, after.cost))
    venue.positions[coin] = Position(size, cost)


def _take_position(account: Account, coin: str, before: Position, after: Position) -> None:
    was = account.funding.get(coin, Funding())
    is_new = not before.size or before.size * after.size <= 0
    account.funding[coin] = Funding(was.all_time, ZERO if is_new else was.since_open, ZERO)
    if after.size:
        account.positions[coin] = after
    else:
        account.positions.pop(coin, None)


def _twap(state: State, tx: Transaction) -> None:
    try:
        twap_fold.apply(state.twaps, tx.type, tx.user, tx.order_id, tx.data)
    except twap_fold.Unfit as error:
        raise BrokenChain(str(error)) from error


# --- settings -----------------------------------------------------------------------------------
def _leverage(state: State, tx: Transaction) -> None:
    state.account(tx.user).leverage[tx.data["coin"]] = int(tx.data["leverage"])


def _agent(state: State, tx: Transaction) -> None:
    agents = state.account(tx.user).agents
    if tx.data["isApproved"]:
        agents[tx.data["agent"]] = tx.data["name"]
    else:
        agents.pop(tx.data["agent"], None)


def _nothing(state: State, tx: Transaction) -> None:
    """A fact that changes no balance: what it brings about are transactions of their own."""


def _order(state: State, tx: Transaction) -> Order:
    order = state.orders.get(tx.order_id)
    if order is None or order.user != tx.user:
        raise BrokenChain(f"{tx.user} has no open order {tx.order_id}")
    return order


def _above_zero(text: Any) -> Decimal:
    amount = Decimal(text)
    if amount <= 0:
        raise BrokenChain(f"an amount of {text}")
    return amount


def _put(amounts: dict[str, Decimal], asset: str, amount: Decimal) -> None:
    if amount < 0:
        raise BrokenChain(f"{asset} would fall to {amount}")
    if amount:
        amounts[asset] = amount
    else:
        amounts.pop(asset, None)


_ACTS = {
    DEPOSIT: _deposit,
    WITHDRAWAL: _withdrawal,
    TRANSFER: _transfer,
    SETTLEMENT: _settlement,
    FUNDING: _funding,
    INTEREST: _interest,
    ORDER_PLACED: _placed,
    ORDER_MODIFIED: _modified,
    ORDER_CANCELED: _canceled,
    ORDER_FILLED: _filled,
    LEVERAGE: _leverage,
    LIQUIDATION: _nothing,
    AGENT: _agent,
    **dict.fromkeys(twap_fold.TYPES, _twap),
}
_PARTNERS: dict[str, tuple[str, ...]] = {
    ORDER_FILLED: (VENUE, FEES),
    FUNDING: (VENUE,),
    INTEREST: (TREASURY,),
}
