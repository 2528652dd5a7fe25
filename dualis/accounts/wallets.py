"""What users hold: locking, moving, deposits and withdrawals by staff, the development faucet.

1. A wallet changes only under its lock, and its leg is posted in the same transaction.
2. The wallets of one operation are locked in one call, by user and asset; so no two wait in a ring.
3. A wallet is written by `save` alone: voting power follows it there (`votes`), in one transaction.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import reduce
from math import ceil
from operator import or_

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet

from dualis import errors
from dualis.accounts import audit, ledger, users, votes
from dualis.accounts.ledger import OUTSIDE, Leg
from dualis.accounts.models import User
from dualis.accounts.money import Movement, Wallet
from dualis.exact import EXACT, plain_trimmed
from dualis.lookups import Asked, built_once
from dualis.writes import update

DEPOSIT = "deposit"
WITHDRAWAL = "withdrawal"
FAUCET = "faucet"
FAUCET_EVERY = timedelta(hours=24)
# Dualis 9: the demo wallet
FAUCET_AMOUNTS = {
    "CC": Decimal(10_000),
    "USDC": Decimal(100_000),
    "ETH": Decimal(50),
    "wBTC": Decimal(2),
}
_MOST = Decimal(10) ** 18  # of one booking; a wallet holds 10^20


def account_of(user_id: str) -> str:
    """Return the ledger's account of a user's wallets."""
    return f"wallet:{user_id}"


def lock(pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Wallet]:
    """Lock the wallets of these (user id, asset) until the transaction ends; make missing ones.

    A missing one is made when those that exist are locked, and then all are locked in order again.
    """
    assert connection.in_atomic_block, "a lock lasts as long as its transaction"
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    return found_or_made(wanted, asked(wanted).read())


def asked(pairs: Iterable[tuple[str, str]]) -> Asked[Wallet]:
    """Return what `lock` reads, to be read in one trip with other locks; then `found_or_made`."""
    return _locked.of(*(text for pair in sorted(set(pairs)) for text in pair))


def found_or_made(
    pairs: Iterable[tuple[str, str]], rows: Iterable[Wallet]
) -> dict[tuple[str, str], Wallet]:
    """Return what `lock` does of the locked ones among these wallets."""
    wanted = sorted(set(pairs))
    found = {(row.user_id, row.asset): row for row in rows}
    missing = [Wallet(user_id=pair[0], asset=pair[1]) for pair in wanted if pair not in found]
    if missing:
        Wallet.objects.bulk_create(missing, ignore_conflicts=True)
        found = {(row.user_id, row.asset): row for row in asked(wanted).read()}
    return found


@built_once
def _locked(*texts: str) -> QuerySet[Wallet]:
    """Lock by user and asset; `texts` are user, asset, user, asset ..."""
    pairs = zip(texts[::2], texts[1::2], strict=True)
    these = reduce(or_, (Q(user_id=user_id, asset=asset) for user_id, asset in pairs))
    return Wallet.objects.select_for_update(no_key=True).filter(these).order_by("user_id", "asset")


def move(wallet: Wallet, amount: Decimal) -> Leg:
    """Add a signed amount to a locked wallet, in memory; return the leg to post.

    The caller saves the wallet (`save`). InsufficientBalance if it would fall below zero.
    """
    after = EXACT.add(wallet.amount, amount)
    if after < 0:
        raise errors.InsufficientBalance(
            asset=wallet.asset,
            available=plain_trimmed(wallet.amount),
            required=plain_trimmed(-amount),
        )
    wallet.amount, wallet.is_moved = after, True
    return Leg(account_of(wallet.user_id), wallet.asset, amount, wallet.user_id)


def save(*locked: Wallet, now: datetime | None = None) -> None:
    """Write the amounts of the locked wallets that were moved; of one operation in one call.

    DUAL votes: its wallets need `now`, and the rows of voting power are locked here.
    """
    changed = [wallet for wallet in locked if wallet.is_moved]
    for wallet in changed:
        update(wallet, "amount")
        wallet.is_moved = False
    dual = {wallet.user_id: wallet.amount for wallet in changed if wallet.asset == votes.DUAL}
    if dual:
        assert now is not None, "DUAL wallets are saved with the time of the operation"
        votes.set_liquid(dual, now=now)


def balances(user_id: str) -> list[Wallet]:
    """Return the wallets of a user by asset, empty ones included."""
    return list(Wallet.objects.filter(user_id=user_id).order_by("asset"))


def deposit(
    user_id: str,
    asset: str,
    amount: Decimal,
    *,
    places: int,
    actor: User,
    address: str,
    now: datetime,
    memo: str = "",
) -> Movement:
    """Book what a user paid in, audited (rulings, 31). `places` are the asset's decimals.

    Forbidden to oneself; NotFound if there is no user; ValidationError for an amount that is not
    above zero or has more places.
    """
    return _book(DEPOSIT, 1, user_id, asset, amount, places, actor, address, now, memo)


def withdraw(
    user_id: str,
    asset: str,
    amount: Decimal,
    *,
    places: int,
    actor: User,
    address: str,
    now: datetime,
    memo: str = "",
) -> Movement:
    """Book what a user was paid out, audited; refusals as of `deposit`, and InsufficientBalance."""
    return _book(WITHDRAWAL, -1, user_id, asset, amount, places, actor, address, now, memo)


@transaction.atomic
def faucet(user_id: str, now: datetime) -> Movement:
    """Give a user the demo money, once in 24 h. Locks the user.

    FaucetUsed within the 24 h; Forbidden in production.
    """
    if settings.IS_PRODUCTION:
        raise errors.Forbidden()
    users.lock(user_id)
    recent = Movement.objects.filter(user_id=user_id, at__gt=now - FAUCET_EVERY, kind=FAUCET)
    last = recent.order_by("-at").first()
    if last is not None:
        wait = last.at + FAUCET_EVERY - now
        raise errors.FaucetUsed(retryAfter=ceil(wait.total_seconds()))
    legs = []
    for (_, asset), wallet in lock((user_id, asset) for asset in FAUCET_AMOUNTS).items():
        amount = FAUCET_AMOUNTS[asset]
        legs += [Leg(OUTSIDE, asset, -amount), move(wallet, amount)]
        save(wallet, now=now)
    return ledger.post(FAUCET, legs, now=now, user_id=user_id)


@transaction.atomic
def _book(
    kind: str,
    sign: int,
    user_id: str,
    asset: str,
    amount: Decimal,
    places: int,
    actor: User,
    address: str,
    now: datetime,
    memo: str,
) -> Movement:
    if user_id == actor.id:
        raise errors.Forbidden()
    _require_amount(amount, places)
    users.lock(user_id)
    wallet = lock([(user_id, asset)])[user_id, asset]
    legs = [move(wallet, sign * amount), Leg(OUTSIDE, asset, -sign * amount)]
    save(wallet, now=now)
    movement = ledger.post(kind, legs, now=now, memo=memo, user_id=actor.id)
    details = {
        "movement": movement.id,
        "asset": asset,
        "amount": plain_trimmed(amount),
        "memo": memo,
    }
    audit.record(actor.id, kind, user_id, now=now, details=details, address=address)
    return movement


def _require_amount(amount: Decimal, places: int) -> None:
    """Raise ValidationError unless the amount is above zero and has no more than these places."""
    if not amount.is_finite() or not 0 < amount < _MOST:
        raise errors.ValidationError({"amount": ["must be above 0 and below 10^18."]})
    if amount != EXACT.quantize(amount, Decimal(1).scaleb(-places)):
        raise errors.ValidationError({"amount": [f"has at most {places} decimals."]})
