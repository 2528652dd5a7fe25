"""Orders a second on the embedded venue: matched in memory, and through `POST /exchange`.

Over HTTP each is a committed transaction of PostgreSQL: by turns an order that rests, one that buys
from a maker and one that sells to him, of traders known by session or by signature. Each trader has
an address of his own, for the limit counts by address. Signatures are made before the clock runs.
"""

import json
import random
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from http.client import HTTPConnection
from itertools import count, cycle
from pathlib import Path
from typing import Any

from bench.load import CLIENTS, OTHER_CORE, made, measure, pinned, serving
from bench.table import Row
from dualis.trading import signing
from dualis.trading.orderbook import Order, OrderBook, Side, Tif
from tests.process import Site
from tests.servers import postgres

TRADERS_EACH = 20
SIGNED_EACH = 30  # orders that a trader has signed beforehand
MATCHED = 50_000
LEVELS, OWNERS = 400, 50
ETH = "00020001"

_TRADERS = f"""
import json
from datetime import UTC, datetime
from decimal import Decimal
from django.db import transaction
from eth_account import Account
from dualis.accounts import sessions, tokens
from dualis.accounts.devices import Device
from dualis.accounts.models import SessionKind, User
from dualis.oracle.models import Quote
from dualis.trading import money
now, traders = datetime.now(UTC), []
for number in range({CLIENTS * TRADERS_EACH}):
    user = User(email=f"load-{{number}}@example.com", email_verified_at=now)
    user.save(force_insert=True)
    with transaction.atomic():
        session = sessions.open_session(user, Device(), kind=SessionKind.API, now=now)
    key = f"0x{{number + 1:064x}}"
    with transaction.atomic():
        address = Account.from_key(key).address.lower()
        account = money.open_account(address, now=now, user_id=user.id)
        money.deposit(account.name, "USDC", Decimal(100_000), now=now)
    traders.append([tokens.mint_access(session, now=now), key])
print("RESULT" + json.dumps([str(Quote.objects.get(pk="ETH").price), traders]))
"""


class Trader:
    """Somebody with an address, who places one order after another."""

    def __init__(self, number: int, token: str, key: str, mark: Decimal) -> None:
        self.headers = {
            "Content-Type": "application/json",
            "X-Forwarded-For": f"10.0.{number // 250}.{number % 250 + 1}",
        }
        self._token, self._key = token, key
        rest = _order(True, str(round(mark * Decimal("0.97"))), "Gtc")
        self._actions = cycle([rest, _order(True, "0", "Ioc"), _order(False, "0", "Ioc")])
        self._nonces = count(int(time.time() * 1000) - 1_000_000)
        self._signed: Iterator[str] = iter(())

    def sign(self) -> None:
        """Sign what is placed from here on; from here on nobody is logged in."""
        bodies = []
        for action, nonce in zip(self._actions, self._nonces, strict=False):
            message = signing.action_message(action, nonce)
            signature = signing.sign(message, self._key)
            bodies.append(json.dumps({"action": action, "nonce": nonce, "signature": signature}))
            if len(bodies) == SIGNED_EACH:
                break
        self._signed, self._token = iter(bodies), ""

    def act(self, wire: HTTPConnection) -> int:
        """Place the next order; an order that is rejected counts as refused."""
        headers = self.headers
        if self._token:
            body = json.dumps({"action": next(self._actions), "nonce": next(self._nonces)})
            headers = {**headers, "Authorization": f"Bearer {self._token}"}
        else:
            body = next(self._signed)
        wire.request("POST", "/exchange", body, headers)
        answer = wire.getresponse()
        told = json.loads(answer.read())
        if answer.status == 200 and "error" in told["response"]["data"]["statuses"][0]:
            return 422
        return answer.status


def run() -> list[Row]:
    with pinned(OTHER_CORE):
        rows = [_matched()]
        with postgres() as url, tempfile.TemporaryDirectory() as folder:
            site = Site(
                Path(folder), DATABASE_URL=url, LOG_LEVEL="WARNING", TRUSTED_PROXIES="127.0.0.1/32"
            )
            return rows + _placed(site)


def _placed(site: Site) -> list[Row]:
    site.seed()
    price, made_traders = made(site, _TRADERS)
    mark = Decimal(price)
    traders = [Trader(n, token, key, mark) for n, (token, key) in enumerate(made_traders)]
    with serving(site) as server:
        by_session = measure(site.port, server, traders)
        for trader in traders:
            trader.sign()
        signed = measure(site.port, server, traders)
    return [
        *by_session.rows("orders over HTTP, by session", "order by session", "150 /s"),
        *signed.rows("orders over HTTP, signed", "signed order", "100 /s"),
    ]


def _matched() -> Row:
    """Match a stream of orders in one book: two in five take, and one in five is cancelled."""
    dice, book = random.Random(7), OrderBook()
    positions: dict[str, Decimal] = {}
    stream = []
    for number in range(MATCHED):
        side = dice.choice([Side.BUY, Side.SELL])
        takes = dice.random() < 0.4
        away = -LEVELS if takes else dice.randint(1, LEVELS)
        price = Decimal(20_000 + (-away if side is Side.BUY else away))
        size = Decimal(dice.randint(1, 50)).scaleb(-2)
        tif = Tif.IOC if takes else Tif.GTC
        owner = f"0x{dice.randint(1, OWNERS):040x}"
        stream.append(Order(str(number), owner, side, price, size, tif))
    started, trades = time.perf_counter(), 0
    for number, order in enumerate(stream):
        trades += len(book.submit(order, positions).trades)
        if number % 5 == 4:
            book.cancel(str(number - number // 2))
    seconds = time.perf_counter() - started
    how = f"{MATCHED} orders, {trades} trades, {len(book)} rest at the end; no database"
    return Row("orders matched in memory", f"{MATCHED / seconds:,.0f} /s", "5,000 /s", how)


def _order(is_buy: bool, price: str, tif: str) -> dict[str, Any]:
    order = {"a": ETH, "b": is_buy, "p": price, "s": "0.01", "t": {"limit": {"tif": tif}}}
    return {"type": "order", "orders": [order]}
