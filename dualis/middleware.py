"""A request id on every request and answer; kept from the client if it is a sane one."""

import re
import uuid
from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from dualis.addresses import real_address

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
        _mark(request)
        return _stamp(request, self.get_response(request))

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        _mark(request)
        return _stamp(request, await self.get_response(request))  # type: ignore[misc]


def _mark(request: HttpRequest) -> None:
    claimed = request.headers.get("X-Request-ID", "")
    request.request_id = claimed if _SANE.fullmatch(claimed) else uuid.uuid4().hex  # type: ignore[attr-defined]
    request.address = real_address(  # type: ignore[attr-defined]
        request.META.get("REMOTE_ADDR") or "",
        request.headers.get("X-Forwarded-For", ""),
        settings.TRUSTED_PROXIES,
    )


def _stamp(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    response.headers.setdefault("X-Request-ID", request.request_id)  # type: ignore[attr-defined]
    return response
