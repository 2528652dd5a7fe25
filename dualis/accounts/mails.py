"""The two letters of this room. They leave after commit; one that cannot be sent is logged."""

from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from dualis.accounts.models import User

VERIFY_TEXT = """Please confirm the e-mail address of your Dualis account:

{link}

The link is valid for 24 hours. If you did not open an account, ignore this letter.
"""
RESET_TEXT = """Somebody, probably you, asked for a new password for your Dualis account:

{link}

The link is valid for one hour and works once. If it was not you, ignore this letter; your password
stays as it is.
"""


def send_verification(user: User, token: str) -> None:
    """Send the link that proves the address, once the transaction is committed."""
    _send(user, "Confirm your e-mail address", VERIFY_TEXT, "/verify-email", token)


def send_reset(user: User, token: str) -> None:
    """Send the link that sets a new password, once the transaction is committed."""
    _send(user, "Set a new password", RESET_TEXT, "/reset-password", token)


def _send(user: User, subject: str, text: str, path: str, token: str) -> None:
    link = f"{settings.PUBLIC_URL}{path}?{urlencode({'token': token})}"
    body = text.format(link=link)

    def send() -> None:
        send_mail(subject, body, None, [user.email])

    transaction.on_commit(send, robust=True)
