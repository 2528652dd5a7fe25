"""REST routes of sessions, the socket's token of a signed-in page, and stream tokens."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from dualis.accounts import logout, serializers, sessions, streams, tokens
from dualis.accounts.api import AccountView
from dualis.accounts.authentication import BrowserAuthentication
from dualis.accounts.devices import Device
from dualis.accounts.models import Session, SessionKind
from dualis.accounts.permissions import identity_of
from dualis.api import reply, valid
from dualis.timestamps import iso


class SessionsView(AccountView):
    def get(self, request: Request) -> Response:
        rows = sessions.listed(
            identity_of(request).user_id, kinds=sessions.SIGN_INS, now=timezone.now()
        )
        return reply([_with_current(row, identity_of(request).session_id) for row in rows])


class SessionView(AccountView):
    def delete(self, request: Request, session_id: str) -> Response:
        sessions.revoke(
            identity_of(request).user_id, session_id, kinds=sessions.SIGN_INS, now=timezone.now()
        )
        return reply({"success": True})


class RevokeAllView(AccountView):
    """Ends every session, this one and the stream tokens included."""

    def post(self, request: Request) -> Response:
        return reply({"ended": logout.everywhere(identity_of(request), now=timezone.now())})


class PageTokenView(AccountView):
    """An access token for the sockets of a signed-in page; it ends with the cookie's session."""

    authentication_classes = [BrowserAuthentication]

    def post(self, request: Request) -> Response:
        token, expires_at = tokens.page_token(identity_of(request), now=timezone.now())
        return reply(
            {"token": token, "expiresAt": iso(expires_at), "userId": identity_of(request).user_id}
        )


class StreamTokenView(AccountView):
    def post(self, request: Request) -> Response:
        body = valid(serializers.StreamToken, request)
        session, token = streams.create(
            identity_of(request),
            body["name"],
            body["expiresInDays"],
            Device.of(request),
            now=timezone.now(),
        )
        return reply({**session.to_dict(), "token": token}, status=201)


class StreamTokensView(AccountView):
    def get(self, request: Request) -> Response:
        rows = sessions.listed(
            identity_of(request).user_id, kinds=[SessionKind.STREAM], now=timezone.now()
        )
        return reply([row.to_dict() for row in rows])


class StreamTokenItemView(AccountView):
    def delete(self, request: Request, session_id: str) -> Response:
        sessions.revoke(
            identity_of(request).user_id, session_id, kinds=[SessionKind.STREAM], now=timezone.now()
        )
        return reply({"success": True})


def _with_current(session: Session, current_id: str) -> dict[str, Any]:
    return {**session.to_dict(), "current": session.id == current_id}
