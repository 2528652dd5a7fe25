"""The demo users."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from dualis.accounts import demo
from dualis.accounts.models import User
from tests.people import NOW, later

pytestmark = pytest.mark.django_db


def test_demo_users_can_sign_in_and_are_verified():
    users = demo.make_demo_users(NOW)
    assert {email: user.role for email, user in users.items()} == {
        "demo@dualis.finance": "retail",
        "supplier@dualis.finance": "retail",
        "trader@dualis.finance": "retail",
        "institutional@dualis.finance": "institutional",
        "admin@dualis.finance": "admin",
    }
    assert all(user.email_verified_at == NOW for user in users.values())
    assert users["demo@dualis.finance"].check_password("Demo1234!")
    admin = users["admin@dualis.finance"]
    assert admin.check_password("Admin1234!")
    assert admin.is_staff and admin.has_perm("accounts.change_user")
    assert not users["demo@dualis.finance"].is_staff


def test_making_them_again_changes_nothing():
    demo.make_demo_users(NOW)
    before = list(User.objects.values())
    again = demo.make_demo_users(later(days=1))
    assert list(User.objects.values()) == before
    assert len(again) == 5


def test_production_has_none(settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(ImproperlyConfigured):
        demo.make_demo_users(NOW)
    assert not User.objects.exists()
