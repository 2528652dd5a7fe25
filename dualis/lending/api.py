"""REST of what a user does with positions (spec 9): supply, withdraw, borrow, repay, collateral."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis import errors
from dualis.accounts.permissions import identity_of
from dualis.api import idempotent, reply, valid
from dualis.exact import plain_trimmed
from dualis.lending import borrowing, supplying


class _Amount(serializers.Serializer[Any]):
    amount = serializers.CharField(max_length=80)


class _Collateral(serializers.Serializer[Any]):
    symbol = serializers.CharField(max_length=16)
    amount = serializers.CharField(max_length=80)


def _source() -> serializers.ChoiceField:
    return serializers.ChoiceField([borrowing.WALLET, borrowing.SUPPLY], default="wallet")


class _BorrowRequest(serializers.Serializer[Any]):
    lendingPoolId = serializers.CharField(max_length=32)
    borrowAmount = serializers.CharField(max_length=80)
    collateralAssets = serializers.ListField(child=_Collateral(), max_length=16)

    def get_fields(self) -> Any:
        return {**super().get_fields(), "source": _source()}  # `source` is a word of DRF's own


class _AddCollateral(serializers.Serializer[Any]):
    asset = _Collateral()

    def get_fields(self) -> Any:
        return {**super().get_fields(), "source": _source()}


class Supply(APIView):
    """POST pools/<id>/supply (also deposit) {amount}."""

    @idempotent
    def post(self, request: Request, pool_id: str) -> Response:
        amount = valid(_Amount, request)["amount"]
        done = supplying.supply(_user(request), pool_id, amount, now=timezone.now())
        row = {
            "positionId": done.position.id,
            "sharesReceived": plain_trimmed(done.shares),
            "amountDeposited": plain_trimmed(done.amount),
            "position": done.position.to_dict(),
        }
        return reply(row, status=201)


class Withdraw(APIView):
    """POST pools/<id>/withdraw {amount}."""

    @idempotent
    def post(self, request: Request, pool_id: str) -> Response:
        amount = valid(_Amount, request)["amount"]
        done = supplying.withdraw(_user(request), pool_id, amount, now=timezone.now())
        row = {
            "withdrawnAmount": plain_trimmed(done.amount),
            "remainingShares": plain_trimmed(done.position.shares),
            "position": done.position.to_dict(),
        }
        return reply(row)


class BorrowRequest(APIView):
    """POST borrow/request {lendingPoolId, borrowAmount, collateralAssets, source}."""

    @idempotent
    def post(self, request: Request) -> Response:
        body = valid(_BorrowRequest, request)
        collateral = {item["symbol"]: item["amount"] for item in body["collateralAssets"]}
        if len(collateral) != len(body["collateralAssets"]):
            raise errors.ValidationError({"collateralAssets": ["names an asset twice."]})
        done = borrowing.open_position(
            _user(request),
            body["lendingPoolId"],
            body["borrowAmount"],
            collateral,
            now=timezone.now(),
            source=body["source"],
        )
        return reply(_done(done, "borrowedAmount"), status=201)


class _OnPosition(APIView):
    """A POST on one of the caller's borrow positions."""

    moved = "amount"

    def act(self, user_id: str, position_id: str, body: dict[str, Any]) -> borrowing.Done:
        raise AssertionError("each address says what it does")

    body: type[serializers.Serializer[Any]] = _Amount

    @idempotent
    def post(self, request: Request, position_id: str) -> Response:
        body = valid(self.body, request)
        return reply(_done(self.act(_user(request), position_id, body), self.moved))


class Borrow(_OnPosition):
    """POST borrow/positions/<id>/borrow {amount}."""

    moved = "borrowedAmount"

    def act(self, user_id: str, position_id: str, body: dict[str, Any]) -> borrowing.Done:
        return borrowing.borrow(user_id, position_id, body["amount"], now=timezone.now())


class Repay(_OnPosition):
    """POST borrow/positions/<id>/repay {amount}."""

    moved = "repaidAmount"

    def act(self, user_id: str, position_id: str, body: dict[str, Any]) -> borrowing.Done:
        return borrowing.repay(user_id, position_id, body["amount"], now=timezone.now())


class AddCollateral(_OnPosition):
    """POST borrow/positions/<id>/add-collateral {asset: {symbol, amount}, source}."""

    moved = "addedAmount"
    body = _AddCollateral

    def act(self, user_id: str, position_id: str, body: dict[str, Any]) -> borrowing.Done:
        asset = body["asset"]
        return borrowing.add_collateral(
            user_id,
            position_id,
            asset["symbol"],
            asset["amount"],
            now=timezone.now(),
            source=body["source"],
        )


class RemoveCollateral(_OnPosition):
    """POST borrow/positions/<id>/remove-collateral {asset: {symbol, amount}}."""

    moved = "removedAmount"
    body = _AddCollateral

    def act(self, user_id: str, position_id: str, body: dict[str, Any]) -> borrowing.Done:
        asset = body["asset"]
        return borrowing.remove_collateral(
            user_id, position_id, asset["symbol"], asset["amount"], now=timezone.now()
        )


class Close(_OnPosition):
    """POST borrow/positions/<id>/close: repay everything, take all collateral back."""

    moved = "repaidAmount"
    body = serializers.Serializer

    def act(self, user_id: str, position_id: str, body: dict[str, Any]) -> borrowing.Done:
        return borrowing.close_position(user_id, position_id, now=timezone.now())


def _user(request: Request) -> str:
    return identity_of(request).user_id


def _done(done: borrowing.Done, moved: str) -> dict[str, Any]:
    row = done.position.to_dict()
    return {
        "borrowPositionId": done.position.id,
        moved: plain_trimmed(done.amount),
        "remainingDebt": row["debt"],
        "newHealthFactor": row["healthFactor"],
        "newCollateralValueUSD": row["collateralValueUSD"],
        "position": row,
    }
