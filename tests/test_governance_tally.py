"""Quorum, majority, percentages: the spec's worked numbers and the edges."""

from decimal import Decimal

import pytest

from governance import tally
from governance.tally import Direction, Outcome, Tally

D = Decimal
MILLION = D(1_000_000)
UNIT = D("0.00000001")


def of(votes_for="0", against="0", abstain="0"):
    return Tally(*(D(text) * MILLION for text in (votes_for, against, abstain)))


@pytest.mark.parametrize(
    ("percent", "weight"), [(5, 50), (10, 100), (15, 150), (20, 200), (25, 250)]
)
def test_quorum_is_a_share_of_the_total_supply(percent, weight):
    assert tally.quorum_required(percent) == weight * MILLION


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        (of("90", "5", "10"), Outcome.PASSED),
        (of("90", "5", "0"), Outcome.QUORUM_NOT_MET),
        # spec 7 counts those against, too: 90 + 5 + 6 = 101 M; rulings, 23 do not
        (of("90", "5", "6"), Outcome.QUORUM_NOT_MET),
        (of("0", "500", "99"), Outcome.QUORUM_NOT_MET),
        (of("100"), Outcome.PASSED),
        (Tally(100 * MILLION - UNIT), Outcome.QUORUM_NOT_MET),
        (Tally(99 * MILLION, 100 * MILLION - UNIT, MILLION), Outcome.REJECTED),
        (of("100", "100"), Outcome.REJECTED),
        (Tally(100 * MILLION + UNIT, 100 * MILLION), Outcome.PASSED),
        (of("0", "0", "100"), Outcome.REJECTED),
        (of("1", "0", "99"), Outcome.PASSED),
        (of(), Outcome.QUORUM_NOT_MET),
    ],
    ids=[
        "abstaining completes the quorum",
        "without abstaining it is missed",
        "those against do not count",
        "many against, none for",
        "exactly at the edge",
        "a unit below the edge",
        "the quorum met, a minority for",
        "a tie rejects",
        "a unit above a tie passes",
        "only abstaining",
        "one for, the rest abstains",
        "nobody",
    ],
)
def test_outcome(votes, expected):
    assert tally.outcome(votes, tally.quorum_required(10)) is expected


@pytest.mark.parametrize(
    ("votes", "shares"),
    [
        (of("15", "3", "0.5"), (81, 16, 3)),  # spec 7
        (of("1", "1", "1"), (33, 33, 33)),
        (of(), (0, 0, 0)),
        (of("7"), (100, 0, 0)),
    ],
)
def test_percentages_are_rounded_each(votes, shares):
    assert tally.percents(votes) == dict(zip(("for", "against", "abstain"), shares, strict=True))


def test_a_weight_has_eight_places_and_is_rounded_down():
    assert tally.weight_down(D("1.999999999")) == D("1.99999999")


def test_a_vote_that_moves_takes_its_weight_along():
    votes = of("3").plus(Direction.ABSTAIN, D(5)).plus(Direction.FOR, D("-0.5"))
    assert votes == Tally(3 * MILLION - D("0.5"), D(0), D(5))
    assert votes.total == 3 * MILLION + D("4.5")
