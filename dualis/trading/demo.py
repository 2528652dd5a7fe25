"""The demo's margin ledger: marked makers and traders, funds of the ledger's own, demo wallets.

A demo wallet's key is made from the login's address: it signs in development, and is worth nothing.
"""

import hashlib
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from eth_account import Account as Wallet

from dualis.accounts.models import User
from dualis.trading import money, quoting, state
from dualis.trading.desk import open_desk
from dualis.trading.models import LedgerTransaction
from dualis.trading.traders import TRADERS

LOGINS = {
    "demo@dualis.finance": Decimal(5_000),
    "trader@dualis.finance": Decimal(50_000),
    "institutional@dualis.finance": Decimal(1_000_000),
}
MAKER_FUNDS, TRADER_FUNDS = Decimal(10_000_000), Decimal(100_000)
SYSTEM_FUNDS = {
    state.TREASURY: Decimal(5_000_000),
    state.INSURANCE: Decimal(1_000_000),
    state.BACKSTOP: Decimal(2_000_000),
}
_MEMO = "demo"


def key_of(email: str) -> str:
    """Return the private key of a demo login's wallet."""
    return "0x" + hashlib.sha256(f"dualis demo wallet {email}".encode()).hexdigest()


def address_of(email: str) -> str:
    """Return the address of a demo login's wallet, in lower case."""
    return str(Wallet.from_key(key_of(email)).address).lower()


@transaction.atomic
def make_demo_ledger(now: datetime) -> bool:
    """Open and fund the demo's accounts; changes nothing and returns False on a ledger in use.

    Refuses in production.
    """
    if settings.IS_PRODUCTION:
        raise ImproperlyConfigured("the demo ledger is for development")
    if LedgerTransaction.objects.exists():
        return False
    for name, amount in SYSTEM_FUNDS.items():
        desk = open_desk([name], now)
        data = {"asset": "USDC", "amount": format(amount, "f"), "memo": _MEMO}
        desk.post(state.DEPOSIT, name, data)
        desk.save()
    for names, amount in ((quoting.MAKERS, MAKER_FUNDS), (TRADERS, TRADER_FUNDS)):
        for name in names:
            money.open_account(name, now=now, is_simulated=True)
            money.deposit(name, "USDC", amount, now=now, memo=_MEMO)
    users = {user.email: user for user in User.objects.filter(email__in=LOGINS)}
    for email, user in users.items():
        row = money.open_account(address_of(email), now=now, user_id=user.id)
        money.deposit(row.name, "USDC", LOGINS[email], now=now, memo=_MEMO)
    quoting.run(now)
    return True
