"""REST routes of an account: opening it, signing in and out, its e-mail address and password."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis.accounts import issuing, login, logout, passwords, registration, serializers, users
from dualis.accounts.authentication import TokenAuthentication
from dualis.accounts.devices import Device
from dualis.accounts.permissions import FullAccess, identity_of, user_of
from dualis.api import reply, valid
from realtime import limits

# Dualis: per real address and route.
REGISTER_RATE = "5/h"
VERIFY_RATE = "10/h"
FORGOT_RATE = "3/h"
RESET_RATE = "5/h"


class PublicView(APIView):
    """For who is not signed in; no credentials are read, so a stale one does no harm."""

    authentication_classes: Any = []
    permission_classes = [AllowAny]


class AccountView(APIView):
    """For the user in person: cookie or access token, never a stream token."""

    permission_classes = [FullAccess]


class RegisterView(PublicView):
    def post(self, request: Request) -> Response:
        limits.hit(REGISTER_RATE, "register", Device.of(request).address)
        body = valid(serializers.Registration, request)
        issued = registration.register(
            body["email"],
            body["password"],
            Device.of(request),
            now=timezone.now(),
            display_name=body["displayName"],
        )
        return reply(issued.to_dict(), status=201)


class LoginView(PublicView):
    def post(self, request: Request) -> Response:
        body = valid(serializers.Login, request)
        limits.hit(
            settings.LOGIN_RATE, "login", Device.of(request).address, users.normal(body["email"])
        )
        issued = login.login(
            body["email"], body["password"], Device.of(request), now=timezone.now()
        )
        return reply(issued.to_dict())


class RefreshView(PublicView):
    def post(self, request: Request) -> Response:
        body = valid(serializers.Refresh, request)
        return reply(issuing.refresh(body["refreshToken"], now=timezone.now()).to_dict())


class LogoutView(AccountView):
    """Ends the session of the request, of `refreshToken`, or with `all` every session."""

    def post(self, request: Request) -> Response:
        body = valid(serializers.Logout, request)
        now = timezone.now()
        if body["all"]:
            logout.everywhere(identity_of(request), now=now)
        elif body["refreshToken"]:
            logout.by_refresh_token(identity_of(request), body["refreshToken"], now=now)
        else:
            logout.here(identity_of(request), now=now)
        return reply({"success": True})


class MeView(AccountView):
    def get(self, request: Request) -> Response:
        return reply(user_of(request).to_dict())


class VerifyEmailView(PublicView):
    def post(self, request: Request) -> Response:
        limits.hit(VERIFY_RATE, "verify-email", Device.of(request).address)
        body = valid(serializers.VerifyEmail, request)
        return reply(registration.verify_email(body["token"], now=timezone.now()).to_dict())


class ForgotPasswordView(PublicView):
    """Answers the same whether the address is known or not."""

    def post(self, request: Request) -> Response:
        limits.hit(FORGOT_RATE, "forgot-password", Device.of(request).address)
        body = valid(serializers.ForgotPassword, request)
        passwords.forget(body["email"], now=timezone.now())
        return reply({"success": True})


class ResetPasswordView(PublicView):
    def post(self, request: Request) -> Response:
        limits.hit(RESET_RATE, "reset-password", Device.of(request).address)
        body = valid(serializers.ResetPassword, request)
        passwords.reset(body["token"], body["newPassword"], now=timezone.now())
        return reply({"success": True})


class ChangePasswordView(AccountView):
    """Ends all sessions and answers with a new one; a browser uses the page /password instead."""

    authentication_classes = [TokenAuthentication]

    def post(self, request: Request) -> Response:
        body = valid(serializers.ChangePassword, request)
        device, now = Device.of(request), timezone.now()
        limits.hit(settings.LOGIN_RATE, "login", device.address, user_of(request).email)
        issued = passwords.change(
            user_of(request).id, body["currentPassword"], body["newPassword"], device, now=now
        )
        return reply(issued.to_dict())
