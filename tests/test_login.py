"""Signing in: the session it opens and whom it tells."""

from unittest.mock import patch

import pytest

from dualis import errors
from dualis.accounts import credentials, login, passwords, registration
from dualis.accounts.devices import Device
from dualis.accounts.models import Session, User
from dualis.notifications.models import Notification
from tests.people import LAPTOP, NOW, PASSWORD, PHONE, later, make_user, sign_in

pytestmark = pytest.mark.django_db


def notices() -> list[str]:
    return list(Notification.objects.values_list("type", flat=True).order_by("created_at"))


def test_login_opens_an_api_session_for_a_week():
    user = make_user()
    issued = sign_in(user)
    session = Session.objects.get()
    assert (session.user_id, session.kind, session.scope) == (user.id, "api", "full")
    assert (session.address, session.user_agent) == (LAPTOP.address, LAPTOP.user_agent)
    assert issued.expires_at == session.expires_at == later(days=7)
    assert User.objects.get().last_login == NOW


def test_first_log_in_after_registration_is_no_news():
    registration.register("ada@example.com", PASSWORD, LAPTOP, now=NOW)
    sign_in(User.objects.get(), PHONE, now=later(minutes=1))
    assert notices() == []


def test_log_in_from_an_unseen_device_is_told_once():
    user = make_user()
    sign_in(user, LAPTOP)
    sign_in(user, PHONE, now=later(hours=2))
    sign_in(user, PHONE, now=later(hours=4))
    assert notices() == ["NEW_LOGIN_DEVICE"]
    notice = Notification.objects.get()
    assert notice.data == {"address": PHONE.address, "userAgent": PHONE.user_agent}


def test_two_unseen_devices_within_the_hour_are_told_both():
    user = make_user()
    sign_in(user, LAPTOP)
    sign_in(user, PHONE, now=later(minutes=1))
    sign_in(user, Device("192.0.2.3", "Tablet/1.0"), now=later(minutes=2))
    assert notices() == ["NEW_LOGIN_DEVICE", "NEW_LOGIN_DEVICE"]


def test_known_device_is_news_again_after_30_days():
    user = make_user()
    sign_in(user, LAPTOP)
    sign_in(user, LAPTOP, now=later(days=29))
    assert notices() == []
    sign_in(user, LAPTOP, now=later(days=60))
    assert notices() == ["NEW_LOGIN_DEVICE"]


def test_another_users_device_is_no_known_device():
    ada, eve = make_user(), make_user("eve@example.com")
    sign_in(ada, LAPTOP)
    sign_in(eve, PHONE)
    sign_in(eve, LAPTOP, now=later(minutes=1))
    assert list(Notification.objects.values_list("user_id", flat=True)) == [eve.id]


def test_log_in_that_loses_against_a_password_change_opens_nothing():
    user = make_user()
    real = credentials.verify

    def verify_then_reset(*args, **kwargs):
        verified = real(*args, **kwargs)
        with patch("dualis.accounts.login.credentials.verify", real):
            passwords.change(user.id, PASSWORD, "Another-Horse-8", PHONE, now=NOW)
        return verified

    with (
        patch("dualis.accounts.login.credentials.verify", verify_then_reset),
        pytest.raises(errors.InvalidCredentials),
    ):
        login.login(user.email, PASSWORD, LAPTOP, now=NOW)
    assert list(Session.objects.values_list("address", flat=True)) == [PHONE.address]
