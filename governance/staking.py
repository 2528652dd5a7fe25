"""Staking of DUAL: putting it in, the cooldown on the way out, claiming what it has earned.

1. In the ledger a stake stands on `stake:<user>`, what cools down on `cooling:<user>`, and what
   stakers have earned and not claimed, with the dust of its rounding, on `rewards`.
2. Every change of a stake first settles what it has earned.

Lock order: wallets, the row of all stakes, the stake, voting power; then notices.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from dualis import amounts, errors
from dualis.accounts import ledger, votes, wallets
from dualis.accounts.ledger import Leg
from dualis.accounts.money import Movement
from dualis.accounts.votes import DUAL
from dualis.exact import EXACT, ZERO, plain_trimmed
from dualis.lending.liquidation_models import texts
from dualis.notifications import notices
from dualis.timestamps import iso_or_none
from governance import rewards, sharing
from governance.stakes import REWARDS, lock, places
from governance.staking_models import Cooldown, Stake, Staking

PLACES = 18  # decimals of DUAL
COOLDOWN = timedelta(days=7)  # Dualis 7
MOST_COOLDOWNS = 20  # open at once, of one user


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation moved, by asset, and the stake after it."""

    stake: Stake
    amounts: dict[str, Decimal]
    movement: Movement


@transaction.atomic
def stake(user_id: str, amount: str, *, now: datetime) -> Done:
    """Stake an amount ("max": the wallet) of DUAL: from now on it earns, and weighs 1.5 times.

    ValidationError, InsufficientBalance, NothingToStake.
    """
    wallet = wallets.lock([(user_id, DUAL)])[user_id, DUAL]
    sharing.share_all(now)  # what is earned so far belongs to those who stake so far
    everything, row = _lock(user_id)
    paid = _asked(amount, wallet.amount)
    leg = wallets.move(wallet, -paid)
    _add(everything, row, paid)
    wallets.save(wallet, now=now)
    votes.set_staked(user_id, row.staked, now=now)
    return _post("stake", row, [leg, _leg("stake", row, paid)], {DUAL: paid}, now)


@transaction.atomic
def unstake(user_id: str, amount: str, *, now: datetime) -> Done:
    """Let an amount ("max": all) of the stake cool down for 7 days.

    ValidationError, NothingToStake, InsufficientStake, TooManyCooldowns.
    """
    sharing.share_all(now)  # what is earned so far is his as well
    everything, row = _lock(user_id)
    taken = _asked(amount, row.staked)
    if taken > row.staked:
        raise errors.InsufficientStake(
            available=plain_trimmed(row.staked), required=plain_trimmed(taken)
        )
    if open_cooldowns(user_id).count() >= MOST_COOLDOWNS:
        raise errors.TooManyCooldowns(most=MOST_COOLDOWNS)
    _add(everything, row, -taken)
    Cooldown.objects.create(stake=row, amount=taken, started_at=now, ends_at=now + COOLDOWN)
    votes.set_staked(user_id, row.staked, now=now)
    legs = [_leg("stake", row, -taken), _leg("cooling", row, taken)]
    return _post("unstake", row, legs, {DUAL: taken}, now)


@transaction.atomic
def withdraw(user_id: str, *, now: datetime) -> Done:
    """Take everything that has cooled down back into the wallet. NothingCooled if nothing has."""
    wallet = wallets.lock([(user_id, DUAL)])[user_id, DUAL]
    _, row = _lock(user_id)
    found = list(open_cooldowns(user_id))
    cooled = [cooldown for cooldown in found if cooldown.ends_at <= now]
    if not cooled:
        raise errors.NothingCooled(nextAt=iso_or_none(found[0].ends_at if found else None))
    for cooldown in cooled:
        cooldown.withdrawn_at = now
        cooldown.save()
    taken = sum_of(cooled)
    legs = [_leg("cooling", row, -taken), wallets.move(wallet, taken)]
    wallets.save(wallet, now=now)
    return _post("withdraw_stake", row, legs, {DUAL: taken}, now)


@transaction.atomic
def claim(user_id: str, *, now: datetime) -> Done:
    """Pay what a user's stake has earned into the wallets, and tell it. NothingToClaim."""
    # What is shared for the first time after this look can be claimed the next time.
    assets = list(current().indices)
    locked = wallets.lock((user_id, asset) for asset in assets)
    everything, row = _lock(user_id)
    earned = row.earned_at(everything)
    known = {asset: amount for asset, amount in earned.items() if asset in assets}
    paid = rewards.claimable_down(known, places())
    if not paid:
        raise errors.NothingToClaim()
    left = {asset: EXACT.subtract(whole, paid.get(asset, ZERO)) for asset, whole in earned.items()}
    row.earned, row.indices = texts(left), everything.indices
    row.save()
    legs = []
    for asset, amount in paid.items():
        legs += [Leg(REWARDS, asset, -amount), wallets.move(locked[user_id, asset], amount)]
    wallets.save(*(locked[user_id, asset] for asset in paid), now=now)
    done = _post("claim", row, legs, paid, now)
    shown = {asset: plain_trimmed(amount) for asset, amount in paid.items()}
    text = ", ".join(f"{amount} {asset}" for asset, amount in shown.items())
    notices.notify(
        user_id,
        "REWARD_CLAIMED",
        title="Staking rewards claimed",
        message=f"{text} from staking came into your wallet.",
        data={"amounts": shown},
        link="/staking",
        now=now,
    )
    return done


def current() -> Staking:
    """Return the row of all stakes, unlocked; of nothing before the first one."""
    return Staking.objects.filter(id=1).first() or Staking()


def open_cooldowns(user_id: str) -> QuerySet[Cooldown]:
    """Return what a user has not withdrawn, the first to end first."""
    return Cooldown.objects.filter(stake_id=user_id, withdrawn_at=None).order_by("ends_at", "id")


def sum_of(cooldowns: list[Cooldown]) -> Decimal:
    """Return the sum of amounts that cool down."""
    total = ZERO
    for cooldown in cooldowns:
        total = EXACT.add(total, cooldown.amount)
    return total


def _lock(user_id: str) -> tuple[Staking, Stake]:
    everything = lock()
    Stake.objects.bulk_create([Stake(user_id=user_id)], ignore_conflicts=True)
    return everything, Stake.objects.select_for_update(no_key=True).get(user_id=user_id)


def _asked(text: str, available: Decimal) -> Decimal:
    amount = amounts.parse(text, PLACES)
    if amount is None and not available:
        raise errors.NothingToStake()
    return available if amount is None else amount


def _add(everything: Staking, row: Stake, amount: Decimal) -> None:
    """Settle a locked stake, change it by a signed amount, and write both rows."""
    row.earned, row.indices = texts(dict(row.earned_at(everything))), everything.indices
    row.staked = EXACT.add(row.staked, amount)
    everything.total = EXACT.add(everything.total, amount)
    row.save()
    everything.save()


def _leg(account: str, row: Stake, amount: Decimal) -> Leg:
    return Leg(f"{account}:{row.user_id}", DUAL, amount, row.user_id)


def _post(kind: str, row: Stake, legs: list[Leg], moved: dict[str, Decimal], now: datetime) -> Done:
    return Done(row, moved, ledger.post(kind, legs, now=now, user_id=row.user_id))
