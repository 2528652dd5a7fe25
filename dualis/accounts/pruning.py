"""What this room drops or closes as time passes; a step of the engine."""

from datetime import datetime

from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from dualis.accounts import account_tokens, guard, sessions
from dualis.accounts.models import Session


def prune(*, now: datetime) -> int:
    """End expired sessions, delete expired tokens and forgotten guards; return how many rows."""
    with transaction.atomic():
        expired = Session.objects.select_for_update(no_key=True, skip_locked=True)
        rows = list(expired.filter(ended_at=None, expires_at__lte=now).order_by("id")[:1000])
        ended = sessions.end(rows, reason="expired", now=now)
    buried, _ = OutstandingToken.objects.filter(expires_at__lte=now).delete()
    return ended + buried + account_tokens.prune(now=now) + guard.prune(now=now)
