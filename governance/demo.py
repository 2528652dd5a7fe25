"""The demo's DUAL: who holds, stakes and delegates it, and the treasury's (rulings, 11).

It was all booked a month ago: voting power is judged by what was held 24 h before (rulings, 22).
"""

from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from dualis.accounts import votes
from dualis.accounts.models import User
from dualis.accounts.votes import DUAL
from dualis.lending.demo import STAFF, pay_in
from dualis.lending.participants import EMAILS
from governance import staking, treasury
from governance.staking_models import Stake

HELD_FOR = timedelta(days=30)
STAKED_FOR = timedelta(days=14)

# A quorum is a tenth of a billion: no participant has it alone, and the first two do.
_PARTICIPANTS = (90_000_000, 70_000_000, 60_000_000, 55_000_000, 30_000_000, 15_000_000)
_HELD = {
    **dict(zip(EMAILS, _PARTICIPANTS, strict=True)),
    "demo@dualis.finance": 5_000,
    "supplier@dualis.finance": 50_000,
    "trader@dualis.finance": 12_000,
    "institutional@dualis.finance": 2_000_000,
}
_STAKED = {
    EMAILS[2]: "20000000",
    EMAILS[3]: "25000000",
    "demo@dualis.finance": "2000",
    "institutional@dualis.finance": "500000",
}
TREASURY = Decimal(1_000_000)  # paid by the first participant
_DELEGATES = {"supplier@dualis.finance": "institutional@dualis.finance"}


@transaction.atomic
def make_demo_governance(now: datetime) -> bool:
    """Give the people of the demo market and the treasury their DUAL; let some stake and delegate.

    Changes nothing and returns False where somebody has staked. Refuses in production.
    """
    if settings.IS_PRODUCTION:
        raise ImproperlyConfigured("the demo's DUAL is for development")
    if Stake.objects.exists():
        return False
    people = User.objects.in_bulk([STAFF, *_HELD], field_name="email")
    held = {(people[email].id, DUAL): Decimal(amount) for email, amount in _HELD.items()}
    pay_in(held, people[STAFF], now - HELD_FOR)
    for email, amount in _STAKED.items():
        staking.stake(people[email].id, amount, now=now - STAKED_FOR)
    for email, other in _DELEGATES.items():
        votes.delegate(people[email].id, people[other].id, now=now - STAKED_FOR)
    treasury.fund(people[EMAILS[0]].id, DUAL, TREASURY, now=now - STAKED_FOR)
    return True
