"""A user's webhooks: making, changing and deleting them, and switching off those that fail."""

from datetime import datetime

from django.db import transaction

from dualis import errors
from dualis.accounts import users
from dualis.notifications import egress, notices
from dualis.notifications.door_models import Webhook

MOST = 5  # spec 8: a user
MOST_FAILURES = 10  # spec 8: deliveries that failed in a row


@transaction.atomic
def create(user_id: str, url: str, *, now: datetime) -> Webhook:
    """Make a webhook; its secret is shown by the caller, once. ValidationError, TooManyWebhooks.

    Locks the user.
    """
    _check(url)
    users.lock(user_id)
    if Webhook.objects.filter(user_id=user_id).count() >= MOST:
        raise errors.TooManyWebhooks(most=MOST)
    return Webhook.objects.create(user_id=user_id, url=url, created_at=now)


@transaction.atomic
def change(
    user_id: str, webhook_id: str, *, now: datetime, url: str = "", is_active: bool | None = None
) -> Webhook:
    """Change where a webhook leads, and switch it on (with a clean slate) or off.

    NotFound, ValidationError.
    """
    webhook = _own(lock(webhook_id), user_id, webhook_id)
    if url:
        _check(url)
        webhook.url = url
    if is_active is not None and is_active != webhook.is_active:
        webhook.is_active, webhook.failures = is_active, 0
        webhook.disabled_at = None if is_active else now
    webhook.save()
    return webhook


@transaction.atomic
def delete(user_id: str, webhook_id: str) -> None:
    """Delete a webhook and the log of its deliveries. NotFound."""
    _own(lock(webhook_id), user_id, webhook_id).delete()


def get(user_id: str, webhook_id: str) -> Webhook:
    """Return one webhook of the user. NotFound."""
    return _own(Webhook.objects.filter(pk=webhook_id).first(), user_id, webhook_id)


def lock(webhook_id: str) -> Webhook | None:
    """Lock a webhook and return it; None if it is gone."""
    return Webhook.objects.select_for_update(no_key=True).filter(pk=webhook_id).first()


def note(webhook: Webhook, *, is_delivered: bool, now: datetime) -> None:
    """Count a delivery that ended, on a locked webhook; the tenth failure in a row switches it off.

    Its user is told then.
    """
    if not webhook.is_active:
        return
    webhook.failures = 0 if is_delivered else webhook.failures + 1
    is_over = webhook.failures >= MOST_FAILURES
    if is_over:
        webhook.is_active, webhook.disabled_at = False, now
    webhook.save()
    if is_over:
        notices.notify(
            webhook.user_id,
            "WEBHOOK_DISABLED",
            title="Webhook switched off",
            message=f"Your webhook {webhook.url} failed {MOST_FAILURES} times in a row and was"
            " switched off. Switch it on again once it answers.",
            now=now,
            data={"webhookId": webhook.id},
        )


def _check(url: str) -> None:
    try:
        egress.target(url, egress.Policy())
    except egress.BadTarget as error:
        raise errors.ValidationError({"url": [str(error)]}) from error


def _own(webhook: Webhook | None, user_id: str, webhook_id: str) -> Webhook:
    if webhook is None or webhook.user_id != user_id:
        raise errors.NotFound(what="webhook", id=webhook_id)
    return webhook
