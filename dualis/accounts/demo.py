"""The demo users. Their passwords are published, so production has none."""

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from dualis.accounts.models import Role, User

PASSWORD = "Demo1234!"
STAFF_PASSWORD = "Admin1234!"
DEMO_USERS = {
    "demo@dualis.finance": ("Demo", Role.RETAIL),
    "supplier@dualis.finance": ("Supplier", Role.RETAIL),
    "trader@dualis.finance": ("Trader", Role.RETAIL),
    "institutional@dualis.finance": ("Institution", Role.INSTITUTIONAL),
    "admin@dualis.finance": ("Staff", Role.ADMIN),
}


def make_demo_users(now: datetime) -> dict[str, User]:
    """Make the demo users that are missing; return all by e-mail. Refuses in production."""
    if settings.IS_PRODUCTION:
        raise ImproperlyConfigured("demo users have published passwords and are for development")
    found = {user.email: user for user in User.objects.filter(email__in=DEMO_USERS)}
    missing = [
        _demo_user(email, name, role, now)
        for email, (name, role) in DEMO_USERS.items()
        if email not in found
    ]
    with transaction.atomic():
        for user in missing:
            user.save(force_insert=True)
    return found | {user.email: user for user in missing}


def _demo_user(email: str, name: str, role: Role, now: datetime) -> User:
    is_admin = role == Role.ADMIN
    user = User(
        email=email,
        display_name=name,
        role=role,
        is_superuser=is_admin,
        email_verified_at=now,
        created_at=now,
    )
    user.set_password(STAFF_PASSWORD if is_admin else PASSWORD)
    return user
