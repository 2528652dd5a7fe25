"""A request id on every request and answer; kept from the client if it is a sane one."""

import re
import uuid
from collections.abc import Callable
from urllib.parse import unquote

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from dualis import errors
from dualis.addresses import is_trusted, real_address
from dualis.api import error_body

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Sets `request.request_id` and `request.address`, and the header X-Request-ID."""

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self.is_async:
            return self._acall(request)  # type: ignore[return-value]
        return _mark(request) or _stamp(request, self.get_response(request))

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        refused = _mark(request)
        return refused or _stamp(request, await self.get_response(request))  # type: ignore[misc]


def request_id(claimed: str) -> str:
    """Return the id that a client claims for its request if it is a sane one, else a new one."""
    return claimed if _SANE.fullmatch(claimed) else uuid.uuid4().hex


def _mark(request: HttpRequest) -> HttpResponse | None:
    """Give the request its id and address; return a refusal if it cannot be anybody's."""
    peer = request.META.get("REMOTE_ADDR") or ""
    if not is_trusted(peer, settings.TRUSTED_PROXIES):
        request.META.pop("HTTP_X_FORWARDED_PROTO", None)  # anybody could claim to come by TLS
    request.request_id = request_id(request.headers.get("X-Request-ID", ""))  # type: ignore[attr-defined]
    request.address = real_address(  # type: ignore[attr-defined]
        peer,
        request.headers.get("X-Forwarded-For", ""),
        settings.TRUSTED_PROXIES,
    )
    texts = (request.path, unquote(request.META.get("QUERY_STRING", "")), *request.COOKIES.values())
    if any("\0" in text for text in texts):  # no name of ours has one, and no database takes it
        body = error_body(errors.ValidationError({"request": ["holds a NUL character."]}), request)
        headers = {"Cache-Control": "no-store"}
        return _stamp(request, JsonResponse(body, status=400, headers=headers))
    return None


def _stamp(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response.headers.setdefault("X-Request-ID", request.request_id)  # type: ignore[attr-defined]
    return response
