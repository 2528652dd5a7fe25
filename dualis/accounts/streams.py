"""Stream tokens: named, read-only, revocable, for programs that reconnect with one constant token.

Rulings, 28. They read snapshots and streams; everything else is refused where tokens are read.
"""

from datetime import datetime, timedelta

from django.db import transaction

from dualis import errors
from dualis.accounts import sessions, tokens, users
from dualis.accounts.devices import Device
from dualis.accounts.models import Scope, Session, SessionKind
from dualis.accounts.tokens import Identity
from dualis.notifications import notices
from dualis.timestamps import iso

MAX_DAYS = 30  # rulings, 28


@transaction.atomic
def create(
    identity: Identity, name: str, expires_in_days: int, device: Device, *, now: datetime
) -> tuple[Session, str]:
    """Open a stream session for the caller; return it and its token, which is shown only now.

    `expires_in_days` is 1 to 30. Unauthorized if the caller's own session has ended meanwhile.
    """
    if not 1 <= expires_in_days <= MAX_DAYS:
        raise errors.ValidationError({"expiresInDays": [f"This is 1 to {MAX_DAYS}."]})
    user = users.lock(identity.user_id)
    caller = sessions.lock_one(identity.session_id)
    if caller is None or not caller.is_usable(now):
        raise errors.Unauthorized()
    expires_at = now + timedelta(days=expires_in_days)
    notices.notify(
        user.id,
        "STREAM_TOKEN_CREATED",
        title="Stream token created",
        message=f"The read-only stream token “{name}” was created and lasts until"
        f" {expires_at:%d %B %Y}.",
        now=now,
        data={"name": name, "expiresAt": iso(expires_at)},
    )
    session = sessions.open_session(
        user,
        device,
        kind=SessionKind.STREAM,
        scope=Scope.READ,
        name=name,
        now=now,
        expires_at=expires_at,
    )
    return session, tokens.mint_stream(session, now=now)
