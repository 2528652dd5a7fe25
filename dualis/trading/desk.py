"""The locked rows of one act on the margin ledger, and how its transactions are appended.

Lock order: books by coin, accounts by name, the chain's head; then the first save. An act that
trades locks its books first, so that nobody else can trade with the same orders meanwhile.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from dualis import errors
from dualis.bulk import save_all
from dualis.lookups import Asked, built_once, read_all
from dualis.trading import blocks, chain, state
from dualis.trading.margin import OpenOrder
from dualis.trading.markets import MARKETS
from dualis.trading.marks import Marks
from dualis.trading.models import (
    BookState,
    ChainHead,
    Fill,
    LedgerTransaction,
    MarginAccount,
    MarginOrder,
    Rejection,
    active_orders,
    milliseconds,
    open_orders_of,
)
from dualis.trading.statuses import CANCELED
from dualis.writes import upsert_all


@dataclass(slots=True)
class Desk:
    """`ledger` is the fold's state of the locked accounts and of the orders taken to the desk."""

    now: datetime
    marks: Marks
    accounts: dict[str, MarginAccount]
    head: ChainHead
    ledger: state.State = field(default_factory=state.State)
    orders: dict[str, MarginOrder] = field(default_factory=dict)
    transactions: list[LedgerTransaction] = field(default_factory=list)
    fills: list[Fill] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # accounts
    known: str = ""  # the account of which all active orders are at the desk

    def take_orders(self, orders: Iterable[MarginOrder]) -> None:
        """Let the fold know of open orders of locked accounts."""
        for order in orders:
            self.orders[order.id] = order
            self.ledger.orders[order.id] = state.Order(
                order.account_id, order.coin, state.Side(order.side), order.size, {}
            )

    def post(self, type: str, user: str, data: Mapping[str, Any], order_id: str = "") -> str:
        """Apply a transaction and append it to the chain; return its hash."""
        value = state.Transaction(type, user, data, order_id)
        missing = state.touched(value) - self.accounts.keys()
        assert not missing, f"{missing} are changed without their lock"
        state.apply(self.ledger, value)
        self.changed |= state.touched(value)
        content = {
            "type": type,
            "user": user,
            "orderId": order_id,
            "timestamp": milliseconds(self.now),
            "block": self.head.block,
            "index": self.head.length,
            "data": data,
        }
        self.head.last_hash = chain.transaction_hash(self.head.last_hash, content)
        self.transactions.append(
            LedgerTransaction(
                hash=self.head.last_hash,
                block_number=self.head.block,
                tx_index=self.head.length,
                type=type,
                user=user,
                order_id=order_id,
                data=dict(data),
                at=self.now,
            )
        )
        self.head.length += 1
        return self.head.last_hash

    def set_status(self, order: MarginOrder, status: str) -> None:
        """Note what has become of an order at the desk."""
        order.status, order.status_at = status, self.now

    def end(self, order: MarginOrder, reason: str) -> None:
        """Cancel an active order; the caller saves it."""
        self.post(state.ORDER_CANCELED, order.account_id, {"reason": reason}, order.id)
        self.set_status(order, CANCELED)

    def _open_orders(self, name: str) -> list[OpenOrder]:
        own = (order for order in self.orders.values() if order.account_id == name)
        return [order.open_order for order in own if order.is_active]

    def save(self, *orders: MarginOrder) -> None:
        """Write the chain, these orders, fills, rejections and every account that changed."""
        save_all(self.transactions)
        save_all(orders)
        save_all(self.fills)
        save_all(self.rejections)
        told: list[MarginAccount] = []
        silent: list[MarginAccount] = []
        for name in sorted(self.changed):
            account = self.accounts[name]
            account.take(self.ledger.account(name))
            account.marks = self.marks
            (silent if account.is_system else told).append(account)
        orders_of = open_orders_of([one.name for one in told if one.name != self.known])
        for one in told:
            is_known = one.name == self.known
            one.known_orders = self._open_orders(one.name) if is_known else orders_of[one.name]
        save_all(told, silent=silent)
        if self.head.length >= blocks.FULL:
            blocks.seal(self.head, self.now)
        else:
            upsert_all([self.head])


def lock_books(coins: Iterable[str]) -> dict[str, BookState]:
    """Lock the books of these markets, by coin; make those that are missing."""
    return lock_and_read(coins)[0]


def lock_and_read(
    coins: Iterable[str], *asked: Asked[Any]
) -> tuple[dict[str, BookState], list[list[Any]]]:
    """Lock books as `lock_books` does, and read something under their locks in the same trip."""
    wanted = sorted(set(coins))
    assert all(coin in MARKETS for coin in wanted), "the caller has looked"
    if not wanted:
        return {}, read_all(*asked) if asked else []
    rows, *found = read_all(_books.of(*wanted), *asked)
    if len(rows) < len(wanted):
        new = [BookState(coin=coin) for coin in wanted]
        BookState.objects.bulk_create(new, ignore_conflicts=True)
        rows, *found = read_all(_books.of(*wanted), *asked)
    return {row.coin: row for row in rows}, found


@built_once
def _books(*coins: str) -> QuerySet[BookState]:
    return BookState.objects.select_for_update(no_key=True).filter(coin__in=coins).order_by("coin")


def open_desk(
    names: Iterable[str], now: datetime, marks: Marks | None = None, *, orders_of: str = ""
) -> Desk:
    """Lock these accounts, those of the ledger's own among them, and the head of the chain.

    The active orders of one of them are taken to the desk. All of its orders are known there then.
    AccountNotFound for an address without an account.
    """
    wanted = sorted(set(names))
    asked: list[Asked[Any]] = [_accounts.of(*wanted), _head.of()]
    if orders_of:
        asked.append(active_orders.of(orders_of))
    rows, heads, *orders = read_all(*asked)
    if len(rows) < len(wanted) or not heads:
        _make_missing(set(wanted) - {row.name for row in rows}, now)
        rows, heads, *orders = read_all(*asked)
    accounts = {row.name: row for row in rows}
    desk = Desk(now, marks or Marks.read(now), accounts, heads[0])
    for name, row in accounts.items():
        desk.ledger.accounts[name] = row.value
    for own in orders:
        desk.take_orders(own)
    desk.known = orders_of
    return desk


@built_once
def _accounts(*names: str) -> QuerySet[MarginAccount]:
    rows = MarginAccount.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(name__in=names).order_by("name")


@built_once
def _head() -> QuerySet[ChainHead]:
    return ChainHead.objects.select_for_update(no_key=True).filter(id=1)


def _make_missing(names: Iterable[str], now: datetime) -> None:
    """Make what belongs to the ledger and is not there yet; AccountNotFound for an address."""
    for name in sorted(names):
        if name not in state.SYSTEM:
            raise errors.AccountNotFound(address=name)
    MarginAccount._base_manager.bulk_create(
        [MarginAccount(name=name, opened_at=now) for name in sorted(names)], ignore_conflicts=True
    )
    ChainHead.objects.bulk_create([ChainHead(id=1)], ignore_conflicts=True)
