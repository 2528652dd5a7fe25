"""People with DUAL, liquidations whose fees can be shared, and the sentences of staking."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis.accounts import ledger, votes, wallets
from dualis.accounts.ledger import OUTSIDE, Leg
from dualis.accounts.models import User
from dualis.accounts.money import Entry, Wallet
from dualis.accounts.votes_models import VotingPower
from dualis.exact import EXACT, ZERO
from dualis.lending.liquidation_models import SETTLED, Liquidation
from dualis.lending.models import BorrowPosition
from governance import staking
from governance.models import Cooldown, Stake
from tests import lending_market as lm
from tests.lending_market import T0
from tests.people import make_user


def holder(name: str, amount: str = "1000", now: datetime = T0) -> User:
    """Return a user with DUAL in the wallet."""
    user = make_user(f"{name}@example.com", id=f"usr_{name:0>6}")
    with transaction.atomic():
        wallet = wallets.lock([(user.id, "DUAL")])[user.id, "DUAL"]
        legs = [wallets.move(wallet, Decimal(amount)), Leg(OUTSIDE, "DUAL", -Decimal(amount))]
        wallets.save(wallet, now=now)
        ledger.post("deposit", legs, now=now)
    return user


def settled(position: BorrowPosition, fees: dict[str, str], now: datetime = T0) -> Liquidation:
    """Return a liquidation that ended with these fees, booked as if it had earned them."""
    row = Liquidation.objects.create(
        position=position,
        pool=position.pool,
        status=SETTLED,
        opened_tier="SoftLiquidation",
        tier="SoftLiquidation",
        opened_at=now,
        opened_with=Decimal(1),
        health_before=Decimal("0.9"),
        fees=fees,
        settled_at=now,
    )
    with transaction.atomic():
        legs = []
        for asset, amount in fees.items():
            legs += [Leg("fees", asset, Decimal(amount)), Leg(OUTSIDE, asset, -Decimal(amount))]
        ledger.post("liquidation", legs, now=now, memo=row.id)
    return row


def booked() -> dict[tuple[str, str], Decimal]:
    """Return the balance of every account by asset."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for account, asset, amount in Entry.objects.values_list("account", "asset", "amount"):
        sums[account, asset] = EXACT.add(sums[account, asset], amount)
    return sums


def check() -> None:
    """Hold the sentences of staking against the database, exactly."""
    sums, everything = booked(), staking.current()
    total, earned = ZERO, dict.fromkeys(everything.indices, ZERO)
    for stake in Stake.objects.all():
        assert sums[f"stake:{stake.user_id}", "DUAL"] == stake.staked >= 0
        total = EXACT.add(total, stake.staked)
        cooling = staking.sum_of(list(Cooldown.objects.filter(stake=stake, withdrawn_at=None)))
        assert sums[f"cooling:{stake.user_id}", "DUAL"] == cooling
        for asset, amount in stake.earned_at(everything).items():
            earned[asset] = EXACT.add(earned[asset], amount)
    assert everything.total == total
    for asset, amount in earned.items():
        assert ZERO <= amount <= sums["rewards", asset]
    for power in VotingPower.objects.all():
        wallet = Wallet.objects.filter(user_id=power.user_id, asset="DUAL").first()
        own = Stake.objects.filter(user_id=power.user_id).first()
        assert power.liquid == (wallet.amount if wallet else ZERO)
        assert power.staked == (own.staked if own else ZERO)
    for user in User.objects.all():
        for row in wallets.balances(user.id):
            assert sums[wallets.account_of(user.id), row.asset] == row.amount >= 0


def power(user: User, now: datetime) -> Decimal:
    return votes.power_at(user.id, now)


wallet = lm.wallet
