"""The statement of a lender and a borrower sums to what their positions show, to the last unit."""

from decimal import Decimal

import pytest

from dualis.lending import borrowing, pools, supplying
from tests import lending_market as lm
from tests import world
from tests.lending_market import T0, after
from tests.people import bearer

pytestmark = pytest.mark.django_db(transaction=True)


def statement(user):
    """Return the sums of a user's entries and of what is accrued, by account."""
    body = bearer(world.token(user)).get("/v1/user/statement", {"limit": 100}).json()
    sums: dict[str, Decimal] = {}
    for row in body["data"] + body["accrued"]:
        sums[row["account"]] = sums.get(row["account"], Decimal(0)) + Decimal(row["amount"])
    return sums, body["accrued"]


def test_entries_and_what_is_accrued_sum_to_the_balances():
    lm.opened()
    lender, borrower = lm.rich("lender"), lm.rich("borrower")
    supply = supplying.supply(lender.id, "usdc-main", "500000", now=T0).position
    loan = borrowing.open_position(borrower.id, "usdc-main", "50000", {"ETH": "60"}, now=T0)
    assert statement(lender)[1] == []
    pools.run_block(after(days=40))
    for user, row, name in ((lender, supply, "balance"), (borrower, loan.position, "debt")):
        row = type(row).objects.get(id=row.id)  # without the prices it was saved with
        sums, accrued = statement(user)
        shown = Decimal(row.to_dict()[name])
        account = f"{'supply' if name == 'balance' else 'debt'}:{row.id}"
        assert abs(sums[account]) == shown and len(accrued) == 1
        assert (Decimal(accrued[0]["amount"]) > 0) == (name == "balance")
    borrowing.repay(borrower.id, loan.position.id, "100", now=after(days=41))
    assert statement(borrower)[1] == []
