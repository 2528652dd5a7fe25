"""Trying a door: a notice that says nothing but that it arrived."""

from datetime import datetime

from django.db import transaction

from dualis import errors
from dualis.bulk import save_all
from dualis.notifications import notices, preferences, rules, webhooks
from dualis.notifications.door_models import Delivery
from dualis.notifications.exits import Exits, waiting
from dualis.notifications.kinds import Door
from dualis.notifications.memory import LIMIT_WINDOW, Memory
from dualis.notifications.notices import Notice

TYPE, TITLE = "TEST", "Test notification"
MESSAGE = "This is a test. If you read it, this channel works."


@transaction.atomic
def through(user_id: str, door: Door, *, now: datetime) -> None:
    """Send a test through one door. ChannelUnavailable, RateLimited."""
    if door is not Door.IN_APP:
        if door not in rules.open_doors(preferences.of([user_id])[user_id]):
            raise errors.ChannelUnavailable(channel=door.value, reason="you switched it off.")
        if door not in Exits([user_id]).doors(user_id):
            raise errors.ChannelUnavailable(channel=door.value, reason=_MISSING[door])
    sent = notices.tell([Notice(user_id, TYPE, TITLE, MESSAGE, only=door)], now=now)
    if not (sent.notifications or sent.deliveries):
        raise _limited()


@transaction.atomic
def webhook(user_id: str, webhook_id: str, *, now: datetime) -> Delivery:
    """Send a test to one webhook, whatever the preferences say; return the delivery that waits.

    NotFound, ChannelUnavailable if it is switched off, RateLimited.
    """
    row = notices.lock([user_id])[user_id]
    found = webhooks.get(user_id, webhook_id)
    if not found.is_active:
        raise errors.ChannelUnavailable(channel=found.id, reason="it is switched off.")
    memory = Memory(row.past, now)
    if memory.used().get(Door.WEBHOOK, 0) >= rules.LIMITS[Door.WEBHOOK]:
        raise _limited()
    notice = Notice(user_id, TYPE, TITLE, MESSAGE)
    delivery = waiting(notice.notification(now), Door.WEBHOOK, now, found.id)
    delivery.save(force_insert=True)
    memory.note(TYPE, TYPE, [Door.WEBHOOK])
    row.past = memory.to_dict()
    save_all([], silent=[row])
    return delivery


_MISSING = {
    Door.EMAIL: "your e-mail address is not confirmed.",
    Door.WEBHOOK: "you have no webhook that is switched on.",
}


def _limited() -> errors.RateLimited:
    return errors.RateLimited(retryAfter=int(LIMIT_WINDOW.total_seconds()))
