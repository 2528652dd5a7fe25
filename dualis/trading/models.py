"""The margin ledger's rows: chain, accounts, orders, fills, rejections. Written by services alone.

1. A transaction is appended; accounts and orders are what `state.apply` makes of all of them.
2. Rows are published on the Notional channels, under the address they belong to.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from dualis.exact import ZERO, plain_trimmed
from dualis.fields import ExactDecimalField
from dualis.published import Published, PublishedOnce, Told
from dualis.trading import chain, state, summary
from dualis.trading.margin import OpenOrder
from dualis.trading.marks import Marks
from dualis.trading.positions import Position
from dualis.trading.statuses import ACTIVE

ADDRESS_LENGTH = 132  # 0x and up to 128 digits, or the name of an account of the ledger's own
COIN_LENGTH = 16
HASH_LENGTH = 66
ORDER_ID_LENGTH = 34  # 0x and 32 digits


class ChainHead(models.Model):
    """One row: where the chain stands. Locked by whoever appends to it, until the commit."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    block = models.PositiveBigIntegerField(default=1)  # the number of the block that is open
    length = models.PositiveIntegerField(default=0)  # of the open block
    parent_hash = models.CharField(max_length=HASH_LENGTH, default=chain.GENESIS)  # last block's
    last_hash = models.CharField(max_length=HASH_LENGTH, default=chain.GENESIS)  # transaction's
    interest_at = models.DateTimeField(null=True)  # the hour that was charged last
    next_tid = models.PositiveBigIntegerField(default=1)
    next_oid = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return f"block {self.block}, {self.length} transactions"


class Block(PublishedOnce):
    """A sealed block: the header alone."""

    CHANNEL: ClassVar[str] = "newBlocks"

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    transaction_count = models.PositiveIntegerField()
    hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    parent_hash = models.CharField(max_length=HASH_LENGTH)

    class Meta:
        ordering = ["-number"]

    def __str__(self) -> str:
        return f"block {self.number}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "blockNumber": self.number,
            "timestamp": milliseconds(self.at),
            "transactionCount": self.transaction_count,
            "blockHash": self.hash,
        }


class LedgerTransaction(PublishedOnce):
    """A transaction in its place in the chain. Two channels tell it: everybody's and the user's."""

    CHANNEL: ClassVar[str] = "newTransactions"

    id = models.BigAutoField(primary_key=True)
    hash = models.CharField(max_length=HASH_LENGTH, unique=True)
    block_number = models.PositiveBigIntegerField()
    tx_index = models.PositiveIntegerField()
    type = models.CharField(max_length=24)
    user = models.CharField(max_length=ADDRESS_LENGTH)
    order_id = models.CharField(max_length=ORDER_ID_LENGTH, blank=True)
    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["block_number", "tx_index"], name="one_place_each")
        ]
        indexes = [models.Index(fields=["user", "-id"], name="transaction_by_user")]

    def __str__(self) -> str:
        return f"{self.type} {self.hash}"

    @property
    def value(self) -> state.Transaction:
        return state.Transaction(self.type, self.user, self.data, self.order_id)

    def stream_key(self) -> str:
        return self.hash

    def faces(self) -> Sequence[Told]:
        return (self,) if self.user in state.SYSTEM else (self, UserTransaction(self))

    def to_dict(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "transactionId": self.hash,
            "type": self.type,
            "timestamp": milliseconds(self.at),
            "blockNumber": self.block_number,
            "txIndex": self.tx_index,
            "data": {},  # notional 4.5: valid in both generations; the whole is for REST
        }
        return shown | ({"orderId": self.order_id} if self.order_id else {})


class UserTransaction:
    """The face of a transaction on the channel of its user."""

    CHANNEL: ClassVar[str] = "userTransactions"

    def __init__(self, row: LedgerTransaction) -> None:
        self._row = row

    def stream_key(self) -> str:
        return self._row.hash

    def stream_owner(self) -> str:
        return self._row.user

    def stream_dims(self) -> tuple[str, ...]:
        return ()

    def to_dict(self) -> dict[str, Any]:
        return self._row.to_dict()


class MarginAccount(Published):
    """An account by its address (lower case), or one of the ledger's own by its name."""

    CHANNEL: ClassVar[str] = "accountSummary"

    name = models.CharField(primary_key=True, max_length=ADDRESS_LENGTH)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="margin_account"
    )
    is_simulated = models.BooleanField(default=False)
    opened_at = models.DateTimeField()

    usdc = ExactDecimalField(default=ZERO, decimal_places=6)
    assets = models.JSONField(default=dict)  # asset -> amount, exact text
    hold = models.JSONField(default=dict)
    positions = models.JSONField(default=dict)  # coin -> [size, cost], exact texts
    funding = models.JSONField(default=dict)  # coin -> [all time, since open, since change]
    leverage = models.JSONField(default=dict)
    interest_paid = ExactDecimalField(default=ZERO, decimal_places=6)
    agents = models.JSONField(default=dict)

    class Meta:
        ordering = ["name"]

    marks: Marks | None = None  # given by a service; read where they are not

    def __str__(self) -> str:
        return self.name

    @property
    def is_system(self) -> bool:
        return self.name in state.SYSTEM

    @property
    def value(self) -> state.Account:
        """Return the account as the fold sees it."""
        return state.Account(
            usdc=self.usdc,
            assets={k: Decimal(v) for k, v in self.assets.items()},
            hold={k: Decimal(v) for k, v in self.hold.items()},
            positions={
                k: Position(Decimal(size), Decimal(cost))
                for k, (size, cost) in self.positions.items()
            },
            funding={k: state.Funding(*map(Decimal, v)) for k, v in self.funding.items()},
            leverage=dict(self.leverage),
            interest_paid=self.interest_paid,
            agents=dict(self.agents),
        )

    def take(self, account: state.Account) -> None:
        """Take over what the fold made of the account; the caller saves."""
        self.usdc, self.interest_paid = account.usdc, account.interest_paid
        self.assets = {k: format(v, "f") for k, v in account.assets.items()}
        self.hold = {k: format(v, "f") for k, v in account.hold.items()}
        self.positions = {
            k: [format(p.size, "f"), format(p.cost, "f")] for k, p in account.positions.items()
        }
        self.funding = {
            k: [format(x, "f") for x in (f.all_time, f.since_open, f.since_change)]
            for k, f in account.funding.items()
        }
        self.leverage, self.agents = dict(account.leverage), dict(account.agents)

    def open_orders(self) -> list[OpenOrder]:
        """Return the active orders as margin sees them."""
        rows = MarginOrder.objects.filter(account_id=self.name, status__in=ACTIVE)
        return [row.open_order for row in rows]

    def stream_owner(self) -> str:
        return self.name

    def stream_key(self) -> str:
        return "account"

    def faces(self) -> Sequence[Told]:
        return () if self.is_system else (self,)

    def to_dict(self) -> dict[str, Any]:
        marks = self.marks or Marks.read()
        return summary.summary(self.value, marks.prices, self.open_orders(), marks.frozen)


# Django finds the models of an app in this module alone.
from dualis.trading.order_models import (  # noqa: E402
    Agent,
    BookState,
    Fill,
    LeverageSetting,
    MarginOrder,
    PollCursor,
    PollerState,
    Rejection,
    UsedNonce,
    Withdrawal,
)

__all__ = [
    "Agent",
    "Block",
    "BookState",
    "ChainHead",
    "Fill",
    "LedgerTransaction",
    "LeverageSetting",
    "MarginAccount",
    "MarginOrder",
    "PollCursor",
    "PollerState",
    "Rejection",
    "UsedNonce",
    "Withdrawal",
]


def milliseconds(moment: Any) -> int:
    """Return a moment as the wire writes it: milliseconds since the epoch."""
    return int(moment.timestamp() * 1000)


def text_or_none(value: Decimal | None) -> str | None:
    """Return a decimal as the wire writes it, or null."""
    return None if value is None else plain_trimmed(value)
