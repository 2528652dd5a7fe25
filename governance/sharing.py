"""The stakers' part of protocol fees: 40 % of each settled liquidation's, booked once.

Fees of a running liquidation may still pay for its bad debt, so only settled ones are shared. The
rest stays in `fees` and belongs to the protocol, as do the fees that are shared while nobody
stakes: waiting, they would all go to whoever stakes first.
"""

from datetime import datetime

from django.db import transaction

from dualis.accounts import ledger
from dualis.accounts.ledger import Leg
from dualis.exact import EXACT, ZERO
from dualis.lending import backstop
from dualis.lending.liquidation_models import SETTLED, Liquidation, exact, texts
from dualis.notifications import notices
from dualis.retry import retried
from governance import rewards, stakes
from governance.staking_models import FeeShare, Stake, Staking

_BATCH = 100  # liquidations shared in one transaction
_TOLD = 100  # stakers told at a time: the market's clock waits for it


def run(now: datetime) -> None:
    """Share the fees of what was settled since, a batch at a time."""
    retried(lambda: share(now))


def share_all(now: datetime) -> None:
    """Share everything that is pending, in the caller's transaction: before a stake changes."""
    while share(now):
        pass


def share(now: datetime) -> list[FeeShare]:
    """Share the fees of the settled liquidations that were not shared yet, up to a batch.

    Inside a transaction. Locks the row of all stakes, which makes it the only one at a time.
    """
    everything = stakes.lock()
    found = Liquidation.objects.filter(status=SETTLED, fee_share=None)
    places = stakes.places()
    shares = [
        _share(everything, row, places, now) for row in found.order_by("settled_at", "id")[:_BATCH]
    ]
    if any(row.amounts for row in shares) and everything.told_to is None:
        everything.told_to = ""
    everything.save()
    return shares


@transaction.atomic
def tell(now: datetime) -> bool:
    """Tell the next stakers who can claim something; return whether there were any to look at.

    Their dedup window makes it once a day. Locks the row of all stakes.
    """
    everything, places = stakes.lock(), stakes.places()
    if everything.told_to is None:
        return False
    rows = list(Stake.objects.filter(pk__gt=everything.told_to).order_by("pk")[:_TOLD])
    everything.told_to = rows[-1].user_id if rows else None
    everything.save()
    due = [row for row in rows if rewards.claimable_down(row.earned_at(everything), places)]
    notices.notify_all(
        [row.user_id for row in due],
        "REWARD_CLAIMABLE",
        title="Staking rewards to claim",
        message="Your stake has earned a share of protocol fees, which you can claim.",
        link="/staking",
        now=now,
    )
    return bool(rows)


def _share(
    everything: Staking, row: Liquidation, places: dict[str, int], now: datetime
) -> FeeShare:
    indices, shared = exact(everything.indices), exact(everything.shared)
    given, legs = {}, []
    for asset, fee in exact(row.fees).items():
        part = rewards.share_down(fee, everything.total, places[asset])
        if not part.amount:
            continue
        indices[asset] = EXACT.add(indices.get(asset, ZERO), part.gain)
        shared[asset] = EXACT.add(shared.get(asset, ZERO), part.amount)
        given[asset] = part.amount
        legs += [backstop.fee(asset, -part.amount), Leg(stakes.REWARDS, asset, part.amount)]
    everything.indices, everything.shared = texts(indices), texts(shared)
    if legs:
        ledger.post("fee_share", legs, now=now, reference=row.id)
    return FeeShare.objects.create(liquidation=row, at=now, amounts=texts(given))
