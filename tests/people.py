"""The accounts that tests of accounts use, and clients signed in as them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from rest_framework.test import APIClient

from dualis.accounts import login
from dualis.accounts.devices import Device
from dualis.accounts.issuing import Issued
from dualis.accounts.models import Role, User

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
PASSWORD = "Correct-Horse-7"
LAPTOP = Device(address="192.0.2.1", user_agent="Laptop/1.0")
PHONE = Device(address="192.0.2.2", user_agent="Phone/1.0")


def make_user(email: str = "ada@example.com", **fields: Any) -> User:
    return User.objects.create_user(email, PASSWORD, **({"created_at": NOW} | fields))


def make_staff(email: str = "staff@example.com") -> User:
    return User.objects.create_superuser(email, PASSWORD, role=Role.ADMIN)


def sign_in(user: User, device: Device = LAPTOP, *, now: datetime = NOW) -> Issued:
    return login.login(user.email, PASSWORD, device, now=now)


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)
