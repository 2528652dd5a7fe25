"""Participants who borrow to the limit against the demo's swinging asset, or borrow that asset.

They chase the price, as people do: against it when it is high, and itself when it is low. So its
next swing liquidates some of them, and whoever looks on sees auctions within minutes. They act
through the services (rulings, 11): no loan is opened below a health of 1.20.
"""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random

from dualis import errors
from dualis.accounts.models import User
from dualis.exact import EXACT, div_down
from dualis.lending import borrowing
from dualis.lending.models import BorrowPosition, Pool
from dualis.lending.participants import EMAILS, SWING, SWING_POOL
from dualis.oracle.models import Quote
from dualis.oracle.valuation import price_for_capacity
from dualis.retry import retried

log = logging.getLogger(__name__)

_OTHER_POOL = "usdc-main"
_RATED = EMAILS[:5]  # by `demo`; the tier of others lends too little to be in danger
AT_MOST = 8  # loans each way
HELD_FOR = timedelta(minutes=12)  # then who is left repays
_HIGH, _LOW = Decimal("1.10"), Decimal("0.88")  # of the mean of the last 15 minutes, one swing
_USD = (600, 3_000)  # collateral of a loan


def step(now: datetime) -> bool:
    """Let one participant repay an old loan, or open one where the price invites.

    Tell whether that was done.
    """
    pools = Pool.objects.in_bulk([SWING_POOL, _OTHER_POOL])
    quote = Quote.objects.filter(asset_id=SWING).first()
    if len(pools) < 2 or quote is None or quote.twap_15m is None:
        return False
    loans = [loan for loan in _loans() if is_daring(loan)]
    acts: list[Callable[[], object]] = [
        partial(borrowing.close_position, loan.user_id, loan.id, now=now)
        for loan in loans
        if loan.opened_at <= now - HELD_FOR
    ]
    swing, other = pools[SWING_POOL], pools[_OTHER_POOL]
    is_high = price_for_capacity(quote) > EXACT.multiply(quote.twap_15m, _HIGH)
    is_low = quote.price < EXACT.multiply(quote.twap_15m, _LOW)
    if is_high and sum(loan.pool_id != SWING_POOL for loan in loans) < AT_MOST:
        acts.append(partial(_open, other, swing, quote.price, now))
    if is_low and sum(loan.pool_id == SWING_POOL for loan in loans) < AT_MOST:
        acts.append(partial(_open, swing, other, other.price, now))
    return any(_attempt(act) for act in acts)


def is_daring(loan: BorrowPosition) -> bool:
    """Tell whether a loan is one of these."""
    return loan.pool_id == SWING_POOL or SWING in loan.collateral


def _open(lender: Pool, held: Pool, price: Decimal, now: datetime) -> None:
    """Open a loan of all that some collateral lends, for one who is drawn by the second."""
    draw = Random(f"loans {int(now.timestamp())}")
    user = User.objects.get(email=draw.choice(_RATED))
    amount = div_down(Decimal(draw.randint(*_USD)), price, 2)
    collateral = {held.asset_id: format(amount, "f")}
    borrowing.open_position(user.id, lender.id, "max", collateral, now=now)


def _loans() -> Iterable[BorrowPosition]:
    return BorrowPosition.objects.filter(user__email__in=EMAILS, closed_at=None).order_by("id")


def _attempt(act: Callable[[], object]) -> bool:
    try:
        retried(act)
    except errors.DomainError as error:
        log.debug("a participant was refused: %s", error.message)
        return False
    return True
