"""`POST /info` and `POST /exchange`, and the account's REST below /v1/trading/.

Errors of the first two have the page's shape, with `code` and `msg` beside it so that programs made
for Hyperliquid can read them (notional 12). Who sends no signature trades by his session.
"""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import JsonResponse
from django.utils import timezone
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis import errors
from dualis.accounts.models import Scope
from dualis.accounts.permissions import identity_of
from dualis.accounts.tokens import Identity
from dualis.api import domain_error, idempotent, reply, valid
from dualis.exact import plain_trimmed
from dualis.lookups import built_once
from dualis.parsing import PlainParser
from dualis.retry import retried
from dualis.trading import actions, agents, exchange, info, market_info, money, signing
from dualis.trading.models import MarginAccount, milliseconds
from realtime import readers
from realtime.limits import ProgramThrottle

_NO_STORE = {"Cache-Control": "no-store"}


class _Page(APIView):
    """A view whose errors have the Notional page's shape."""

    permission_classes = (AllowAny,)
    throttle_classes = (ProgramThrottle,)
    parser_classes = (PlainParser,)

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case info.Missing() | market_info.Unknown():
                return _error(400, str(exc), "INVALID_REQUEST")
            case actions.Malformed():
                code = "MISSING_FIELD" if str(exc).startswith("Missing") else "INVALID_FIELD"
                return _error(400, str(exc), code, field=exc.field)
            case exceptions.ParseError() | exceptions.UnsupportedMediaType() | RecursionError():
                return _error(400, "The body is not valid JSON", "INVALID_JSON")
        error = domain_error(exc, self)
        details = {"retryAfter": r} if (r := error.details.get("retryAfter")) else {}
        return _error(error.status, error.message, error.code, **details)


def _error(status: int, text: str, code: str, **more: Any) -> Response:
    body = {"error": text, "code": code, "msg": text, "timestamp": milliseconds(timezone.now())}
    return Response({**body, **more}, status=status, headers=_NO_STORE)


class Info(_Page):
    """POST /info {"type", ...}: everything that can be read; no login, from any origin."""

    authentication_classes = ()

    def post(self, request: Request) -> Response | JsonResponse:
        query = request.data
        if not isinstance(query, dict) or not isinstance(query.get("type"), str):
            raise info.Missing("Missing 'type' parameter")
        tell = info.TYPES.get(query["type"])
        if tell is None:
            raise info.Missing(f"Unknown info type: {query['type'][:40]}")
        with readers.read_only():
            told = tell(query, timezone.now())
        headers = {**_NO_STORE, "Access-Control-Allow-Origin": "*"}
        if told is None:  # for which the framework would write nothing
            return JsonResponse(None, safe=False, headers=headers)
        return Response(told, headers=headers)


class Exchange(_Page):
    """POST /exchange {"action", "nonce", "expiresAfter"?, "signature"?}."""

    def post(self, request: Request) -> Response:
        body = request.data if isinstance(request.data, dict) else {}
        now = timezone.now()
        action = actions.parse(body.get("action"))
        nonce, expires = _moment(body, "nonce"), _moment(body, "expiresAfter")
        if expires and milliseconds(now) > expires:
            raise actions.Malformed("The action has expired", "expiresAfter")
        if body.get("signature") is not None:
            signer = _signer(body, nonce, expires)
            address = agents.account_for(signer)
            is_agent = address != signer
            if isinstance(action, actions.Withdraw | actions.ApproveAgent) and is_agent:
                raise errors.InvalidSignature(reason="only the account itself signs this")
        else:
            signer = address = _own_account(request)
        if not nonce and not isinstance(action, actions.ReportDeposit):
            raise actions.Malformed("Missing 'nonce' field", "nonce")
        return Response(_once(address, signer, action, nonce, now), headers=_NO_STORE)


def _once(
    address: str, signer: str, action: actions.Action, nonce: int, now: datetime
) -> dict[str, Any]:
    """Do an action in one transaction with its nonce, again after a deadlock."""

    def act() -> dict[str, Any]:
        if nonce:
            agents.use_nonce(signer, nonce, now=now)
        return exchange.act(address, action, now=now)

    return retried(act)


def _signer(body: dict[str, Any], nonce: int, expires: int) -> str:
    try:
        message = signing.action_message(body["action"], nonce, expires)
        return signing.recover(message, body["signature"])
    except signing.BadSigning as error:
        raise errors.InvalidSignature(reason=str(error)) from error


def _own_account(request: Request) -> str:
    """Return the account of a signed-in user; a read-only token trades nothing."""
    if not isinstance(request.auth, Identity):
        raise errors.InvalidSignature(reason="there is none, and nobody is signed in")
    if request.auth.scope != Scope.FULL:
        raise errors.Forbidden()
    linked = _linked(request.auth.user_id)
    if not linked:
        raise errors.AccountNotFound(address="of this user")
    return linked[0].name


@built_once
def _linked(user_id: str) -> QuerySet[MarginAccount]:
    return MarginAccount.objects.filter(user_id=user_id).only("name")


def _moment(body: dict[str, Any], name: str) -> int:
    value = body.get(name, 0)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise actions.Malformed("is a time in milliseconds", name)
    return value


# --- below /v1/trading/ -------------------------------------------------------------------------
class _Link(serializers.Serializer[Any]):
    address = serializers.CharField(max_length=132)
    nonce = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    signature = serializers.DictField()


class _Transfer(serializers.Serializer[Any]):
    amount = serializers.CharField(max_length=80)
    direction = serializers.ChoiceField(["in", "out"])


class Account(APIView):
    """GET trading/account: the caller's margin account, null without one.

    POST trading/account {address, nonce, signature}: link a wallet that signs the data `Link`.
    """

    def get(self, request: Request) -> Response:
        row = MarginAccount.objects.filter(user_id=identity_of(request).user_id).first()
        return reply(row and _shown(row))

    @idempotent
    def post(self, request: Request) -> Response:
        asked, user_id, now = valid(_Link, request), identity_of(request).user_id, timezone.now()
        try:
            message = signing.link_message(user_id, asked["nonce"])
            signer = signing.recover(message, asked["signature"])
        except signing.BadSigning as error:
            raise errors.InvalidSignature(reason=str(error)) from error
        if signer != asked["address"].lower():
            raise errors.InvalidSignature(reason="another address signed")
        agents.use_nonce(signer, asked["nonce"], now=now)
        row = money.open_account(signer, now=now, user_id=user_id)
        return reply(_shown(row), status=201)


class Transfer(APIView):
    """POST trading/transfer {amount, direction}: USDC between wallet and margin account."""

    @idempotent
    def post(self, request: Request) -> Response:
        asked = valid(_Transfer, request)
        user_id, is_in = identity_of(request).user_id, asked["direction"] == "in"
        moved = money.transfer(user_id, asked["amount"], is_in=is_in, now=timezone.now())
        return reply({"amount": plain_trimmed(moved), "direction": asked["direction"]}, status=201)


class Schema(APIView):
    """GET trading/signing: the typed data that programs sign."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request) -> Response:
        return reply({"domain": signing.DOMAIN, "types": signing.TYPES})


def _shown(row: MarginAccount) -> dict[str, Any]:
    return {"address": row.name, "simulated": row.is_simulated, "summary": row.to_dict()}
