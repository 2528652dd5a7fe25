"""Tokens: how they look, what makes one valid, and whom it stands for.

1. A token counts only while its session does: every check ends at the session's row.
2. Whatever text comes in, the answer is an identity or a refusal, never another exception.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

import jwt
import msgspec
from django.conf import settings
from django.db.models import QuerySet
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from dualis import errors
from dualis.accounts.models import Scope, Session, SessionKind
from dualis.lookups import built_once

ACCESS_LIFETIME = timedelta(minutes=15)  # Dualis
MAX_LENGTH = 2048  # ours have about 350 characters
REMEMBERED = 2_000  # texts whose signature need not be checked again: a client sends one many times

_UserId = Annotated[str, msgspec.Meta(pattern=r"\Ausr_[0-9a-z]{6,28}\Z")]
_SessionId = Annotated[str, msgspec.Meta(pattern=r"\Ases_[0-9a-z]{6,28}\Z")]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]  # to the end of the year 9999


class Claims(msgspec.Struct, frozen=True):
    """What a token says of itself; `iat` and `exp` are seconds since 1970."""

    sub: _UserId
    sid: _SessionId
    role: Literal["retail", "institutional", "admin"]
    jti: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    iat: _Seconds
    exp: _Seconds
    token_type: Literal["access", "refresh", "stream"]

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.exp, UTC)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a request or a socket is, through which session, until when; role is the user's today."""

    user_id: str
    role: str
    session_id: str
    scope: str
    expires_at: datetime


class StreamToken(Token):
    """Reads snapshots and streams; its lifetime is its session's."""

    token_type = "stream"
    lifetime = timedelta(days=30)


def mint_access(session: Session, *, now: datetime) -> str:
    """Return an access token of a session, for 15 min or as long as the session lasts."""
    return _mint(AccessToken(), session, now, min(now + ACCESS_LIFETIME, session.expires_at))


def page_token(identity: Identity, *, now: datetime) -> tuple[str, datetime]:
    """Return an access token of the session a page is signed in with, and its expiry.

    Unauthorized if the session has ended meanwhile.
    """
    session = _sessions([identity.session_id]).get(identity.session_id)
    if session is None or not session.is_usable(now):
        raise errors.Unauthorized()
    return mint_access(session, now=now), min(now + ACCESS_LIFETIME, session.expires_at)


def mint_refresh(session: Session, *, now: datetime) -> str:
    """Return the text of the session's one refresh token that counts."""
    token = RefreshToken()
    token["jti"] = session.refresh_jti
    return _mint(token, session, now, session.expires_at)


def mint_stream(session: Session, *, now: datetime) -> str:
    """Return the token of a stream session."""
    return _mint(StreamToken(), session, now, session.expires_at)


def verify_claims(token: str, now: datetime) -> Claims:
    """Return the claims of an access or stream token that is ours and not expired. CPU only."""
    claims = _decode(token)
    if claims is None or claims.token_type == "refresh" or claims.expires_at <= now:
        raise errors.Unauthorized()
    return claims


def verify_refresh(token: str, now: datetime) -> Claims:
    """Return the claims of a refresh token that is ours and not expired, else SessionExpired."""
    claims = _decode(token)
    if claims is None or claims.token_type != "refresh" or claims.expires_at <= now:
        raise errors.SessionExpired()
    return claims


def identify_many(claims: Sequence[Claims], *, now: datetime) -> list[Identity | None]:
    """Return whom verified claims stand for, in their order; None for ended ones. One query."""
    sessions = _sessions(one.sid for one in claims)
    return [_identity(one, sessions.get(one.sid), now) for one in claims]


def authenticate(token: str, *, now: datetime) -> Identity:
    """Return whom an access or stream token stands for, else Unauthorized. One query."""
    return authenticate_session(token, now=now)[0]


def authenticate_session(token: str, *, now: datetime) -> tuple[Identity, Session]:
    """Like `authenticate`, with the session, its user and its use, read in the same query."""
    claims = verify_claims(token, now)
    session = next(iter(_session(claims.sid)), None)
    identity = _identity(claims, session, now)
    if identity is None or session is None:
        raise errors.Unauthorized()
    return identity, session


def identity_of(session: Session) -> Identity:
    """Return whom a session stands for, as long as it lasts."""
    return Identity(
        user_id=session.user.id,
        role=session.user.role,
        session_id=session.id,
        scope=session.scope,
        expires_at=session.expires_at,
    )


def _mint(token: Token, session: Session, now: datetime, expires_at: datetime) -> str:
    token.set_iat(at_time=now)
    token.set_exp(from_time=expires_at, lifetime=timedelta(0))
    token["sub"] = session.user.id
    token["role"] = session.user.role
    token["sid"] = session.id
    return str(token)


def _decode(token: str) -> Claims | None:
    """Return the claims of a token signed with our key, expired or not; None for anything else."""
    return _signed(token, settings.JWT_SIGNING_KEY) if len(token) <= MAX_LENGTH else None


@lru_cache(maxsize=REMEMBERED)
def _signed(token: str, key: str) -> Claims | None:
    try:
        # Time is checked against the caller's `now`, not against this machine's clock.
        payload = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
        return msgspec.convert(payload, Claims)
    except (jwt.PyJWTError, msgspec.ValidationError, ValueError):
        return None


def _sessions(ids: Iterable[str]) -> dict[str, Session]:
    rows = Session.objects.filter(pk__in=set(ids)).select_related("user", "use")
    return {session.id: session for session in rows}


@built_once
def _session(session_id: str) -> QuerySet[Session]:
    return Session.objects.filter(pk=session_id).select_related("user", "use")


def _identity(claims: Claims, session: Session | None, now: datetime) -> Identity | None:
    if (
        session is None
        or session.user_id != claims.sub
        or (session.kind == SessionKind.STREAM) != (claims.token_type == "stream")
        or not session.is_usable(now)
        or not session.user.is_active
    ):
        return None
    return Identity(
        user_id=claims.sub,
        role=session.user.role,
        session_id=session.id,
        scope=Scope(session.scope).value,
        expires_at=min(claims.expires_at, session.expires_at),
    )
