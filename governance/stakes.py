"""The row of all stakes and its lock, for those who stake and for what is shared among them."""

from dualis.oracle.models import Asset
from governance.staking_models import Staking

REWARDS = "rewards"  # the ledger's account of what stakers can claim


def lock() -> Staking:
    """Lock the row of all stakes until the transaction ends; make it if it is missing."""
    Staking.objects.bulk_create([Staking()], ignore_conflicts=True)
    return Staking.objects.select_for_update(no_key=True).get(id=1)


def places() -> dict[str, int]:
    """Return the decimals of every asset."""
    return dict(Asset.objects.values_list("symbol", "decimals"))
