"""What a bid would buy: the same as it buys, and refused where it would be."""

import pytest

from dualis.lending import resales
from dualis.lending.models import Liquidation, Market, Resale
from tests import liquidation_market as lqm
from tests.lending_market import check, rich
from tests.resale_market import stocked
from tests.test_liquidation_api import client, place
from tests.world import now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def market():
    yield lqm.opened()
    check()


@pytest.fixture
def bidder():
    return rich("bidder")


def quoted(auction_id, amount="max"):
    answer = client().get(f"/v1/liquidations/{auction_id}/quote", {"amount": amount}).json()
    return answer["data"] if "data" in answer else answer["error"]["code"]


def test_a_quote_is_what_the_bid_then_pays_and_gets(bidder):
    row = lqm.auction_at("1690")
    Liquidation.objects.filter(id=row.id).update(live_seconds=150)
    shown = quoted(row.auction_id)
    assert shown["pays"] == {"symbol": "USDC", "amount": "3750", "valueUSD": "3750.00"}
    # spec 6: 2.274408 ETH are seized at 2.5 %, of which a tenth of the bonus is the protocol's
    (part,) = shown["receives"]
    assert part["symbol"] == "ETH" and part["amount"].startswith("2.26886")
    assert part["protocolFee"].startswith("0.005547")
    assert float(shown["bonus"]) == pytest.approx(84.375, abs=1e-6)
    done = place(bidder, row).json()["data"]
    assert done["received"] == [{"symbol": "ETH", "amount": part["amount"]}]
    assert quoted(row.auction_id) == "AUCTION_ENDED"


@pytest.mark.parametrize(
    ("amount", "code"),
    [("1", "BID_TOO_SMALL"), ("4000", "BID_TOO_LARGE"), ("x", "VALIDATION_ERROR")],
)
def test_a_quote_of_what_no_bid_may_be_is_refused(amount, code):
    assert quoted(lqm.auction_at("1690").auction_id, amount) == code


def test_a_quote_is_refused_when_nothing_can_be_bid():
    assert quoted("auc_nothing") == "AUCTION_NOT_FOUND"
    row = lqm.auction_at("1690")
    lqm.reprice("ETH", "1690", is_tripped=True)
    assert quoted(row.auction_id) == "AUCTION_PAUSED"
    lqm.reprice("ETH", "3245.67", is_tripped=False)
    assert quoted(row.auction_id) == "AUCTION_ENDED", "health is above 1 again"


def test_a_quote_of_a_resale_is_what_the_bid_then_gets(bidder):
    lqm.reprice("ETH", "2000")
    stocked("10", "ETH", asset="USDC", name="giver-eth")
    resales.run(now())
    row = Resale.objects.get()
    Resale.objects.filter(id=row.id).update(live_seconds=150)
    shown = quoted(row.id, "3900")
    assert shown["receives"] == [
        {"symbol": "ETH", "amount": "2", "valueUSD": "4000.00", "protocolFee": "0"}
    ]
    assert (shown["pays"]["amount"], shown["bonus"]) == ("3900", "100")
    assert quoted(row.id, "1") == "BID_TOO_SMALL" and quoted(row.id)["pays"]["amount"] == "19500"
    row.auction_id = row.id
    assert place(bidder, row, "3900").json()["data"]["received"] == "2"
    lqm.reprice("ETH", "2000", is_tripped=True)
    assert quoted(row.id) == "AUCTION_PAUSED"
    lqm.reprice("ETH", "2000", is_tripped=False)
    assert place(bidder, row).status_code == 201 and quoted(row.id) == "AUCTION_ENDED"


def test_the_cap_of_the_bonus_is_told_while_collateral_covers_the_debt():
    row = lqm.auction_at("1550")
    address = f"/v1/liquidations/{row.id}"
    assert client().get(address).json()["data"]["bonusCap"] == pytest.approx(15_500 / 15_000 - 1)
    lqm.reprice("ETH", "1400")
    assert client().get(address).json()["data"]["bonusCap"] is None


def test_a_paused_protocol_quotes_nothing():
    row = lqm.auction_at("1690")
    Market.objects.filter(id=1).update(is_paused=True)
    assert quoted(row.auction_id) == "PROTOCOL_PAUSED"
