"""A backstop that holds seized collateral, and the auctions that sell it."""

from decimal import Decimal

from django.db import transaction

from dualis.accounts import ledger, wallets
from dualis.lending import backstop, resales
from dualis.lending.models import BackstopAccount, Resale
from tests.lending_market import T0, after, rich


def stocked(amount: str, symbol: str = "ETH", *, asset: str = "USDC", name: str = "giver") -> None:
    """Let the backstop of an asset hold an amount of another, booked as it should be."""
    giver = rich(name, {symbol: amount})
    with transaction.atomic():
        wallet = wallets.lock([(giver.id, symbol)])[giver.id, symbol]
        account = backstop.lock(asset)
        legs = [
            wallets.move(wallet, -Decimal(amount)),
            backstop.move(account, symbol, Decimal(amount)),
        ]
        wallets.save(wallet)
        account.save()
        ledger.post("backstop", legs, now=T0)


def opened_lot(amount: str = "10", symbol: str = "ETH", *, asset: str = "USDC") -> Resale:
    """Return the auction of what a backstop was just given, opened at T0."""
    stocked(amount, symbol, asset=asset)
    resales.run(T0)
    return Resale.objects.get()


def run_to(seconds: int, since: int = 0, step: int = 30) -> None:
    """Tick from `since` to `seconds` after T0, often enough that no tick is an outage."""
    for moment in [*range(since + step, seconds, step), seconds]:
        resales.run(after(seconds=moment))


def backstop_of(asset: str = "USDC") -> BackstopAccount:
    return BackstopAccount.objects.get(asset=asset)
