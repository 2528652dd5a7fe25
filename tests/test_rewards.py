"""The arithmetic of staking rewards: never more than what was moved for them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.exact import EXACT, ZERO
from governance import rewards
from governance.rewards import Share

D = Decimal
SUPPLY = D(10) ** 9


@pytest.mark.parametrize(
    ("fee", "staked", "places", "amount"),
    [
        ("10", "100", 6, "4"),
        ("10", "0", 6, "0"),  # nobody stakes
        ("0.000002", "100", 6, "0"),  # 40 % of it is less than a unit
        ("0.000003", "1", 6, "0.000001"),
        ("1e-18", "1", 18, "0"),
        ("3e-18", "1e9", 18, "1e-18"),
        ("0.00000003", "1e9", 8, "0.00000001"),  # wBTC, all DUAL staked
        ("8.4375", "3", 18, "3.375"),  # 1.125 each
        ("1", "3", 2, "0.40"),  # 0.1333... each: what is moved is a whole unit
    ],
)
def test_forty_percent_of_a_fee_is_moved_in_whole_units(fee, staked, places, amount):
    share = rewards.share_down(D(fee), D(staked), places)
    assert share.amount == D(amount) and bool(share.gain) == bool(share.amount)


def test_a_stake_earns_what_the_index_grew_since_it_was_settled():
    earned = rewards.earned_down(
        D(50),
        {"USDC": D("1.5")},
        {"USDC": D("0.2")},
        {"USDC": D("0.3"), "ETH": D("0.0000000000000000011")},
    )
    assert earned == {"USDC": D("6.5"), "ETH": D("0.000000000000000055")}
    assert rewards.claimable_down({"USDC": D("0.0000019")}, {"USDC": 6}) == {"USDC": D("0.000001")}
    assert rewards.claimable_down({"USDC": D("0.0000009")}, {"USDC": 6}) == {}


_STAKE = st.decimals(min_value=D("1e-18"), max_value=SUPPLY / 4, places=18)
_FEE = st.decimals(min_value=0, max_value=D(10) ** 7, places=18)


@given(st.lists(st.tuples(st.lists(_STAKE, min_size=1, max_size=4), _FEE), max_size=6))
def test_stakers_never_earn_more_than_is_moved_nor_more_than_their_part_of_the_fees(rounds):
    indices, moved, earned = {"ETH": ZERO}, ZERO, ZERO
    for stakes, fee in rounds:
        total = ZERO
        for amount in stakes:
            total = EXACT.add(total, amount)
        share = rewards.share_down(fee, total, 18)
        assert share.amount <= fee * rewards.FEE_SHARE
        after = {"ETH": EXACT.add(indices["ETH"], share.gain)}
        parts = [rewards.earned_down(own, {}, indices, after)["ETH"] for own in stakes]
        indices, moved = after, EXACT.add(moved, share.amount)
        for own, part in zip(stakes, parts, strict=True):
            fair = EXACT.multiply(share.amount, EXACT.divide(own, total))
            assert fair - D("3e-18") - total * D("1e-30") <= part <= fair + D("1e-18")
            earned = EXACT.add(earned, part)
        assert earned <= moved


def test_nobody_staking_moves_nothing():
    assert rewards.share_down(D(5), ZERO, 6) == Share(ZERO, ZERO)
