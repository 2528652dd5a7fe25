"""Orders, fills, rejections and what stands in the books; rows only, written by services alone."""

from typing import Any, ClassVar

from django.db import models

from dualis.exact import ZERO, plain_trimmed
from dualis.fields import ExactDecimalField
from dualis.published import Published, PublishedOnce
from dualis.trading import models as ledger
from dualis.trading.margin import OpenOrder
from dualis.trading.orderbook import Side
from dualis.trading.statuses import ACTIVE, OPEN, WAITING

SIDES = [(side.value, side.name.lower()) for side in Side]
LIMIT, MARKET, STOP_LIMIT, STOP_MARKET = "limit", "market", "stop_limit", "stop_market"


class MarginOrder(Published):
    """An order and what is left of it. `ticks` is its price as SQL compares it.

    `trigger_price` and `tpsl` are those of a trigger order, which waits for the mark.
    """

    CHANNEL: ClassVar[str] = "orderUpdates"

    id = models.CharField(primary_key=True, max_length=ledger.ORDER_ID_LENGTH)
    venue_oid = models.PositiveBigIntegerField(unique=True)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="orders"
    )
    account_id: str
    cloid = models.CharField(max_length=ledger.ORDER_ID_LENGTH, blank=True)
    coin = models.CharField(max_length=ledger.COIN_LENGTH)
    side = models.CharField(max_length=1, choices=SIDES)
    kind = models.CharField(max_length=12, default=LIMIT)
    tif = models.CharField(max_length=3, default="Gtc")
    price = ExactDecimalField(max_digits=28, decimal_places=8)
    ticks = models.BigIntegerField()
    original_size = ExactDecimalField(max_digits=28, decimal_places=8)
    size = ExactDecimalField(max_digits=28, decimal_places=8)
    is_reduce_only = models.BooleanField(default=False)
    trigger_price = ExactDecimalField(max_digits=28, decimal_places=8, null=True)
    tpsl = models.CharField(max_length=2, blank=True)
    is_position_tpsl = models.BooleanField(default=False)
    parent_id = models.CharField(max_length=ledger.ORDER_ID_LENGTH, blank=True)
    twap_id = models.CharField(max_length=ledger.ORDER_ID_LENGTH, blank=True)
    twap_slice = models.PositiveIntegerField(null=True)
    status = models.CharField(max_length=20, default=OPEN)
    status_at = models.DateTimeField()
    placed_at = models.DateTimeField()

    class Meta:
        ordering = ["-venue_oid"]
        indexes = [
            models.Index(fields=["coin", "status", "side", "ticks"], name="order_in_book"),
            models.Index(fields=["account", "status"], name="order_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {plain_trimmed(self.size)} {self.coin} of {self.account_id}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def open_order(self) -> OpenOrder:
        """Return the order as margin sees it; a trigger order that waits counts nothing."""
        size = ZERO if self.status == WAITING else self.size
        return OpenOrder(self.coin, Side(self.side), size, self.price, self.is_reduce_only)

    def is_open(self) -> bool:
        return self.is_active

    def stream_owner(self) -> str:
        return self.account_id

    def to_dict(self) -> dict[str, Any]:
        return {
            "order": {
                "coin": self.coin,
                "side": self.side,
                "limitPx": plain_trimmed(self.price),
                "sz": plain_trimmed(self.size),
                "oid": self.id,
                "venueOid": self.venue_oid,
                "timestamp": ledger.milliseconds(self.placed_at),
                "origSz": plain_trimmed(self.original_size),
                "cloid": self.cloid or None,
                "orderType": self.kind,
                "tif": self.tif,
                "isPositionTpsl": self.is_position_tpsl,
                "isTrigger": self.trigger_price is not None,
                "triggerCondition": self.tpsl,
                "triggerPx": ledger.text_or_none(self.trigger_price) or "0",
                "reduceOnly": self.is_reduce_only,
                "parentOrderId": self.parent_id or None,
                "twapOrderId": self.twap_id or None,
                "twapSliceIndex": self.twap_slice,
            },
            "status": self.status,
            "statusTimestamp": ledger.milliseconds(self.status_at),
        }


class Fill(PublishedOnce):
    """One side of a trade. `tid` is the venue's number of the trade, the same on both sides."""

    CHANNEL: ClassVar[str] = "userFills"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="fills"
    )
    account_id: str
    tid = models.PositiveBigIntegerField()
    order_id = models.CharField(max_length=ledger.ORDER_ID_LENGTH)
    venue_oid = models.PositiveBigIntegerField()
    coin = models.CharField(max_length=ledger.COIN_LENGTH)
    side = models.CharField(max_length=1, choices=SIDES)
    price = ExactDecimalField(max_digits=28, decimal_places=8)
    size = ExactDecimalField(max_digits=28, decimal_places=8)
    start_position = ExactDecimalField(max_digits=28, decimal_places=8)
    direction = models.CharField(max_length=12)
    closed_pnl = ExactDecimalField(decimal_places=6)
    fee = ExactDecimalField(decimal_places=6)
    is_taker = models.BooleanField()
    hash = models.CharField(max_length=ledger.HASH_LENGTH)
    forced = models.CharField(max_length=12, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "tid", "order_id"], name="a_fill_is_booked_once"
            )
        ]
        indexes = [models.Index(fields=["account", "-id"], name="fill_by_account")]

    def __str__(self) -> str:
        return f"{self.coin} {plain_trimmed(self.size)} at {plain_trimmed(self.price)}"

    def stream_key(self) -> str:
        return str(self.pk)

    def stream_owner(self) -> str:
        return self.account_id

    def to_dict(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "coin": self.coin,
            "px": plain_trimmed(self.price),
            "sz": plain_trimmed(self.size),
            "side": self.side,
            "time": ledger.milliseconds(self.at),
            "startPosition": plain_trimmed(self.start_position),
            "dir": self.direction,
            "closedPnl": plain_trimmed(self.closed_pnl),
            "hash": self.hash,
            "oid": self.venue_oid,
            "orderId": self.order_id,
            "crossed": self.is_taker,
            "fee": plain_trimmed(self.fee),
            "tid": self.tid,
            "feeToken": "USDC",
        }
        return shown | ({"forcedClosureType": self.forced} if self.forced else {})


class Rejection(PublishedOnce):
    """An order that was not taken: why, for people and for programs."""

    CHANNEL: ClassVar[str] = "userOrderRejections"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="rejections"
    )
    account_id: str
    order_id = models.CharField(max_length=ledger.ORDER_ID_LENGTH)
    coin = models.CharField(max_length=ledger.COIN_LENGTH)
    reason = models.CharField(max_length=200)
    code = models.CharField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.code} for {self.account_id}"

    def stream_owner(self) -> str:
        return self.account_id

    def to_dict(self) -> dict[str, Any]:
        return {
            "orderId": self.order_id,
            "coin": self.coin,
            "reason": self.reason,
            "code": self.code,
            "timestamp": ledger.milliseconds(self.at),
        }


class LeverageSetting(Published):
    """The leverage that an account chose in a market."""

    CHANNEL: ClassVar[str] = "activeAssetData"

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="leverages"
    )
    account_id: str
    coin = models.CharField(max_length=ledger.COIN_LENGTH)
    leverage = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "coin"], name="one_leverage_a_market")
        ]

    def __str__(self) -> str:
        return f"{self.leverage}x {self.coin} of {self.account_id}"

    def stream_key(self) -> str:
        return f"{self.account_id}:{self.coin}"

    def stream_owner(self) -> str:
        return self.account_id

    def stream_dims(self) -> tuple[str, ...]:
        return (self.coin,)

    def to_dict(self) -> dict[str, Any]:
        return {"user": self.account_id, "coin": self.coin, "leverage": self.leverage}


class BookState(models.Model):
    """A market's book beside the users' orders: what simulated makers quote. Locked to trade.

    `quotes` are [maker, side, price, size left], best first, as of `quoted_at`.
    """

    coin = models.CharField(primary_key=True, max_length=ledger.COIN_LENGTH)
    quotes = models.JSONField(default=list)
    quoted_at = models.DateTimeField(null=True)
    funding_at = models.DateTimeField(null=True)
    last_price = ExactDecimalField(max_digits=28, decimal_places=8, null=True)

    class Meta:
        ordering = ["coin"]

    def __str__(self) -> str:
        return f"book of {self.coin}"


class PollCursor(models.Model):
    """How far an account's fills of a venue have been read: milliseconds of the venue's clock."""

    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="cursors"
    )
    account_id: str
    venue = models.CharField(max_length=16)
    since_ms = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "venue"], name="one_cursor_a_venue")
        ]

    def __str__(self) -> str:
        return f"{self.venue} of {self.account_id}"


class PollerState(models.Model):
    """One row: the switch of the fills poller, and how it has fared."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    is_enabled = models.BooleanField(default=True)
    after = models.CharField(max_length=ledger.ADDRESS_LENGTH, blank=True)  # the account asked last
    last_attempt_at = models.DateTimeField(null=True)
    last_success_at = models.DateTimeField(null=True)
    resume_at = models.DateTimeField(null=True)
    errors = models.PositiveIntegerField(default=0)  # in a row
    last_error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return "fills poller"


class Withdrawal(models.Model):
    """A withdrawal by the hash of the transaction that asked for it."""

    id = models.CharField(primary_key=True, max_length=ledger.HASH_LENGTH)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="withdrawals"
    )
    account_id: str
    asset = models.CharField(max_length=ledger.COIN_LENGTH)
    amount = ExactDecimalField()
    destination = models.CharField(max_length=ledger.ADDRESS_LENGTH)
    status = models.CharField(max_length=12)
    requested_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-requested_at", "id"]
        indexes = [models.Index(fields=["status", "requested_at"], name="withdrawal_due")]

    def __str__(self) -> str:
        return f"{plain_trimmed(self.amount)} {self.asset} of {self.account_id}"


class Agent(models.Model):
    """An address that signs for an account."""

    address = models.CharField(primary_key=True, max_length=ledger.ADDRESS_LENGTH)
    account = models.ForeignKey(
        ledger.MarginAccount, on_delete=models.PROTECT, related_name="signers"
    )
    account_id: str

    def __str__(self) -> str:
        return f"{self.address} for {self.account_id}"


class UsedNonce(models.Model):
    """A nonce that a signer has used: it signs nothing else."""

    id = models.BigAutoField(primary_key=True)
    signer = models.CharField(max_length=ledger.ADDRESS_LENGTH)
    nonce = models.PositiveBigIntegerField()
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["signer", "nonce"], name="a_nonce_once")]

    def __str__(self) -> str:
        return f"{self.signer} {self.nonce}"
