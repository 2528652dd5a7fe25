"""A user's row of totals, and the positions it is made of."""

from datetime import datetime

from dualis.lending.models import Account, BorrowPosition, CreditRating, SupplyPosition
from dualis.lending.terms import CreditTier
from dualis.lending.view import View


def lock_account(user_id: str, now: datetime) -> Account:
    """Lock a user's account row; make it if it is missing."""
    Account._base_manager.bulk_create(
        [Account(user_id=user_id, changed_at=now)], ignore_conflicts=True
    )
    return Account.objects.select_for_update(no_key=True).get(user_id=user_id)


def publish_account(account: Account, view: View, now: datetime) -> None:
    """Tell the totals after an operation; the account row is always sent (rulings, 15)."""
    account.view = view
    account.changed_at = now
    account.save()


def tier_of(user_id: str) -> CreditTier:
    """Return the credit tier that staff gave a user; Unrated without one."""
    rating = CreditRating.objects.filter(user_id=user_id).first()
    return CreditTier(rating.tier) if rating else CreditTier.UNRATED


def supply_position(user_id: str, pool_id: str) -> SupplyPosition | None:
    """Lock and return a user's open supply position in a pool."""
    rows = SupplyPosition.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(user_id=user_id, pool_id=pool_id, closed_at=None).first()


def borrow_position(user_id: str, position_id: str) -> BorrowPosition | None:
    """Lock and return one of a user's open borrow positions."""
    rows = BorrowPosition.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(user_id=user_id, id=position_id, closed_at=None).first()
