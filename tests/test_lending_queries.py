"""What an operation over REST costs the database: so many statements, and no more."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dualis.accounts.money import Wallet
from dualis.lending import borrowing, supplying
from tests import lending_market as lm
from tests import world
from tests.lending_market import T0
from tests.people import bearer

pytestmark = pytest.mark.django_db

# The log-in, the transaction with the request's key and a savepoint, seven locks and look-ups (ten
# for a loan), the wallet, the movement with its entries, three rows, their journal, the totals.
SINGLY = {"supply": 24, "withdraw": 24, "borrow": 26, "repay": 26}
# On PostgreSQL most go together: log-in, begin, key, what is seen, locks, writes, journal, end.
TRIPS = 8


@pytest.mark.parametrize("operation", SINGLY)
def test_an_operation_takes_no_more_statements_than_this(operation):
    lm.opened()
    user = lm.rich("ada")
    supplying.supply(user.id, "usdc-main", "500000", now=T0)
    loan = borrowing.open_position(user.id, "usdc-main", "5000", {"ETH": "10"}, now=T0).position
    address = {
        "supply": "/v1/pools/usdc-main/supply",
        "withdraw": "/v1/pools/usdc-main/withdraw",
        "borrow": f"/v1/borrow/positions/{loan.id}/borrow",
        "repay": f"/v1/borrow/positions/{loan.id}/repay",
    }[operation]
    api = bearer(world.token(user))
    for key in ("first", "second"):  # the first one builds what is built once
        with CaptureQueriesContext(connection) as queries:
            answer = api.post(
                address, {"amount": "10"}, format="json", headers={"Idempotency-Key": key}
            )
        assert answer.status_code in (200, 201), answer.content
    most = TRIPS if connection.vendor == "postgresql" else SINGLY[operation]
    sent = [query["sql"][:80] for query in queries if query["sql"]]  # no savepoint that waits
    assert len(sent) <= most, sent


def test_a_loan_leaves_the_wallet_of_its_collateral_alone():
    lm.opened()
    user = lm.rich("ada")
    supplying.supply(user.id, "usdc-main", "500000", now=T0)
    loan = borrowing.open_position(user.id, "usdc-main", "5000", {"ETH": "10"}, now=T0).position
    with CaptureQueriesContext(connection) as queries:
        borrowing.borrow(user.id, loan.id, "10", now=T0)
    table = Wallet._meta.db_table
    assert sum(query["sql"].startswith(f'UPDATE "{table}"') for query in queries) == 1
