"""A market with the asset that swings and the demo's participants, who have money, at T0."""

from dualis.accounts.models import User
from dualis.lending import supplying
from dualis.lending.models import BorrowPosition, CreditRating
from dualis.lending.participants import EMAILS
from dualis.oracle.assets import seed_assets
from tests import lending_market as lm
from tests import world
from tests.lending_market import T0, rich
from tests.liquidation_market import reprice

MONEY = {"USDC": "500000", "SWING": "20000", "ETH": "1000"}


def made() -> None:
    seed_assets(is_demo=True)
    world.quote("SWING", "10")
    lm.opened()
    for email in EMAILS:
        user = rich(email.split("@")[0], MONEY)
        User.objects.filter(id=user.id).update(email=email)
        CreditRating.objects.create(user=user, tier="Gold", assigned_at=T0)
    lender = rich("lender", MONEY)
    supplying.supply(lender.id, "usdc-main", "max", now=T0)
    supplying.supply(lender.id, "swing-demo", "max", now=T0)


def swing(price: str, mean: str | None = "10") -> None:
    """Move the asset that swings, and the mean of its last 15 minutes."""
    reprice("SWING", price, twap_15m=mean)


def loans() -> list[BorrowPosition]:
    """Return the open loans, oldest first."""
    return list(BorrowPosition.objects.filter(closed_at=None).order_by("opened_at", "id"))
