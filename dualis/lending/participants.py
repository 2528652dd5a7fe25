"""The marked participants of a development market, and what they do while it runs (rulings, 11).

They act through the services as anybody does, so that what they may not do is refused to them too.
"""

import logging
from datetime import datetime
from decimal import Decimal
from random import Random

from dualis import errors
from dualis.accounts.models import User
from dualis.exact import EXACT, div_up, mul_down
from dualis.lending import borrowing, supplying
from dualis.lending.models import BorrowPosition, Pool

log = logging.getLogger(__name__)

EMAILS = tuple(f"sim-{number}@dualis.finance" for number in range(1, 7))
# spec 4: a tenth of the seed pools, in units; T-BILL-2026 and SPY-2026 stand there in USD
TARGETS: dict[str, tuple[Decimal, Decimal]] = {
    "usdc-main": (Decimal(24_560_000), Decimal(17_820_000)),
    "wbtc-main": (Decimal(185), Decimal(92)),
    "eth-main": (Decimal(4_520), Decimal(2_890)),
    "cc-main": (Decimal(8_900_000), Decimal(3_420_000)),
    "tbill-2026": (Decimal(320_400), Decimal(245_300)),
    "spy-2026": (Decimal(30_440), Decimal(17_446)),
}
SWING, SWING_POOL = "SWING", "swing-demo"  # what `demo_loans` are about; no target of these acts
COVER = Decimal("2.5")  # collateral of a new loan, in multiples of its value
_SEED = "participants"
_SHARES = (5, 50)  # of 10,000 parts of the target: what one act moves
_RETURN = 0.75  # how often an act moves a total towards its target
_PLACES = 4
_TRIES = 3


def step(now: datetime) -> bool:
    """Let one participant do one small thing, of up to three tried; tell whether it was done.

    What is drawn depends on the second alone, whether a total grows on where it stands.
    """
    draw = Random(f"{_SEED} {int(now.timestamp())}")
    return any(_try(draw, now) for _ in range(_TRIES))


def collateral_for(pool: Pool, amount: Decimal, other: Pool, cover: Decimal) -> Decimal:
    """Return how much of another pool's asset is `cover` times the value of an amount."""
    value = EXACT.multiply(EXACT.multiply(amount, pool.price), cover)
    return div_up(value, other.price, min(other.places, _PLACES))


def _try(draw: Random, now: datetime) -> bool:
    """Do what is drawn; a refusal is an answer, not a fault."""
    user = User.objects.filter(email=draw.choice(EMAILS)).first()
    pool = Pool.objects.filter(id=draw.choice(sorted(TARGETS))).first()
    if user is None or pool is None:
        return False
    is_supply = draw.random() < 0.5
    target = TARGETS[pool.id][0 if is_supply else 1]
    present = pool.books.supplied if is_supply else pool.books.borrowed
    is_growth = (draw.random() < _RETURN) == (present < target)
    share = Decimal(draw.randint(*_SHARES)).scaleb(-4)
    amount = format(mul_down(target, share, min(pool.places, _PLACES)), "f")
    try:
        if is_supply:
            act = supplying.supply if is_growth else supplying.withdraw
            act(user.id, pool.id, amount, now=now)
            return True
        return (
            _lend(user.id, pool, amount, now) if is_growth else _repay(user.id, pool, amount, now)
        )
    except errors.DomainError as error:
        log.debug("a participant was refused: %s", error.message)
        return False


def _lend(user_id: str, pool: Pool, amount: str, now: datetime) -> bool:
    position = _position(user_id, pool)
    if position is not None:
        borrowing.borrow(user_id, position.id, amount, now=now)
        return True
    other_id = "eth-main" if pool.id == "usdc-main" else "usdc-main"
    other = Pool.objects.filter(id=other_id).first()
    if other is None:
        return False
    held = collateral_for(pool, Decimal(amount), other, COVER)
    collateral = {other.asset_id: format(held, "f")}
    borrowing.open_position(user_id, pool.id, amount, collateral, now=now)
    return True


def _repay(user_id: str, pool: Pool, amount: str, now: datetime) -> bool:
    position = _position(user_id, pool)
    if position is None:
        return False
    borrowing.repay(user_id, position.id, amount, now=now)
    return True


def _position(user_id: str, pool: Pool) -> BorrowPosition | None:
    own = BorrowPosition.objects.filter(user_id=user_id, pool=pool, closed_at=None)
    return own.exclude(collateral__has_key=SWING).first()
