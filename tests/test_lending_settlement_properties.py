"""What always holds of a sale, whatever the position: nobody buys for less than it is worth."""

from dataclasses import replace
from decimal import Decimal, localcontext

from hypothesis import assume, given
from hypothesis import strategies as st

from dualis.exact import EXACT, round_even
from dualis.lending import auction as auctions
from dualis.lending import settlement as settle
from dualis.lending.auction import CLOCK_SECONDS, Auction, LiquidationTier
from dualis.lending.risk import collateral_value, debt_value, health
from dualis.lending.terms import ASSETS
from tests.lending_world import held, live, position

D = Decimal
MARGIN_CALL, SOFT, FORCED, FULL = LiquidationTier
UNIT = D("0.000001")


ASSET = st.sampled_from(sorted(ASSETS))


@st.composite
def troubled(draw, is_solvent=False):
    """A position below 0.95 with live prices, its auction at some moment, and a bid."""
    assets = draw(st.lists(ASSET, min_size=1, max_size=4, unique=True))
    collaterals = [
        held(
            asset,
            draw(st.decimals("0.000001", "100000", places=6)),
            live(draw(st.decimals("0.01", "70000", places=8))),
        )
        for asset in assets
    ]
    price = draw(st.decimals("0.01", "3000", places=8))
    found = position(*collaterals, debt="1", price=price)
    mean = health(found).weighted / collateral_value(found)
    lowest = round_even(mean + D("0.0001"), 4) if is_solvent else D("0.3")
    target = draw(st.decimals(lowest, "0.9499", places=4))
    debt = (health(found).weighted / target / price).quantize(D("0.000001")) + UNIT
    assume(debt * price >= 100)
    found = replace(found, debt=replace(found.debt, amount=debt))
    tier = auctions.tier_to_open(found, since_filled=None, since_outage=None)
    assert tier is not None
    seconds = D(draw(st.integers(0, CLOCK_SECONDS[tier])))
    running = Auction(tier, debt, live_seconds=seconds)
    part = draw(st.integers(10, 100))
    most = settle.most_up(running, found)
    bid = most if part == 100 else max((most * part / 100).quantize(UNIT), UNIT)
    return found, running, min(bid, most)


@given(troubled())
def test_what_is_seized_is_worth_at_most_what_is_repaid_with_the_bonus(case):
    found, running, repay = case
    try:
        taken = settle.bid(running, found, repay)
    except settle.BidRefusal:
        assert repay < settle.most_up(running, found)
        return
    with localcontext(EXACT):
        seized = sum(seizure.value for seizure in taken.seizures)
        cost = sum(seizure.value / (1 + seizure.bonus) for seizure in taken.seizures)
        paid = repay * found.debt.price.spot
        assert cost <= paid + D("1e-60")
        assert seized <= paid * (1 + max(seizure.bonus for seizure in taken.seizures))
        for seizure in taken.seizures:
            assert 0 <= seizure.fee <= seizure.amount
            assert seizure.bonus <= ASSETS[seizure.asset].penalty
        gone = collateral_value(found) - collateral_value(taken.position)
        assert gone == seized


@given(troubled(is_solvent=True))
def test_no_bid_lowers_the_health_of_a_solvent_position(case):
    found, running, repay = case
    assume(settle.is_covered(found))  # all but what the debt's last unit takes away
    try:
        taken = settle.bid(running, found, repay)
    except settle.BidRefusal:
        return
    before, after = health(found), health(taken.position)
    with localcontext(EXACT):
        assert after.weighted * before.debt >= before.weighted * after.debt
        assert collateral_value(taken.position) >= debt_value(taken.position)


@given(troubled())
def test_the_largest_bid_ends_the_lot_or_the_collateral(case):
    found, running, _ = case
    taken = settle.bid(running, found, settle.most_up(running, found))
    is_sold_out = not any(held.amount for held in taken.position.collaterals)
    assert is_sold_out or auctions.left_up(taken.auction, taken.position) == 0
    debt = debt_value(taken.position)
    assert is_sold_out or not debt or debt >= 100


@given(troubled(), st.decimals("0", "1000000", places=6))
def test_the_backstop_never_pays_more_than_it_has(case, balance):
    found, running, _ = case
    taken = settle.backstop(replace(running, live_seconds=D(300)), found, balance)
    if taken is not None:
        assert 0 < taken.repaid <= balance
        debt = debt_value(taken.position)
        is_sold_out = not any(held.amount for held in taken.position.collaterals)
        assert is_sold_out or not debt or debt >= 100
