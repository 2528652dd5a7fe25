"""The backstop: booked cash that buys what nobody bids for, and bears losses after reserves.

Its account in the ledger is `backstop:<asset>`, whatever asset it holds there; protocol fees that
are taken as collateral stand on `fees` until the backstop buys them for a bad debt.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from dualis import amounts, errors
from dualis.accounts import ledger, wallets
from dualis.accounts.ledger import Leg
from dualis.exact import EXACT, ZERO
from dualis.lending.liquidation_models import BackstopAccount, exact, texts
from dualis.lending.models import Pool

FEES = "fees"


def lock(asset: str) -> BackstopAccount:
    """Lock the backstop of an asset until the transaction ends; make it if it is missing."""
    BackstopAccount.objects.bulk_create([BackstopAccount(asset=asset)], ignore_conflicts=True)
    return BackstopAccount.objects.select_for_update(no_key=True).get(asset=asset)


@transaction.atomic
def fund(user_id: str, asset: str, amount: str, *, now: datetime) -> BackstopAccount:
    """Pay an amount ("max": the wallet) from a user's wallet into the backstop of an asset.

    NotFound for an asset without a pool; ValidationError, InsufficientBalance.
    """
    pool = Pool.objects.filter(asset_id=asset).first()
    if pool is None:
        raise errors.NotFound(what="pool of", id=asset)
    wallet = wallets.lock([(user_id, asset)])[user_id, asset]
    account = lock(asset)
    asked = amounts.parse(amount, pool.places)
    paid = wallet.amount if asked is None else asked
    legs = [wallets.move(wallet, -paid), move(account, asset, paid)]
    wallets.save(wallet)
    account.save()
    ledger.post("backstop", legs, now=now, user_id=user_id)
    return account


def move(account: BackstopAccount, asset: str, amount: Decimal) -> Leg:
    """Add a signed amount of any asset to a locked backstop, in memory; return the leg."""
    if asset == account.asset:
        account.cash = EXACT.add(account.cash, amount)
    else:
        held = exact(account.held)
        account.held = texts({**held, asset: EXACT.add(held.get(asset, ZERO), amount)})
    return Leg(f"backstop:{account.asset}", asset, amount)


def fee(asset: str, amount: Decimal) -> Leg:
    """Return the leg of a protocol fee that is taken in, or spent."""
    return Leg(FEES, asset, amount)
