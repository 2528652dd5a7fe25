"""How REST knows who asks: a bearer token, or the browser's cookie with its CSRF token.

Both set `request.auth` to an `Identity` and end at a session's row, so a revoked one is refused at
once.
"""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from dualis import errors
from dualis.accounts import sessions, tokens
from dualis.accounts.login import SESSION_ID
from dualis.accounts.models import Scope, User
from dualis.accounts.tokens import Identity


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access or stream token>`; a stream token only reads."""

    def authenticate(self, request: Request) -> tuple[User, Identity] | None:
        """Return user and identity; None without a bearer token. Unauthorized, Forbidden."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        now = timezone.now()
        identity, session = tokens.authenticate_session(token.strip(), now=now)
        if identity.scope != Scope.FULL and request.method not in SAFE_METHODS:
            raise errors.Forbidden()
        sessions.touch(session, now=now)
        return session.user, identity

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class BrowserAuthentication(SessionAuthentication):
    """The cookie of a signed-in page; unsafe methods need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Identity] | None:
        """Return user and identity; None without a usable session. Forbidden without CSRF token."""
        user = getattr(request._request, "user", None)
        if not isinstance(user, User):
            return None
        now = timezone.now()
        session_id = request._request.session.get(SESSION_ID, "")
        session = sessions.open_browser(session_id, user.id, now=now)
        if session is None:
            return None
        self.enforce_csrf(request)
        sessions.touch(session, now=now)
        return user, tokens.identity_of(session)
