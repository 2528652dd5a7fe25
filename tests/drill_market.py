"""The market of the drills, in a process of its own on the database of a site.

`python -m tests.drill_market people` opens it, with eight people who have money and two loans each,
and prints a token for each.
`python -m tests.drill_market audit` holds the sentences of the ledger against one snapshot after
the other until its input ends, then once more, and prints how many it has seen.
"""

import json
import os
import select
import sys
from datetime import UTC, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dualis.settings")

import django

django.setup()

from dualis.accounts import tokens  # noqa: E402
from dualis.lending import borrowing, supplying  # noqa: E402
from realtime import readers  # noqa: E402
from tests import lending_market, world  # noqa: E402

PEOPLE = 8
LOANS = ("3000", "11000")  # one with room to borrow and repay, one that a fall liquidates
MONEY = {"USDC": "500000", "ETH": "400", "wBTC": "20"}


def people() -> None:
    tokens.ACCESS_LIFETIME = timedelta(hours=6)  # of the longest drill, on the slowest machine
    now = datetime.now(UTC)
    lending_market.opened(now=now)
    lender = lending_market.rich("lender", now=now)
    for pool_id, amount in (("usdc-main", "400000"), ("eth-main", "90"), ("wbtc-main", "9")):
        supplying.supply(lender.id, pool_id, amount, now=now)
    made = [lending_market.rich(f"person{n}", MONEY, now=now) for n in range(PEOPLE)]
    for user in made:
        for amount in LOANS:
            borrowing.open_position(user.id, "usdc-main", amount, {"ETH": "11"}, now=now)
    print(json.dumps({user.id: world.token(user) for user in made}))


def audit() -> None:
    looks, is_last = 0, False
    while not is_last:
        is_last = bool(select.select([sys.stdin], [], [], 0)[0])
        with readers.read_only():
            lending_market.check()
        looks += 1
    print(looks)


if __name__ == "__main__":
    {"people": people, "audit": audit}[sys.argv[1]]()
