"""The resale's price: hand-computed tables, what is refused, and what always holds."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dualis.exact import EXACT
from dualis.lending import resale
from dualis.lending.resale import Sale, Side
from dualis.lending.settlement import BidTooLarge, BidTooSmall

D = Decimal
USDC, ETH = Side(D(1), 6), Side(D(1690), 18)


def sale(seconds=0, lot="10", left=None, *, sold=ETH, paid=USDC, discount="0.05"):
    return Sale(D(lot), D(left or lot), D(discount), D(seconds), sold, paid)


@pytest.mark.parametrize(
    ("seconds", "discount", "cost", "least"),
    [
        pytest.param(0, "0", "16900", "1690", id="spot"),
        # 0.05 / 300 cut to 12 places; 10 x 1690 x 0.999833333334 = 16897.1833333446
        pytest.param("1", "0.000166666666", "16897.183334", "1689.718334", id="a second"),
        pytest.param(150, "0.025", "16477.5", "1647.75", id="half"),
        pytest.param(300, "0.05", "16055", "1605.5", id="whole"),
        pytest.param("300.5", "0.05", "16055", "1605.5", id="stays"),
        pytest.param(86_400, "0.05", "16055", "1605.5", id="a day later"),
    ],
)
def test_the_price_falls_with_the_clock_to_the_penalty(seconds, discount, cost, least):
    found = sale(seconds)
    assert resale.discount_down(found) == D(discount)
    assert (resale.most_up(found), resale.least_up(found)) == (D(cost), D(least))


@pytest.mark.parametrize(
    ("seconds", "bid", "bought"),
    [
        (0, "1690", "1"),
        (0, "1690.000001", "1.000000000591715976"),  # 1e-6 / 1690 = 5.91715976e-10
        (0, "2000", "1.183431952662721893"),  # 1.1834319526627218934...
        (150, "1647.75", "1"),
        (300, "3211", "2"),
        (0, "16900", "10"),
    ],
)
def test_a_bid_buys_at_the_price_of_now_rounded_down(seconds, bid, bought):
    assert resale.bought_down(sale(seconds), D(bid)) == D(bought)


@pytest.mark.parametrize(
    ("found", "cost"),
    [
        # 2 x 67710 / 0.9995 = 135487.7438719...
        (sale(lot="2", sold=Side(D(67710), 8), paid=Side(D("0.9995"), 6)), "135487.743872"),
        # 1000 x 0.1756 x 0.92 / 2041 = 0.07915335619794218520...
        (
            sale(300, "1000", sold=Side(D("0.1756"), 10), paid=Side(D(2041), 18), discount="0.08"),
            "0.079153356197942186",
        ),
    ],
)
def test_a_cost_is_in_the_asset_that_pays_rounded_up(found, cost):
    assert resale.most_up(found) == D(cost)


@pytest.mark.parametrize(
    ("found", "bid", "refusal", "limit"),
    [
        (sale(), "16900.000001", BidTooLarge, "16900"),
        (sale(), "1689.999999", BidTooSmall, "1690"),
        (sale(), "0", BidTooSmall, "1690"),
        (sale(left="0.5"), "844.999999", BidTooSmall, "845"),  # less than a tenth is left
        (sale(left="0.5"), "845.000001", BidTooLarge, "845"),
        # one unit that cannot be parted costs 512.45: a tenth of it would buy nothing
        (sale(lot="3", sold=Side(D("512.45"), 0)), "512", BidTooSmall, "512.45"),
    ],
)
def test_a_bid_that_is_not_taken_says_what_would_be(found, bid, refusal, limit):
    with pytest.raises(refusal) as refused:
        resale.bought_down(found, D(bid))
    assert refused.value.limit == D(limit)


def test_all_that_is_left_is_taken_whatever_it_is():
    assert resale.bought_down(sale(left="0.5"), D(845)) == D("0.5")
    unit = D("1e-18")
    assert resale.bought_down(sale(left="0.000000000000000001"), D("0.000001")) == unit


@pytest.mark.parametrize(("amount", "expected"), [("0.1", True), ("0.0999", False), ("0", False)])
def test_what_is_worth_less_than_10_usd_is_no_lot(amount, expected):
    assert resale.is_worth_a_lot(D(amount), D(100)) is expected


SIDES = st.builds(
    Side,
    st.integers(1, 10**13).map(lambda n: D(n).scaleb(-8)),
    st.sampled_from([6, 8, 18]),
)


@example(Side(D("1598.72102319"), 6), Side(D("1e-8"), 18), 69499, "0", 0, [1])  # 29 digits are paid
@given(
    sold=SIDES,
    paid=SIDES,
    units=st.integers(1, 10**12),
    discount=st.sampled_from(["0", "0.03", "0.05", "0.10"]),
    seconds=st.integers(0, 400),
    parts=st.lists(st.integers(1, 100), min_size=1, max_size=12),
)
def test_the_backstop_never_loses_by_rounding_and_every_lot_can_be_sold_out(
    sold, paid, units, discount, seconds, parts
):
    lot = D(units).scaleb(-sold.places)
    found = Sale(lot, lot, D(discount), D(seconds), sold, paid)
    price = EXACT.multiply(sold.price, 1 - resale.discount_down(found))
    for part in [*parts, 100]:
        least, most = resale.least_up(found), resale.most_up(found)
        assert 0 < least <= most
        asked = EXACT.quantize(most * part / 100, D(1).scaleb(-paid.places))
        bid = most if part == 100 else min(most, max(least, asked))
        bought = resale.bought_down(found, bid)
        assert 0 < bought <= found.left
        assert EXACT.multiply(bid, paid.price) >= EXACT.multiply(bought, price)
        found = replace(found, left=found.left - bought)
        if not found.left:
            return
    raise AssertionError("a bid for everything leaves nothing")
