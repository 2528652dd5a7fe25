"""Notifications as letters: plain text, from a template of ours, by Django's mail backend."""

from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from dualis.notifications.door_models import Delivery
from dualis.notifications.outcome import DELIVERED, NO_ADDRESS, Outcome


def send(delivery: Delivery, now: datetime) -> Outcome:
    """Send a claimed delivery to the address its user has now.

    The Message-ID is the same in every try, so that a mailbox can drop a repeat.
    """
    user = delivery.user
    if not user.is_active or user.email_verified_at is None:
        return NO_ADDRESS
    told = delivery.payload
    link = f"{settings.PUBLIC_URL}{told['link']}" if told["link"] else ""
    text = render_to_string("mail/notification.txt", {"told": told, "link": link})
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    message = EmailMessage(
        subject=" ".join(told["title"].split()),
        body=text,
        to=[user.email],
        headers={"Message-ID": f"<{delivery.id}@{domain}>"},
    )
    try:
        message.send()
    except OSError:  # SMTP's errors are of this kind too
        return Outcome("mail_server")
    return DELIVERED
