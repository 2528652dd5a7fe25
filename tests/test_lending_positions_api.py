"""REST of positions as they are: lists by pool and status, one of each, the caller's own alone."""

import pytest
from rest_framework.test import APIClient

from dualis.lending import borrowing, supplying
from realtime import journal
from tests import lending_market as lm
from tests import world
from tests.lending_market import T0, after, rich
from tests.people import bearer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def user():
    lm.opened()
    return rich("ada")


@pytest.fixture
def api(user):
    return bearer(world.token(user))


@pytest.fixture
def supplies(user):
    """Return the open one of USDC, the open one of ETH and a closed one of ETH."""
    closed = supplying.supply(user.id, "eth-main", "1", now=T0).position
    supplying.withdraw(user.id, "eth-main", "max", now=T0)
    usdc = supplying.supply(user.id, "usdc-main", "20000", now=after(hours=1)).position
    eth = supplying.supply(user.id, "eth-main", "2", now=after(hours=2)).position
    return usdc.id, eth.id, closed.id


@pytest.fixture
def loans(user, supplies):
    """Return an open loan and a closed one."""
    opened, closed = (
        borrowing.open_position(
            user.id, "usdc-main", "5000", {"ETH": "10"}, now=after(hours=hour)
        ).position.id
        for hour in (3, 4)
    )
    borrowing.close_position(user.id, closed, now=after(hours=5))
    return opened, closed


def ids(answer):
    assert answer.status_code == 200, answer.json()
    return [row["positionId"] for row in answer.json()["data"]]


def test_supplies_are_listed_by_pool_and_status(api, supplies):
    usdc, eth, closed = supplies

    def listed(**query):
        return ids(api.get("/v1/supply/positions", query))

    assert listed() == listed(status="open") == [usdc, eth]
    assert listed(status="closed") == [closed]
    assert listed(status="all") == [closed, usdc, eth]
    assert listed(status="all", pool="eth-main") == [closed, eth]
    assert listed(pool="nowhere") == []
    assert listed(limit=1, page=2) == listed(limit=1, offset=1) == [eth]
    refused = api.get("/v1/supply/positions", {"status": "late"})
    assert refused.status_code == 400


def test_loans_are_listed_by_pool_and_status_with_the_account_of_the_open_ones(api, loans):
    opened, closed = loans

    def answer(**query):
        return api.get("/v1/borrow/positions", query)

    assert ids(answer()) == [opened] and ids(answer(status="closed")) == [closed]
    assert ids(answer(status="all")) == [opened, closed]
    assert ids(answer(pool="eth-main")) == []
    accounts = [answer(**query).json()["account"] for query in ({}, {"status": "closed"})]
    assert accounts[0] == accounts[1] and accounts[0]["healthFactor"]
    assert answer(status="closed").json()["data"][0]["status"] == "closed"


def test_lists_say_where_they_stand(api, loans):
    for path, total in (("supply", 3), ("borrow", 2)):
        body = api.get(f"/v1/{path}/positions", {"status": "all", "limit": 1}).json()
        assert body["pagination"] == {
            "total": total,
            "limit": 1,
            "offset": 0,
            "page": 1,
            "totalPages": total,
            "hasMore": True,
        }
        at = journal.position()
        assert (body["seq"], body["epoch"]) == (at.seq, at.epoch)
        assert api.get(f"/v1/{path}/positions").json()["pagination"]["limit"] == 100


def test_one_supply_is_found_by_its_pool_and_by_its_own_id(api, supplies):
    usdc, eth, closed = supplies
    for wanted, found in (("eth-main", eth), (usdc, usdc), (closed, closed)):
        body = api.get(f"/v1/supply/positions/{wanted}").json()
        assert body["data"]["positionId"] == found and body["seq"] == journal.position().seq
    assert body["data"]["status"] == "closed"
    answer = api.get("/v1/supply/positions/wbtc-main")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "POSITION_NOT_FOUND")


def test_one_loan_is_the_row_of_the_list(api, loans):
    opened, closed = loans
    body = api.get(f"/v1/borrow/positions/{opened}").json()
    assert body["data"] == api.get("/v1/borrow/positions").json()["data"][0]
    assert api.get(f"/v1/borrow/positions/{closed}").json()["data"]["status"] == "closed"


def test_positions_of_another_user_do_not_exist(loans, supplies):
    stranger = bearer(world.token(rich("eve")))
    for path in (f"borrow/positions/{loans[0]}", f"supply/positions/{supplies[0]}"):
        answer = stranger.get(f"/v1/{path}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "POSITION_NOT_FOUND")
    assert ids(stranger.get("/v1/supply/positions", {"status": "all"})) == []
    for path in ("supply/positions", "supply/positions/usdc-main", "borrow/positions/x"):
        assert APIClient().get(f"/v1/{path}").status_code == 401
