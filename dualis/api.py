"""The shape of REST answers: {"data": ...} or {"error": ...}; one of the two error translators.

Also what lets a client ask for what changed alone (`ConditionalView`), and what makes a view act
once and in a transaction of its own (`idempotent`).
"""

import logging
import re
from collections.abc import Callable
from functools import wraps
from hashlib import blake2b
from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponseNotModified, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from dualis import errors, idempotency
from dualis.retry import retried
from dualis.timestamps import iso

log = logging.getLogger(__name__)
_KEY = re.compile(r"[!-~]{1,64}")  # visible ASCII


class ConditionalView(APIView):
    """What it answers to GET has an ETag; a request that names it in If-None-Match gets 304.

    The tag is of everything in the answer but `seq`, which rises with what changes elsewhere: who
    gets a 304 keeps data and `seq` of the answer he has, and these still belong together.
    """

    cache_control = "private, no-cache"  # may be kept, is asked for again each time
    varies_by: tuple[str, ...] = ("Authorization", "Cookie")

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Add the headers of a successful read, or answer 304."""
        response = super().finalize_response(request, response, *args, **kwargs)
        is_read = request.method in ("GET", "HEAD") and response.status_code == 200
        if not is_read or not isinstance(response, Response):
            return response
        tag = _tag(response.data)
        if is_named(tag, request.headers.get("If-None-Match", "")):
            response = HttpResponseNotModified()
        response.headers["ETag"] = tag
        response.headers["Cache-Control"] = self.cache_control
        if self.varies_by:
            patch_vary_headers(response, self.varies_by)
        return response


class PublicView(ConditionalView):
    """Open to everyone; no token is looked at, so that a stale one refuses nobody."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    cache_control = "public, no-cache"
    varies_by = ()


def reply(data: Any, *, status: int = 200, **extra: Any) -> Response:
    """Return the envelope of a success; `extra` are further top-level keys such as `seq`."""
    return Response({"data": data, **extra}, status=status, headers={"Cache-Control": "no-store"})


def asked(serializer: type[Serializer[Any]], request: Any) -> dict[str, Any]:
    """Return the validated query of a request, or raise ValidationError."""
    bound = serializer(data=request.query_params.dict())
    bound.is_valid(raise_exception=True)
    return dict(bound.validated_data)


def valid(serializer: type[Serializer[Any]], request: Any) -> dict[str, Any]:
    """Return the validated body of a request, or raise ValidationError."""
    bound = serializer(data=request.data)
    bound.is_valid(raise_exception=True)
    return dict(bound.validated_data)


def idempotent(post: Callable[..., Response]) -> Callable[..., Response]:
    """Run a view's `post` in one transaction, again after a deadlock; honour Idempotency-Key.

    A repeat gets the first answer with the header Idempotent-Replayed (rulings, 30). `post` returns
    successes and raises refusals. ValidationError for a key that is not 1 to 64 visible ASCII
    characters; IdempotencyConflict, Contended.
    """

    @wraps(post)
    def wrapper(self: Any, request: Any, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return retried(lambda: post(self, request, *args, **kwargs))
        if not _KEY.fullmatch(key):
            raise errors.ValidationError(
                {"Idempotency-Key": ["must be 1 to 64 visible ASCII characters."]}
            )
        body = request.body  # whole, before the parser takes it from the stream

        def act() -> tuple[int, Any]:
            response = post(self, request, *args, **kwargs)
            return response.status_code, msgspec.to_builtins(response.data)

        answer = idempotency.once(
            str(request.user.pk), request.method, request.path, key, body, timezone.now(), act
        )
        headers = {"Cache-Control": "no-store"}
        if answer.is_replayed:
            headers["Idempotent-Replayed"] = "true"
        return Response(answer.body, status=answer.status, headers=headers)

    return wrapper


def refuse(error: Exception, context: dict[str, Any]) -> Response:
    """Translate any exception of a REST view into its answer (DRF's exception handler)."""
    request = context["request"]
    domain = domain_error(error, context["view"])
    headers = {"Cache-Control": "no-store"}
    if "retryAfter" in domain.details:
        headers["Retry-After"] = str(domain.details["retryAfter"])
    if domain.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    headers |= getattr(error, "headers", {})
    return Response(error_body(domain, request), status=domain.status, headers=headers)


def error_body(error: errors.DomainError, request: Any) -> dict[str, Any]:
    """Return the body of a refusal, with the request's id under both names the pages use."""
    request_id = getattr(request, "request_id", "")
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": error.details,
            "requestId": request_id,
            "correlationId": request_id,
            "timestamp": iso(timezone.now()),
        }
    }


@csrf_exempt  # whatever the method: nothing is done, so nothing can be forged
def not_found(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer an unknown address below /v1 in the envelope."""
    error = errors.NotFound(what="address", id=request.path)
    headers = {"Cache-Control": "no-store"}
    return JsonResponse(error_body(error, request), status=404, headers=headers)


def domain_error(error: Exception, view: Any) -> errors.DomainError:
    """Return the refusal that an exception of a view stands for; a bug is logged and hidden."""
    domain = _domain_error(error)
    if domain is None:
        log.error("unexpected error in %s", view.__class__.__name__, exc_info=error)
        domain = errors.DomainError()
    return domain


def _tag(body: dict[str, Any]) -> str:
    """Return the weak ETag of an answer: equal for equal answers, whatever their `seq`."""
    told = {name: value for name, value in body.items() if name != "seq"}
    return f'W/"{blake2b(msgspec.json.encode(told), digest_size=16).hexdigest()}"'


def is_named(tag: str, header: str) -> bool:
    """Tell whether If-None-Match names a weak tag; strong and weak ones compare as equal."""
    named = parse_etags(header)
    return named == ["*"] or tag in named or tag.removeprefix("W/") in named


def _domain_error(error: Exception) -> errors.DomainError | None:
    match error:
        case errors.DomainError():
            return error
        case exceptions.ValidationError():
            return errors.ValidationError(_fields(error.detail))
        case exceptions.ParseError() | exceptions.UnsupportedMediaType():
            return errors.ValidationError({"body": [str(error.detail)]})
        case RecursionError():
            return errors.ValidationError({"body": ["is nested too deeply."]})
        case RequestDataTooBig():
            return errors.BodyTooLarge(bytes=settings.HTTP_MAX_BYTES)
        case exceptions.NotAcceptable():
            return errors.NotAcceptable()
        case OperationalError():
            log.warning("the database did not answer in time", exc_info=error)
            return errors.Unavailable(retryAfter=2)
        case exceptions.NotAuthenticated() | exceptions.AuthenticationFailed():
            return errors.Unauthorized()
        case exceptions.PermissionDenied() | PermissionDenied():
            return errors.Forbidden()
        case exceptions.NotFound() | Http404():
            return errors.NotFound(what="address", id="")
        case exceptions.MethodNotAllowed():
            return errors.MethodNotAllowed(method=error.args[0] if error.args else "this method")
        case exceptions.Throttled():
            return errors.RateLimited(retryAfter=int(getattr(error, "wait", None) or 1))
    return None


def _fields(detail: Any) -> dict[str, list[str]]:
    if isinstance(detail, dict):
        return {name: _texts(value) for name, value in detail.items()}
    return {"body": _texts(detail)}


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, dict):
        return [f"{name}: {text}" for name, item in value.items() for text in _texts(item)]
    return [str(value)]
