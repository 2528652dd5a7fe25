"""Finding and locking users. Knows nothing of passwords or sessions."""

from dualis import errors
from dualis.accounts.models import User

MAX_LENGTH = 254


def by_email(email: str) -> User | None:
    """Return the user with this address, in whatever case it is written."""
    return User.objects.filter(email=normal(email)).first()


def normal(email: str) -> str:
    """Return an address as it is stored, looked up and counted: trimmed, in lower case.

    Lower case can be longer: what then fits no column is a ValidationError.
    """
    address = User.objects.normalize_email(email)
    if len(address) > MAX_LENGTH:
        raise errors.ValidationError({"email": [f"has at most {MAX_LENGTH} characters."]})
    return address


def lock(user_id: str) -> User:
    """Lock and return a user: the first lock of all that changes accounts. NotFound if none."""
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise errors.NotFound(what="user", id=user_id)
    return user
