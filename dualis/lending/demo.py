"""The demo market: what marked participants and the demo users hold, lend and owe (rulings, 11).

Every total comes from an operation of the services, every deposit is an audited booking.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from dualis import errors
from dualis.accounts import demo, wallets
from dualis.accounts.models import User
from dualis.exact import EXACT, ZERO, mul_down
from dualis.lending import backstop, borrowing, staff, supplying
from dualis.lending.models import Pool
from dualis.lending.participants import EMAILS, SWING_POOL, TARGETS, collateral_for
from dualis.lending.seed import seed_pools
from dualis.lending.terms import CreditTier
from dualis.oracle.models import Asset

log = logging.getLogger(__name__)

MEMO = "demo"
STAFF = "admin@dualis.finance"
_MAJOR, _MINOR = Decimal("0.6"), Decimal("0.4")  # parts of a pool's totals
_POCKET = Decimal("0.02")  # of a pool's supply, that each participant has to move
_BACKSTOP = Decimal("0.01")  # of a pool's supply, paid by the first participant

# pool -> the participants (from 0) that supply the major and the minor part
_SUPPLIERS = {
    "usdc-main": (0, 1),
    "wbtc-main": (1, 2),
    "eth-main": (2, 0),
    "cc-main": (0, 2),
    "tbill-2026": (1, 0),
    "spy-2026": (2, 1),
}
# pool -> (participant, pool of the collateral) of the major and the minor loan
_BORROWERS = {
    "usdc-main": ((3, "eth-main"), (4, "tbill-2026")),
    "wbtc-main": ((4, "usdc-main"), (5, "usdc-main")),
    "eth-main": ((5, "usdc-main"), (3, "wbtc-main")),
    "cc-main": ((3, "usdc-main"), (4, "eth-main")),
    "tbill-2026": ((4, "wbtc-main"), (5, "usdc-main")),
    "spy-2026": ((5, "usdc-main"), (3, "eth-main")),
}
_TIERS = dict.fromkeys(range(5), CreditTier.GOLD) | {3: CreditTier.DIAMOND}
_COVERS = {3: Decimal("1.9"), 4: Decimal("2.1"), 5: Decimal("2.4")}

_WALLETS: dict[str, dict[str, int]] = {
    "demo@dualis.finance": {"USDC": 150_000, "ETH": 60, "wBTC": 2, "CC": 10_000},
    "supplier@dualis.finance": {"USDC": 1_000_000, "T-BILL-2026": 2_000},
    "trader@dualis.finance": {"USDC": 250_000, "ETH": 50},
    "institutional@dualis.finance": {"USDC": 25_000_000, "wBTC": 200, "T-BILL-2026": 50_000},
}
_SUPPLIES = (
    ("demo@dualis.finance", "usdc-main", "50000"),
    ("demo@dualis.finance", "eth-main", "20"),
    ("supplier@dualis.finance", "usdc-main", "400000"),
    ("supplier@dualis.finance", "tbill-2026", "1000"),
)
_SWING_EACH, _SWING_SUPPLY, _SWING_BACKSTOP = Decimal(20_000), "50000", "2000"
_LOAN = ("demo@dualis.finance", "usdc-main", "8000", {"ETH": "10"})


class _Supply(NamedTuple):
    user_id: str
    pool: Pool
    amount: Decimal


class _Loan(NamedTuple):
    user_id: str
    pool: Pool
    amount: Decimal
    asset: str
    collateral: Decimal


@transaction.atomic
def make_demo_market(now: datetime) -> bool:
    """Open the pools, make the participants and let them and the demo users act.

    Changes nothing and returns False where the participants exist. Refuses in production. What an
    oracle without live prices refuses is left out.
    """
    if settings.IS_PRODUCTION:
        raise ImproperlyConfigured("the demo market is for development")
    seed_pools(now)
    if User.objects.filter(email__in=EMAILS).exists():
        return False
    users = demo.make_demo_users(now)
    actor = users[STAFF]
    people = _participants(now)
    for number, tier in _TIERS.items():
        staff.assign_tier(people[number].id, tier.value, actor=actor, address="", now=now)
    pools = Pool.objects.in_bulk(list(TARGETS))
    supplies, loans = _supplies(people, pools), _loans(people, pools)
    pay_in(_needs(people, pools, supplies, loans), actor, now)
    pay_in(
        {
            (users[email].id, asset): Decimal(amount)
            for email, held in _WALLETS.items()
            for asset, amount in held.items()
        },
        actor,
        now,
    )
    for row in supplies:
        amount = format(row.amount, "f")
        _attempt(supplying.supply, row.user_id, row.pool.id, amount, now=now)
    for email, pool_id, text in _SUPPLIES:
        _attempt(supplying.supply, users[email].id, pool_id, text, now=now)
    for loan in loans:
        collateral = {loan.asset: format(loan.collateral, "f")}
        amount = format(loan.amount, "f")
        _attempt(borrowing.open_position, loan.user_id, loan.pool.id, amount, collateral, now=now)
    for pool in pools.values():
        covered = format(_part(pool, TARGETS[pool.id][0], _BACKSTOP), "f")
        _attempt(backstop.fund, people[0].id, pool.asset_id, covered, now=now)
    _add_swing(people, actor, now)
    email, pool_id, text, held = _LOAN
    _attempt(borrowing.open_position, users[email].id, pool_id, text, held, now=now)
    return True


def _add_swing(people: list[User], actor: User, now: datetime) -> None:
    """Give the participants of the asset that swings, if the market has it, and fill its pool."""
    pool = Pool.objects.filter(id=SWING_POOL).first()
    if pool is None:
        return
    first = people[0].id
    needs = {(user.id, pool.asset_id): _SWING_EACH for user in people}
    needs[first, pool.asset_id] += Decimal(_SWING_SUPPLY) + Decimal(_SWING_BACKSTOP)
    pay_in(needs, actor, now)
    _attempt(supplying.supply, first, pool.id, _SWING_SUPPLY, now=now)
    _attempt(backstop.fund, first, pool.asset_id, _SWING_BACKSTOP, now=now)


def _participants(now: datetime) -> list[User]:
    """Make the marked participants; nobody can sign in as one."""
    people = []
    for number, email in enumerate(EMAILS, start=1):
        user = User(
            email=email, display_name=f"Simulated {number}", email_verified_at=now, created_at=now
        )
        user.set_unusable_password()
        user.save(force_insert=True)
        people.append(user)
    return people


def _supplies(people: list[User], pools: dict[str, Pool]) -> list[_Supply]:
    return [
        _Supply(people[number].id, pool, _part(pool, TARGETS[pool.id][0], part))
        for pool in pools.values()
        for number, part in zip(_SUPPLIERS[pool.id], (_MAJOR, _MINOR), strict=True)
    ]


def _loans(people: list[User], pools: dict[str, Pool]) -> list[_Loan]:
    loans = []
    for pool in pools.values():
        parts = (_MAJOR, _MINOR)
        for (number, other_id), part in zip(_BORROWERS[pool.id], parts, strict=True):
            if other_id in pools:
                other = pools[other_id]
                amount = _part(pool, TARGETS[pool.id][1], part)
                collateral = collateral_for(pool, amount, other, _COVERS[number])
                loans.append(_Loan(people[number].id, pool, amount, other.asset_id, collateral))
    return loans


def _needs(
    people: list[User], pools: dict[str, Pool], supplies: list[_Supply], loans: list[_Loan]
) -> dict[tuple[str, str], Decimal]:
    """Return what each participant pays in by asset: what is locked up, and a pocket."""
    needs: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
    for pool in pools.values():
        for user in people:
            needs[user.id, pool.asset_id] = _part(pool, TARGETS[pool.id][0], _POCKET)
    for supply in supplies:
        key = supply.user_id, supply.pool.asset_id
        needs[key] = EXACT.add(needs[key], supply.amount)
    for loan in loans:
        key = loan.user_id, loan.asset
        needs[key] = EXACT.add(needs[key], loan.collateral)
    return needs


def pay_in(needs: Mapping[tuple[str, str], Decimal], actor: User, now: datetime) -> None:
    """Book audited deposits, by user id and asset."""
    places = dict(Asset.objects.values_list("symbol", "decimals"))
    for (user_id, asset), amount in needs.items():
        wallets.deposit(
            user_id,
            asset,
            amount,
            places=places[asset],
            actor=actor,
            address="",
            now=now,
            memo=MEMO,
        )


def _part(pool: Pool, whole: Decimal, part: Decimal) -> Decimal:
    return mul_down(whole, part, pool.places)


def _attempt(act: Callable[..., object], *args: object, now: datetime) -> None:
    try:
        act(*args, now=now)
    except errors.DomainError as error:
        log.info("left out of the demo market: %s", error.message)
