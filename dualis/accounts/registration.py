"""How an account begins: registration and the proof of its e-mail address."""

from datetime import datetime

from django.db import IntegrityError, transaction

from dualis import errors
from dualis.accounts import account_tokens, hashing, mails, passwords, sessions, users
from dualis.accounts.devices import Device
from dualis.accounts.issuing import Issued, issue
from dualis.accounts.models import Purpose, Role, SessionKind, Status, User


def register(
    email: str, password: str, device: Device, *, now: datetime, display_name: str = ""
) -> Issued:
    """Open a retail account, active at once, sign it in and send the verification letter.

    EmailAlreadyExists, PasswordTooWeak.
    """
    user = User(
        email=users.normal(email),
        display_name=display_name,
        role=Role.RETAIL,
        status=Status.ACTIVE,
        created_at=now,
    )
    passwords.check_strength(password, user)
    if users.by_email(user.email) is not None:
        raise errors.EmailAlreadyExists()
    with hashing.place():
        user.set_password(password)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            token = account_tokens.issue(user, Purpose.VERIFY_EMAIL, now=now)
            mails.send_verification(user, token)
            session = sessions.open_session(user, device, kind=SessionKind.API, now=now)
    except IntegrityError as error:  # the same address registered between look-up and insert
        raise errors.EmailAlreadyExists() from error
    return issue(session, now=now)


@transaction.atomic
def verify_email(token: str, *, now: datetime) -> User:
    """Mark the address as proven by the token of a letter. TokenInvalid, TokenExpired."""
    user = users.lock(account_tokens.holder(token, Purpose.VERIFY_EMAIL, now=now).id)
    account_tokens.consume(token, Purpose.VERIFY_EMAIL, now=now)
    user.email_verified_at = now
    user.save(update_fields=["email_verified_at"])
    return user
