"""REST of the lending market: shapes, refusals, idempotency; and the socket's rows beside it."""

import asyncio

import pytest
from channels.db import database_sync_to_async
from rest_framework.test import APIClient

from dualis.lending import borrowing, pools, supplying
from realtime import hub, journal, live
from tests import lending_market as lm
from tests import world
from tests.lending_market import T0, after, check, rich
from tests.liquidation_market import reprice
from tests.talk import run, talk
from tests.test_join import verify_join

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    lm.opened()
    yield
    check()


@pytest.fixture
def lender():
    user = rich("lender")
    supplying.supply(user.id, "usdc-main", "500000", now=T0)
    return user


@pytest.fixture
def borrower(lender):
    return rich("borrower")


def client(user=None):
    made = APIClient()
    if user:
        made.credentials(HTTP_AUTHORIZATION=f"Bearer {world.token(user)}")
    return made


def open_loan(api, amount="5000", **headers):
    body = {
        "lendingPoolId": "usdc-main",
        "borrowAmount": amount,
        "collateralAssets": [{"symbol": "ETH", "amount": "10"}],
    }
    return api.post("/v1/borrow/request", body, format="json", headers=headers)


def test_pools_are_public_sorted_filtered_and_paged(lender):
    body = client().get("/v1/pools", {"sortBy": "tvl"}).json()
    assert body["seq"] == journal.position().seq and body["pagination"]["total"] == 6
    assert body["data"][0]["poolId"] == "usdc-main"
    assert body["data"][0]["totalSupply"] == "500000" and body["data"][0]["tvlUSD"] == "500000.00"
    crypto = client().get("/v1/pools", {"assetType": "crypto", "limit": 2}).json()
    assert len(crypto["data"]) == 2 and crypto["pagination"]["hasMore"] is True
    assert client().get("/v1/pools", {"sortBy": "colour"}).status_code == 400


def test_a_pool_has_detail_and_rate_curve(lender):
    detail = client().get("/v1/pools/usdc-main").json()["data"]
    assert detail["interestRateModel"]["kink"] == 0.8
    assert detail["collateralConfig"]["liquidationThreshold"] == 0.85
    curve = client().get("/v1/pools/usdc-main/rate-curve").json()["data"]["curve"]
    assert len(curve) == 101 and curve[50]["borrowAPY"] == pytest.approx(0.056541, abs=1e-6)
    answer = client().get("/v1/pools/nowhere")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "POOL_NOT_FOUND")


def test_collateral_assets_tell_all_that_computing_takes(market):
    reprice("ETH", "2041.12345678", twap_5m="2000")
    body = client().get("/v1/borrow/collateral-assets").json()
    eth = next(row for row in body["data"] if row["symbol"] == "ETH")
    assert (eth["priceUSD"], eth["exactPriceUSD"]) == ("2041.12", "2041.12345678")
    assert (eth["capacityPriceUSD"], eth["haircut"], eth["decimals"]) == ("2000", 1.0, 18)
    assert eth["poolId"] == "eth-main" and eth["isBorrowable"] is True
    assert body["creditTiers"]["Gold"]["maxLTV"] == 0.78
    assert body["rules"] == {
        "minHealthFactorToBorrow": 1.2,
        "liquidatableBelow": 0.95,
        "minDebtUSD": "100",
    }


def test_a_person_supplies_borrows_repays_and_leaves(borrower):
    api = client(borrower)
    answer = api.post("/v1/pools/eth-main/supply", {"amount": "20"}, format="json")
    assert answer.status_code == 201 and answer.json()["data"]["amountDeposited"] == "20"
    loan = open_loan(api)
    assert loan.status_code == 201
    position = loan.json()["data"]["borrowPositionId"]
    listed = api.get("/v1/borrow/positions").json()
    assert listed["data"] == [loan.json()["data"]["position"]]
    assert listed["account"]["totalBorrowedUSD"] == "5000.01", "a debt is rounded up"
    for path, body in (
        ("borrow", {"amount": "100"}),
        ("repay", {"amount": "100"}),
        ("add-collateral", {"asset": {"symbol": "ETH", "amount": "1"}, "source": "supply"}),
        ("remove-collateral", {"asset": {"symbol": "ETH", "amount": "1"}}),
        ("close", {}),
    ):
        answer = api.post(f"/v1/borrow/positions/{position}/{path}", body, format="json")
        assert answer.status_code == 200, (path, answer.json())
    assert api.get("/v1/borrow/positions").json()["data"] == []
    out = api.post("/v1/pools/eth-main/withdraw", {"amount": "max"}, format="json").json()["data"]
    assert (out["withdrawnAmount"], out["remainingShares"]) == ("19", "0")


def test_the_pages_alias_deposit_is_the_same(lender):
    answer = client(lender).post("/v1/pools/usdc-main/deposit", {"amount": "1"}, format="json")
    assert answer.status_code == 201


def test_ten_equal_requests_with_one_key_act_once(borrower):
    api = client(borrower)
    answers = [open_loan(api, **{"Idempotency-Key": "one"}) for _ in range(10)]
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["data"]["borrowPositionId"] for a in answers}) == 1
    assert len(api.get("/v1/borrow/positions").json()["data"]) == 1
    assert open_loan(api, "6000", **{"Idempotency-Key": "one"}).status_code == 422


def test_writing_needs_a_login_and_a_full_token(borrower):
    assert open_loan(client()).status_code == 401
    stream = APIClient()
    from dualis.accounts import tokens
    from dualis.accounts.models import SessionKind

    session = world.session(borrower, kind=SessionKind.STREAM)
    stream.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.mint_stream(session, now=world.now())}")
    assert open_loan(stream).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lendingPoolId": "usdc-main"},
        {"lendingPoolId": "usdc-main", "borrowAmount": "1", "collateralAssets": "ETH"},
        {"lendingPoolId": "usdc-main", "borrowAmount": "1", "collateralAssets": [{"symbol": 1}]},
        {
            "lendingPoolId": "usdc-main",
            "borrowAmount": "1",
            "collateralAssets": [
                {"symbol": "ETH", "amount": "1"},
                {"symbol": "ETH", "amount": "2"},
            ],
        },
        {
            "lendingPoolId": "usdc-main",
            "borrowAmount": "1",
            "collateralAssets": [{"symbol": "ETH", "amount": "1"}],
            "source": "elsewhere",
        },
    ],
)
def test_a_bad_request_is_a_validation_error(borrower, body):
    answer = client(borrower).post("/v1/borrow/request", body, format="json")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


# --- the channels -------------------------------------------------------------------------------
def test_join_of_pools_after_an_operation_and_after_a_block(borrower):
    verify_join("pools", lambda: supplying.supply(borrower.id, "eth-main", "1", now=T0))
    borrowing.open_position(borrower.id, "usdc-main", "5000", {"ETH": "10"}, now=T0)
    verify_join("pools", lambda: pools.run_block(after(minutes=5)))


def test_join_of_positions_after_each_operation(borrower):
    def loan():
        borrowing.open_position(borrower.id, "usdc-main", "5000", {"ETH": "10"}, now=T0)

    verify_join(
        "positions", lambda: supplying.supply(borrower.id, "wbtc-main", "1", now=T0), borrower.id
    )
    verify_join("positions", loan, borrower.id)
    position = borrowing.BorrowPosition.objects.get(user=borrower)
    verify_join(
        "positions",
        lambda: borrowing.repay(borrower.id, position.id, "100", now=T0),
        borrower.id,
    )
    verify_join(
        "positions", lambda: borrowing.close_position(borrower.id, position.id, now=T0), borrower.id
    )


def test_the_pushed_health_factor_equals_rest_at_the_same_seq(borrower):
    token = world.token(borrower)

    async def scenario():
        async with talk() as wire:
            await wire.auth(token)
            ack, rows = await wire.subscribe("positions", seq=True)
            assert [row["kind"] for row in rows] == ["account"]
            await database_sync_to_async(borrowing.open_position)(
                borrower.id, "usdc-main", "5000", {"ETH": "10"}, now=T0
            )
            pushed = await wire.expect("data", channel="positions")
            account = await wire.expect("data", channel="positions")
            rest = await database_sync_to_async(
                lambda: client(borrower).get("/v1/borrow/positions").json()
            )()
            # the login of the client itself is one more event
            assert pushed["data"] == rest["data"][0] and account["data"] == rest["account"]

    run(scenario)


def test_positions_of_another_user_cannot_be_asked_for(borrower, lender):
    position = borrowing.open_position(
        borrower.id, "usdc-main", "5000", {"ETH": "10"}, now=T0
    ).position
    token = world.token(lender)

    async def scenario():
        async with talk() as wire:
            await wire.auth(token)
            _, rows = await wire.subscribe("positions", positions=[position.id])
            assert [row["kind"] for row in rows] == ["account"]
            await database_sync_to_async(borrowing.repay)(borrower.id, position.id, "100", now=T0)
            await wire.silence()

    run(scenario)


def test_a_price_tick_sends_live_figures_that_equal_rest(borrower):
    from dualis.lending.models import BorrowPosition

    position = borrowing.open_position(
        borrower.id, "usdc-main", "5000", {"ETH": "10"}, now=T0
    ).position
    token = world.token(borrower)
    before = BorrowPosition.objects.get(id=position.id).to_dict()

    async def scenario():
        async with talk() as wire:
            await wire.auth(token)
            await wire.subscribe("positions", seq=True)
            await database_sync_to_async(world.quote)("ETH", "1000")
            frames = [await wire.expect("data", channel="positions") for _ in range(2)]
            rows = {frame["data"].get("positionId", "account"): frame for frame in frames}
            head = await database_sync_to_async(journal.position)()
            rest = await database_sync_to_async(
                lambda: BorrowPosition.objects.get(id=position.id).to_dict()
            )()
            assert rows[position.id]["data"] == rest and rest != before
            assert rest["healthFactor"] == 1.64 and rows["account"]["seq"] == head.seq
            # a tick that changes nothing of theirs sends nothing
            await database_sync_to_async(world.quote)("CC", "0.2")
            cursor = (await database_sync_to_async(journal.position)()).seq
            async with asyncio.timeout(10):
                while hub.current().cursor < cursor or live.of(hub.current())._task:
                    await asyncio.sleep(0)
            await wire.silence()

    run(scenario)


def test_a_user_without_sockets_is_forgotten(borrower):
    token = world.token(borrower)

    async def scenario():
        async with talk() as wire:
            await wire.auth(token)
            await wire.subscribe("positions")
            await wire.subscribe("positions")
            assert live.of(hub.current())._watchers == {borrower.id: 1}
        assert live.of(hub.current())._watchers == {}

    run(scenario)
