"""Who may use a route: the user in person, and who that is."""

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from dualis.accounts.models import Scope, User
from dualis.accounts.tokens import Identity


class FullAccess(IsAuthenticated):
    """For what a stream token may not even read: the account itself."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and identity_of(request).scope == Scope.FULL


def identity_of(request: Request) -> Identity:
    """Return whom an authenticated request stands for."""
    assert isinstance(request.auth, Identity), "our authentication classes set it with the user"
    return request.auth


def user_of(request: Request) -> User:
    """Return the user of an authenticated request."""
    assert isinstance(request.user, User), "the route is not public"
    return request.user
