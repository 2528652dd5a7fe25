"""The reference's documents, and the catalogue of refusals as its page shows it."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from dualis import errors
from dualis.trading.order_rules import Code
from realtime import asyncapi, openapi

KEPT_SECONDS = 300


@require_safe
@cache_control(public=True, max_age=KEPT_SECONDS)
def openapi_view(request: HttpRequest) -> JsonResponse:
    """GET /v1/openapi.json: every REST address."""
    return _shared(openapi.document())


@require_safe
@cache_control(public=True, max_age=KEPT_SECONDS)
def asyncapi_view(request: HttpRequest) -> JsonResponse:
    """GET /v1/asyncapi.json: both WebSocket protocols, as this server serves them."""
    document = asyncapi.document(request.get_host(), is_secure=request.is_secure())
    return _shared(document)


def catalogue() -> list[dict[str, Any]]:
    """Return every refusal by its code: status, and the texts of all that share the code."""
    found: dict[str, dict[str, Any]] = {}
    kinds: list[type[errors.DomainError]] = [
        errors.DomainError,
        *errors.DomainError.__subclasses__(),
    ]
    for kind in kinds:
        row = found.setdefault(kind.code, {"code": kind.code, "status": kind.status, "texts": []})
        if kind.text not in row["texts"]:
            row["texts"].append(kind.text)
    return sorted(found.values(), key=lambda row: str(row["code"]))


def order_codes() -> list[str]:
    """Return the codes with which the book rejects an order."""
    return [code.value for code in Code]


def _shared(document: dict[str, Any]) -> JsonResponse:
    """Answer to programs of any origin: there is nothing of anybody in it."""
    return JsonResponse(document, headers={"Access-Control-Allow-Origin": "*"})
