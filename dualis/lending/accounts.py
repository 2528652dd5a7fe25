"""A user's row of totals, and the positions it is made of."""

from datetime import datetime

from django.db.models import QuerySet

from dualis.exact import EXACT, plain_trimmed
from dualis.lending import figures
from dualis.lending.models import Account, BorrowPosition, CreditRating, SupplyPosition
from dualis.lending.terms import CreditTier
from dualis.lending.view import View
from dualis.lookups import built_once


def lock_account(user_id: str, now: datetime) -> Account:
    """Lock a user's account row; make it if it is missing."""
    found = locked_account(user_id)
    if not found:
        Account._base_manager.bulk_create(
            [Account(user_id=user_id, changed_at=now)], ignore_conflicts=True
        )
        found = locked_account(user_id)
    return found[0]


def publish_account(account: Account, view: View, now: datetime) -> None:
    """Tell the totals after an operation; the account row is always sent (rulings, 15)."""
    told(account, view, now).save()


def told(account: Account, view: View, now: datetime) -> Account:
    """Return the account, its totals at the prices of the view, ready to be saved."""
    account.view = view
    account.changed_at = now
    return account


def tier_of(user_id: str) -> CreditTier:
    """Return the credit tier that staff gave a user; Unrated without one."""
    rating = CreditRating.objects.filter(user_id=user_id).first()
    return CreditTier(rating.tier) if rating else CreditTier.UNRATED


def supply_position(user_id: str, pool_id: str) -> SupplyPosition | None:
    """Lock and return a user's open supply position in a pool."""
    return next(iter(locked_supply(user_id, pool_id)), None)


def borrow_position(user_id: str, position_id: str) -> BorrowPosition | None:
    """Lock and return one of a user's open borrow positions."""
    return next(iter(locked_borrow(user_id, position_id)), None)


@built_once
def locked_account(user_id: str) -> QuerySet[Account]:
    return Account.objects.select_for_update(no_key=True).filter(user_id=user_id)


@built_once
def locked_supply(user_id: str, pool_id: str) -> QuerySet[SupplyPosition]:
    rows = SupplyPosition.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(user_id=user_id, pool_id=pool_id, closed_at=None)


@built_once
def locked_borrow(user_id: str, position_id: str) -> QuerySet[BorrowPosition]:
    rows = BorrowPosition.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(user_id=user_id, id=position_id, closed_at=None)


def interest_accrued(user_id: str) -> list[dict[str, str]]:
    """Return by account what open positions earned or owe since the ledger last booked them.

    Signed as an entry of the account would be: earned above zero, owed below.
    """
    supplies = SupplyPosition.objects.filter(user_id=user_id, closed_at=None)
    borrows = BorrowPosition.objects.filter(user_id=user_id, closed_at=None)
    found = []
    for supply in supplies.select_related("pool"):
        earned = EXACT.subtract(figures.balance(supply, supply.pool), supply.booked)
        found.append((f"supply:{supply.id}", supply.pool.asset_id, earned))
    for borrow in borrows.select_related("pool"):
        charged = EXACT.subtract(borrow.booked, figures.debt(borrow, borrow.pool))
        found.append((f"debt:{borrow.id}", borrow.pool.asset_id, charged))
    return [
        {"account": account, "asset": asset, "amount": plain_trimmed(amount)}
        for account, asset, amount in found
        if amount
    ]
