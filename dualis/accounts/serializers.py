"""The bodies that the account routes take. Shapes only; rules of the domain are the services'."""

from rest_framework import serializers

from dualis.accounts.passwords import MAX_LENGTH
from dualis.accounts.streams import MAX_DAYS


def _password() -> serializers.CharField:
    return serializers.CharField(max_length=MAX_LENGTH, trim_whitespace=False)


def _token() -> serializers.CharField:
    return serializers.CharField(max_length=2048)


class Registration(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = _password()
    displayName = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


class Login(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = _password()


class Refresh(serializers.Serializer):
    refreshToken = _token()


class Logout(serializers.Serializer):
    refreshToken = serializers.CharField(max_length=2048, required=False, default="")
    all = serializers.BooleanField(required=False, default=False)


class VerifyEmail(serializers.Serializer):
    token = _token()


class ForgotPassword(serializers.Serializer):
    email = serializers.EmailField(max_length=254)


class ResetPassword(serializers.Serializer):
    token = _token()
    newPassword = _password()


class ChangePassword(serializers.Serializer):
    currentPassword = _password()
    newPassword = _password()


class StreamToken(serializers.Serializer):
    name = serializers.CharField(max_length=60)
    expiresInDays = serializers.IntegerField(
        min_value=1, max_value=MAX_DAYS, required=False, default=MAX_DAYS
    )
