"""A margin ledger for tests: marks, accounts with money, orders in one line, and its sentences."""

from decimal import Decimal

from django.db import transaction

from dualis.trading import money, orders, replay, state
from dualis.trading.desk import open_desk
from dualis.trading.models import LedgerTransaction, MarginAccount, MarginOrder
from dualis.trading.order_rules import Request
from dualis.trading.orderbook import Side, Tif
from dualis.trading.statuses import ACTIVE
from tests import world
from tests.lending_market import T0, after

MARKS = {"BTC": "60000", "ETH": "2000", "CC": "0.2", "USDC": "1"}
# as long as real ones
ADA, BOB, EVE = (f"0x{name:a>40}" for name in ("ada", "b0b", "e5e"))


def marked(**prices):
    """Set the marks, at the defaults where nothing else is said."""
    for symbol, price in {**MARKS, **prices}.items():
        world.quote(symbol, str(price))


def frozen(symbol, price=None):
    """Stop a feed: its last price stays, and nothing new may lean on it."""
    row = world.quote(symbol, str(price or MARKS[symbol]))
    row.is_tripped = True
    row.save()


@transaction.atomic
def fund(name, amount):
    """Give money to an account of the ledger's own."""
    desk = open_desk([name], T0)
    desk.post(state.DEPOSIT, name, {"asset": "USDC", "amount": amount})
    desk.save()


def account(address, usdc="10000"):
    """Open an account with money in it."""
    row = money.open_account(address, now=T0)
    if Decimal(usdc):
        money.deposit(address, "USDC", Decimal(usdc), now=T0)
    return row


def request(side, size, price=None, coin="ETH", **more):
    more.setdefault("tif", Tif.GTC)
    return Request(
        coin, Side(side), Decimal(size), None if price is None else Decimal(price), **more
    )


def place(address, side, size, price=None, **more):
    """Place one order; return what came of it."""
    (placed,) = orders.place(address, [request(side, size, price, **more)], now=after(seconds=1))
    return placed


def row(address):
    return MarginAccount.objects.get(name=address)


def position(address, coin="ETH"):
    found = row(address).value.positions.get(coin)
    return found.size if found else Decimal(0)


def check():
    """Hold the sentences of the ledger: sums, replay, orders."""
    accounts = {a.name: a.value for a in MarginAccount.objects.all()}
    deposits = Decimal(0)
    for tx in LedgerTransaction.objects.all():
        if tx.type in (state.DEPOSIT, state.TRANSFER) and tx.data["asset"] == "USDC":
            deposits += Decimal(tx.data["amount"])
        if tx.type == state.WITHDRAWAL and tx.data["status"] == "complete":
            deposits -= Decimal(tx.data["amount"]) * (tx.data["asset"] == "USDC")
    assert sum((a.usdc for a in accounts.values()), Decimal(0)) == deposits
    for coin in ("BTC", "ETH", "CC"):
        sizes = [a.positions[coin].size for a in accounts.values() if coin in a.positions]
        assert sum(sizes, Decimal(0)) == 0
    replay.verify()
    for order in MarginOrder.objects.filter(status__in=ACTIVE):
        assert 0 < order.size <= order.original_size
