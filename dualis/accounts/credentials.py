"""Whether an e-mail and a password belong together: the one path for REST, pages and admin.

An unknown address takes the same steps as a wrong password: guard, one look-up, one hash.
"""

from datetime import datetime

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password

from dualis import errors
from dualis.accounts import guard, hashing, users
from dualis.accounts.models import Status, User


def verify(email: str, password: str, *, address: str, now: datetime) -> User:
    """Return the user whose password this is, and who may sign in.

    AccountLocked, InvalidCredentials; after a right password AccountSuspended or
    AccountDeactivated. Call it outside transactions: a failure is committed, and hashing is slow.
    """
    email = users.normal(email)
    guard.admit(address, email, now=now)
    user = users.by_email(email)
    with hashing.place():
        # An unknown address takes as long as a real one.
        is_right = (
            user.check_password(password)
            if user
            else check_password(password, UNUSABLE_PASSWORD_PREFIX)
        )
    if user is None or not is_right:
        raise errors.InvalidCredentials()
    guard.clear(address, email)
    check_standing(user)
    return user


def lock_verified(user: User) -> User:
    """Lock a user that `verify` returned, and make sure that what it found still holds."""
    locked = users.lock(user.id)
    if locked.password != user.password:
        raise errors.InvalidCredentials()
    check_standing(locked)
    return locked


def check_standing(user: User) -> None:
    """Refuse a suspended or deactivated user."""
    match user.status:
        case Status.SUSPENDED:
            raise errors.AccountSuspended()
        case Status.DEACTIVATED:
            raise errors.AccountDeactivated()
