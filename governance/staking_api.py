"""REST of staking (spec 9): what staking is, the caller's stake, and what he does with it."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dualis.accounts.permissions import user_of
from dualis.accounts.votes import DUAL
from dualis.accounts.votes_models import STAKE_WEIGHT
from dualis.api import PublicView, idempotent, reply, valid
from dualis.exact import ZERO, plain_trimmed
from dualis.lending.liquidation_models import exact
from governance import rewards, staking
from governance.staking_models import Stake
from realtime import journal, readers


class _Amount(serializers.Serializer[Any]):
    amount = serializers.CharField(max_length=80)


class Info(PublicView):
    """GET staking/info: the rules, all that is staked, and what stakers were given so far."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            everything = staking.current()
            stakers = Stake.objects.exclude(staked=ZERO).count()
        data = {
            "asset": DUAL,
            "cooldownDays": staking.COOLDOWN.days,
            "votingWeight": float(STAKE_WEIGHT),
            "feeShare": float(rewards.FEE_SHARE),
            "totalStaked": plain_trimmed(everything.total),
            "stakers": stakers,
            "rewardsShared": _amounts(exact(everything.shared)),
        }
        return reply(data, seq=at.seq, epoch=at.epoch)


class Position(APIView):
    """GET staking/position: what the caller has staked, cooling down and to claim."""

    def get(self, request: Request) -> Response:
        with readers.read_only():
            at = journal.position()
            row = position_row(user_of(request).id, timezone.now())
        return reply(row, seq=at.seq, epoch=at.epoch)


class StakeView(APIView):
    """POST staking/stake {amount}."""

    @idempotent
    def post(self, request: Request) -> Response:
        amount, now = valid(_Amount, request)["amount"], timezone.now()
        return _done(staking.stake(user_of(request).id, amount, now=now), now, status=201)


class Unstake(APIView):
    """POST staking/unstake {amount}: it cools down for 7 days."""

    @idempotent
    def post(self, request: Request) -> Response:
        amount, now = valid(_Amount, request)["amount"], timezone.now()
        return _done(staking.unstake(user_of(request).id, amount, now=now), now)


class Withdraw(APIView):
    """POST staking/withdraw: all that has cooled down."""

    @idempotent
    def post(self, request: Request) -> Response:
        now = timezone.now()
        return _done(staking.withdraw(user_of(request).id, now=now), now)


class Claim(APIView):
    """POST staking/claim: all rewards, into the wallets."""

    @idempotent
    def post(self, request: Request) -> Response:
        now = timezone.now()
        return _done(staking.claim(user_of(request).id, now=now), now)


def position_row(user_id: str, now: datetime) -> dict[str, Any]:
    """Return what a user has staked as REST shows it, also without a stake."""
    stake = Stake.objects.filter(user_id=user_id).first() or Stake(user_id=user_id)
    cooldowns = list(staking.open_cooldowns(user_id))
    cooled = [cooldown for cooldown in cooldowns if cooldown.ends_at <= now]
    earned = stake.earned_at(staking.current())
    return {
        "asset": DUAL,
        "staked": plain_trimmed(stake.staked),
        "cooling": plain_trimmed(staking.sum_of(cooldowns)),
        "withdrawable": plain_trimmed(staking.sum_of(cooled)),
        "cooldowns": [cooldown.to_dict() for cooldown in cooldowns],
        "rewards": _amounts(rewards.claimable_down(earned, staking.places())),
    }


def _done(done: staking.Done, now: datetime, *, status: int = 200) -> Response:
    row = {"moved": _amounts(done.amounts), "position": position_row(done.stake.user_id, now)}
    return reply(row, status=status, transaction=done.movement.receipt())


def _amounts(amounts: rewards.Amounts) -> list[dict[str, str]]:
    return [
        {"asset": asset, "amount": plain_trimmed(amount)}
        for asset, amount in sorted(amounts.items())
    ]
