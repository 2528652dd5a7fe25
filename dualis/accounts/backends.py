"""Django's door to our credentials, so that `authenticate()` has the same guard and hasher."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.utils import timezone

from dualis import errors
from dualis.accounts import credentials
from dualis.accounts.devices import Device
from dualis.accounts.models import User


class AccountBackend(ModelBackend):
    """Signs in by e-mail; permissions are Django's. An inactive user's cookie stands for nobody."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or None for every refusal; call it outside transactions."""
        email = username if username is not None else kwargs.get("email")
        if email is None or password is None:
            return None
        try:
            return credentials.verify(
                email, password, address=Device.of(request).address, now=timezone.now()
            )
        except errors.DomainError:
            return None
