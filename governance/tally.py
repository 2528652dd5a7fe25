"""Weights, quorum and majority of a vote. Pure: knows nothing of voters, rows or time."""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from dualis.exact import EXACT, ZERO, mul_down, round_even

TOTAL_SUPPLY = Decimal(1_000_000_000)  # spec 7: fixed, no mint
WEIGHT_PLACES = 8  # spec 7: tallies have 8 decimals
LEAST_WEIGHT = Decimal("0.01")  # spec 7
_HUNDRED = Decimal(100)


class Direction(StrEnum):
    FOR = "FOR"
    AGAINST = "AGAINST"
    ABSTAIN = "ABSTAIN"


class Outcome(StrEnum):
    """How a vote ends."""

    QUORUM_NOT_MET = "QUORUM_NOT_MET"
    PASSED = "PASSED"
    REJECTED = "REJECTED"


@dataclass(frozen=True, slots=True)
class Tally:
    """The summed weights of each direction."""

    votes_for: Decimal = ZERO
    votes_against: Decimal = ZERO
    votes_abstain: Decimal = ZERO

    def plus(self, direction: Direction, weight: Decimal) -> "Tally":
        """Return the tally with a weight more, or with a negative one less."""
        name = f"votes_{direction.lower()}"
        return replace(self, **{name: EXACT.add(getattr(self, name), weight)})

    @property
    def total(self) -> Decimal:
        return EXACT.add(EXACT.add(self.votes_for, self.votes_against), self.votes_abstain)


def weight_down(power: Decimal) -> Decimal:
    """Return what a voting power weighs in a tally."""
    return mul_down(power, Decimal(1), WEIGHT_PLACES)


def quorum_required(percent: int) -> Decimal:
    """Return the weight that a percentage of the total supply is."""
    return EXACT.divide(EXACT.multiply(TOTAL_SUPPLY, Decimal(percent)), _HUNDRED)


def is_quorum_met(tally: Tally, required: Decimal) -> bool:
    """Tell whether those for and those who abstain are enough (rulings, 23)."""
    return EXACT.add(tally.votes_for, tally.votes_abstain) >= required


def outcome(tally: Tally, required: Decimal) -> Outcome:
    """Return how the vote ends with this tally; a tie rejects."""
    if not is_quorum_met(tally, required):
        return Outcome.QUORUM_NOT_MET
    return Outcome.PASSED if tally.votes_for > tally.votes_against else Outcome.REJECTED


def percents(tally: Tally) -> dict[str, int]:
    """Return each direction's share of all votes; each is rounded, so they may miss 100."""
    total = tally.total
    return {
        direction.lower(): int(round_even(EXACT.divide(weight * _HUNDRED, total), 0))
        if total
        else 0
        for direction, weight in zip(
            Direction, (tally.votes_for, tally.votes_against, tally.votes_abstain), strict=True
        )
    }
