"""Wallets, and the double-entry ledger of every movement of money; rows only.

1. The entries of a movement sum to zero in each asset, exactly.
2. Movements and entries are appended, never changed: that makes the ledger its own journal. They
   are private and stay out of the stream's journal, whose channels are public or a position's.
3. A wallet's amount is the sum of the entries of its account.
"""

from typing import Any, NoReturn

from django.conf import settings
from django.db import models

from dualis.exact import ZERO, plain_trimmed
from dualis.fields import ExactDecimalField
from dualis.identifiers import public_id
from dualis.timestamps import iso

ASSET_LENGTH = 16  # as the oracle's symbols
ACCOUNT_LENGTH = 80
KIND_LENGTH = 32
REFERENCE_LENGTH = 64
MEMO_LENGTH = 200


def new_movement_id() -> str:
    return public_id("mov")


class AppendedQuerySet(models.QuerySet[Any]):
    """A query set that only reads and appends."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"rows of {self.model.__name__} are appended, never changed or deleted")

    update = aupdate = _refuse
    bulk_update = abulk_update = _refuse
    delete = adelete = _refuse


class Appended(models.Model):
    """A row that is written once."""

    objects = AppendedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError(f"{self!r} is written and stays as it is")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError(f"{self!r} is written and stays")


class Wallet(models.Model):
    """What a user holds of one asset, never below zero. Locked before it is changed.

    Not published: `positions` tells a user of the money he has lent and borrowed.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="wallets", db_index=False
    )
    asset = models.CharField(max_length=ASSET_LENGTH)
    amount = ExactDecimalField(default=ZERO)

    is_moved = False  # in memory, and not written yet

    class Meta:
        ordering = ["user", "asset"]
        constraints = [
            models.UniqueConstraint(fields=["user", "asset"], name="one_wallet_per_asset")
        ]

    def __str__(self) -> str:
        return f"{self.asset} of {self.user_id}"

    def to_dict(self) -> dict[str, Any]:
        return {"asset": self.asset, "amount": plain_trimmed(self.amount)}


class Movement(Appended):
    """One thing that happened to money. `user` is who did it; null is the market itself."""

    id = models.CharField(primary_key=True, max_length=32, default=new_movement_id, editable=False)
    kind = models.CharField(max_length=KIND_LENGTH)
    at = models.DateTimeField(db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="movements",
        db_index=False,
    )
    reference = models.CharField(max_length=REFERENCE_LENGTH, blank=True)
    memo = models.CharField(max_length=MEMO_LENGTH, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["user", "-at"], name="movement_by_user")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    def receipt(self) -> dict[str, Any]:
        """Return the envelope's `transaction`: what is committed here is confirmed."""
        return {"id": self.id, "status": "confirmed", "timestamp": iso(self.at)}


class Entry(Appended):
    """One leg of a movement: `amount` of an asset came to an account, or left it if negative.

    `account` is a path such as `wallet:usr_1` or `pool:usdc-main`; `owner` is whose statement shows
    the entry.
    """

    movement = models.ForeignKey(
        Movement, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    account = models.CharField(max_length=ACCOUNT_LENGTH)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="entries",
        db_index=False,
    )
    asset = models.CharField(max_length=ASSET_LENGTH)
    amount = ExactDecimalField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "entries"
        indexes = [
            # Not by the foreign key, which on PostgreSQL would bring a second one for LIKE.
            models.Index(fields=["movement"], name="entry_movement"),
            models.Index(fields=["owner", "-id"], name="entry_statement"),
            models.Index(fields=["account", "asset"], name="entry_balance"),
        ]

    def __str__(self) -> str:
        return f"{plain_trimmed(self.amount)} {self.asset} on {self.account}"

    def to_dict(self) -> dict[str, Any]:
        """Return the line of a statement; reads the movement."""
        return {
            "id": str(self.pk),
            "movementId": self.movement_id,
            "type": self.movement.kind,
            "account": self.account,
            "asset": self.asset,
            "amount": plain_trimmed(self.amount),
            "reference": self.movement.reference or None,
            "memo": self.movement.memo or None,
            "at": iso(self.at),
        }
