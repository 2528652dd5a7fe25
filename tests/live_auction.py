"""An auction in a market that is being served: a loan, and terms that it no longer meets.

Each function is run in a process of its own, beside the server and on its database.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from dualis.accounts import wallets
from dualis.accounts.models import User
from dualis.lending import borrowing, pools
from dualis.lending.view import View
from dualis.oracle.models import Quote

BORROWER = "institutional@dualis.finance"
POOL = "cc-main"  # nobody else in the demo has its asset as collateral
HEALTH = Decimal("0.92")


def open_one() -> None:
    """Borrow against CC, and lower what CC counts for until the loan's health is 0.92."""
    now = timezone.now()
    user = User.objects.get(email=BORROWER)
    wallets.faucet(user.id, now)
    made = borrowing.open_position(user.id, "usdc-main", "max", {"CC": "10000"}, now=now)
    held, owed = made.position.held()["CC"], made.position.principal
    price = Quote.objects.get(asset_id="CC").price
    _count_for(Decimal("0.2"), owed * HEALTH / (held * price), now)


def end() -> None:
    """Let CC count for what it did."""
    _count_for(Decimal("0.55"), Decimal("0.65"), timezone.now())


@transaction.atomic
def _count_for(ltv: Decimal, threshold: Decimal, now: datetime) -> None:
    """Change the ratios at once, which no service does: they ramp for whom it is serious."""
    pool = pools.lock([POOL], now)[POOL]
    pool.ltv, pool.threshold = ltv, threshold
    pools.publish([pool], View.read(now), "params")
