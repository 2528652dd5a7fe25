"""The same people and the same market for every test."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from dualis.accounts import sessions, tokens
from dualis.accounts.devices import Device
from dualis.accounts.models import Scope, Session, SessionKind, User
from dualis.notifications.models import Notification
from dualis.oracle.models import Asset, Quote

PASSWORD = "Correct-Horse-1"
DEVICE = Device(address="127.0.0.1", user_agent="tests")


def now() -> datetime:
    return datetime.now(UTC)


def user(name: str, role: str = "retail") -> User:
    """Return an active user `name@example.com` with PASSWORD."""
    made = User(email=f"{name}@example.com", role=role, status="active", created_at=now())
    made.set_password(PASSWORD)
    made.save()
    return made


def notification(owner: User, *, save: bool = True, **fields: Any) -> Notification:
    """Return a notification of the owner, saved unless told otherwise."""
    values = {
        "type": "PASSWORD_CHANGED",
        "category": "auth",
        "severity": "info",
        "title": "Password changed",
        "message": "Your password was changed.",
        "created_at": now(),
    }
    row = Notification(user=owner, **{**values, **fields})
    if save:
        row.save(force_insert=True)
    return row


def asset(symbol: str) -> Asset:
    """Return an active asset, made if it is not there."""
    found = Asset.objects.filter(symbol=symbol).first()
    if found is None:
        found = Asset(
            symbol=symbol,
            name=symbol,
            instrument_type="CryptoCurrency",
            decimals=18,
            feed_kind="market",
        )
        found.save()
    return found


def quote(symbol: str, price: str) -> Quote:
    """Set the price of an asset and publish it."""
    row = Quote.objects.filter(asset_id=symbol).first() or Quote(asset=asset(symbol))
    moment = now()
    row.price = Decimal(price)
    row.change_24h = Decimal("-0.0182")
    row.confidence = Decimal("0.97")
    row.sources = ["simulated"]
    row.is_simulated = True
    row.feed = "simulated"
    row.source_at = row.updated_at = moment
    row.save()
    return row


def session(owner: User, *, kind: SessionKind = SessionKind.API) -> Session:
    """Return an open session of a user."""
    with transaction.atomic():
        scope = Scope.READ if kind == SessionKind.STREAM else Scope.FULL
        return sessions.open_session(owner, DEVICE, kind=kind, now=now(), scope=scope)


def token(of: User | Session) -> str:
    """Return an access token of a session, or of a new session of a user."""
    return tokens.mint_access(session(of) if isinstance(of, User) else of, now=now())
