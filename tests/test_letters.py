"""Notifications as letters."""

import pytest
from django.core import mail

from dualis.notifications import letters
from dualis.notifications.outcome import DELIVERED, NO_ADDRESS, Outcome
from tests.outgoing import waiting
from tests.people import NOW, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_user(email_verified_at=NOW)


def test_a_letter_says_what_was_told_and_where_to_look(ada, settings):
    settings.PUBLIC_URL = "https://dualis.example"
    delivery = waiting(ada)
    delivery.payload |= {"title": "Fallen\nto 1.1", "message": "It's <low> & falling."}
    assert letters.send(delivery, NOW) == DELIVERED
    (letter,) = mail.outbox
    assert (letter.to, letter.subject) == ([ada.email], "Fallen to 1.1")
    assert letter.from_email == settings.DEFAULT_FROM_EMAIL
    text = letter.body
    assert text.startswith("It's <low> & falling.\n\nhttps://dualis.example/x\n\nYou get")


def test_a_letter_without_a_link_has_none(ada):
    delivery = waiting(ada)
    delivery.payload |= {"link": None}
    letters.send(delivery, NOW)
    assert mail.outbox[0].body.startswith("Message.\n\nYou get this letter")


def test_a_repeated_letter_has_the_same_message_id(ada):
    delivery = waiting(ada)
    for _ in range(2):
        letters.send(delivery, NOW)
    first, second = (letter.message()["Message-ID"] for letter in mail.outbox)
    assert first == second == f"<{delivery.id}@dualis.finance>"


@pytest.mark.parametrize("change", [{"status": "suspended"}, {"email_verified_at": None}], ids=str)
def test_nobody_writes_to_a_closed_account_or_an_address_that_is_not_proven(ada, change):
    for name, value in change.items():
        setattr(ada, name, value)
    assert letters.send(waiting(ada), NOW) == NO_ADDRESS and not mail.outbox


def test_a_mail_server_that_is_away_is_tried_again(ada, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert letters.send(waiting(ada), NOW) == Outcome("mail_server")


def test_a_mail_server_that_hangs_is_left_after_ten_seconds():
    backend = "django.core.mail.backends.smtp.EmailBackend"
    assert mail.get_connection(backend).timeout == 10
