"""Who may do what beyond being signed in."""

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class IsStaff(BasePermission):
    """Staff with a full login: a token that only reads streams gives no such right."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        is_full = getattr(request.auth, "scope", None) == "full"
        return getattr(request.user, "role", None) == "admin" and is_full
