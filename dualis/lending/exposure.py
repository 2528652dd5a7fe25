"""All loans by health, and what a fall of prices would put at risk. Pure.

Figures for people to read, made with floats: nothing is booked or liquidated by them. Knows
amounts, prices and weights; names no loan and no user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dualis.lending.risk import LIQUIDATABLE_BELOW

# the zones of rulings, 14, and what lies above them
BOUNDS = (0.0, 0.95, 1.0, 1.05, 1.2, 1.5, 2.0, 3.0)
FALLS = (0.0, 0.05, 0.10, 0.15, 0.20, 0.30, 0.40, 0.50)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Market:
    """`assets` are the columns: USD a unit, and what of a dollar of it counts in health."""

    assets: tuple[str, ...]
    prices: tuple[float, ...]
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Loan:
    """Collateral by asset; `owed` is in units of the asset `debt`. What owes nothing is none."""

    held: Mapping[str, float]
    debt: str
    owed: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """Loans whose health is at least `least` and below `below` (None: no end); USD."""

    least: float
    below: float | None
    loans: int
    debt: float


@dataclass(frozen=True, slots=True)
class AtRisk:
    """What may be liquidated after a fall; `shortfall` is debt that no collateral would cover."""

    fall: float
    loans: int
    debt: float
    collateral: float
    shortfall: float


@dataclass(frozen=True, slots=True)
class Exposure:
    """`together` is a fall of all assets that can fall, `alone` one of each of them; USD."""

    loans: int
    debt: float
    collateral: float
    buckets: tuple[Bucket, ...]
    together: tuple[AtRisk, ...]
    alone: dict[str, tuple[AtRisk, ...]]


class Book:
    """Loans as arrays, in USD: what each holds of each asset, what it counts for, what is owed."""

    def __init__(self, loans: Sequence[Loan], market: Market) -> None:
        columns = {asset: column for column, asset in enumerate(market.assets)}
        prices = np.array(market.prices)
        amounts: Floats = np.zeros((len(loans), len(columns)))
        for row, loan in enumerate(loans):
            for asset, amount in loan.held.items():
                amounts[row, columns[asset]] = amount
        self._debt_in = np.array([columns[loan.debt] for loan in loans], np.intp)
        owed = np.array([loan.owed for loan in loans], np.float64)
        self._held = amounts * prices
        self._counted = self._held * np.array(market.weights)
        self.debt: Floats = owed * prices[self._debt_in]
        self.collateral: Floats = self._held.sum(axis=1)
        self._weighted = self._counted.sum(axis=1)

    @property
    def health(self) -> Floats:
        """Return the health factor of each loan as prices are."""
        return np.asarray(self._weighted / self.debt)

    def is_held(self, column: int) -> bool:
        """Tell whether any loan has this asset as collateral."""
        return bool(self._held[:, column].any())

    def at_risk(self, columns: Sequence[int]) -> tuple[AtRisk, ...]:
        """Return what may be liquidated once these assets have fallen, for each of FALLS."""
        counted = self._counted[:, columns].sum(axis=1)
        held = self._held[:, columns].sum(axis=1)
        is_owed = np.isin(self._debt_in, columns)
        found = []
        for fall in FALLS:
            debt = self.debt * np.where(is_owed, 1 - fall, 1.0)
            below = self._weighted - fall * counted < float(LIQUIDATABLE_BELOW) * debt
            owed, left = debt[below], (self.collateral - fall * held)[below]
            missing = np.maximum(owed - left, 0)
            found.append(
                AtRisk(
                    fall,
                    int(below.sum()),
                    float(owed.sum()),
                    float(left.sum()),
                    float(missing.sum()),
                )
            )
        return tuple(found)


def measure(loans: Sequence[Loan], market: Market, *, stable: Sequence[str] = ()) -> Exposure:
    """Return all loans by health, and what falls of prices put at risk; `stable` assets stay."""
    book = Book(loans, market)
    falling = [column for column, asset in enumerate(market.assets) if asset not in stable]
    return Exposure(
        len(loans),
        float(book.debt.sum()),
        float(book.collateral.sum()),
        tuple(_buckets(book.health, book.debt)),
        book.at_risk(falling),
        {
            market.assets[column]: book.at_risk([column])
            for column in falling
            if book.is_held(column)
        },
    )


def _buckets(health: Floats, debt: Floats) -> list[Bucket]:
    found = []
    for least, below in pairwise([*BOUNDS, None]):
        assert least is not None, "only the last bound is open"
        inside = health >= least
        if below is not None:
            inside &= health < below
        found.append(Bucket(least, below, int(inside.sum()), float(debt[inside].sum())))
    return found
