"""What users chose about notifications: reading it, changing it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from dualis import errors
from dualis.accounts import users
from dualis.notifications.choices import Choices, InvalidChoices, merged
from dualis.notifications.door_models import Preference

DEFAULTS = Choices()


def of(user_ids: Iterable[str]) -> dict[str, Choices]:
    """Return the choices of each of these users; the defaults for who never chose."""
    wanted = list(user_ids)
    rows = Preference.objects.filter(user_id__in=wanted).values_list("user_id", "chosen")
    chosen = {user_id: merged(DEFAULTS, body) for user_id, body in rows}
    return {user_id: chosen.get(user_id, DEFAULTS) for user_id in wanted}


def since(at: datetime | None) -> dict[str, Choices]:
    """Return the choices of those who changed theirs since a moment; None: of all who ever did."""
    rows = Preference.objects.all() if at is None else Preference.objects.filter(changed_at__gte=at)
    chosen = rows.values_list("user_id", "chosen").iterator()
    return {user_id: merged(DEFAULTS, body) for user_id, body in chosen}


@transaction.atomic
def change(user_id: str, body: Any, *, now: datetime) -> Choices:
    """Put in what a body in the nested shape names; what it leaves out stays. ValidationError.

    Locks the user.
    """
    users.lock(user_id)
    try:
        choices = merged(of([user_id])[user_id], body)
    except InvalidChoices as error:
        raise errors.ValidationError(error.fields) from error
    Preference.objects.update_or_create(
        user_id=user_id, defaults={"chosen": choices.to_dict(), "changed_at": now}
    )
    return choices
