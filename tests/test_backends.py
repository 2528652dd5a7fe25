"""Django's `authenticate()` goes through our guard."""

from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory

from dualis.accounts.backends import AccountBackend
from dualis.accounts.models import LoginGuard, Status, User
from tests.people import PASSWORD, make_user

pytestmark = pytest.mark.django_db


def test_right_password_signs_in_by_either_name_without_a_request():
    user = make_user()
    assert authenticate(None, username="Ada@example.com", password=PASSWORD) == user
    assert authenticate(None, email="ada@example.com", password=PASSWORD) == user


def test_failures_lock_the_pair_of_the_requests_address():
    make_user()
    request: Any = RequestFactory().post("/admin/login/")
    request.address = "192.0.2.1"
    for _ in range(8):
        assert authenticate(request, username="ada@example.com", password="Wrong") is None
    assert authenticate(request, username="ada@example.com", password=PASSWORD) is None
    assert LoginGuard.objects.get().address == "192.0.2.1"
    assert authenticate(None, username="ada@example.com", password=PASSWORD)


@pytest.mark.parametrize("credentials", [{}, {"username": "ada@example.com"}, {"password": "x"}])
def test_missing_credentials_are_nobody_and_count_nothing(credentials):
    assert AccountBackend().authenticate(None, **credentials) is None
    assert not LoginGuard.objects.exists()


def test_cookie_of_an_inactive_user_stands_for_nobody():
    user = make_user()
    assert AccountBackend().get_user(user.pk) == user
    User.objects.update(status=Status.SUSPENDED)
    assert AccountBackend().get_user(user.pk) is None
