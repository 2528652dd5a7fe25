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
    """Loans as arrays, valued under one change of prices after another."""

    def __init__(self, loans: Sequence[Loan], market: Market) -> None:
        columns = {asset: column for column, asset in enumerate(market.assets)}
        self._prices, self._weights = np.array(market.prices), np.array(market.weights)
        self._held: Floats = np.zeros((len(loans), len(columns)))
        for row, loan in enumerate(loans):
            for asset, amount in loan.held.items():
                self._held[row, columns[asset]] = amount
        self._owed: Floats = np.array([loan.owed for loan in loans], np.float64)
        self._debt_in = np.array([columns[loan.debt] for loan in loans], np.intp)

    def is_held(self, column: int) -> bool:
        """Tell whether any loan has this asset as collateral."""
        return bool(self._held[:, column].any())

    def values(self, factors: Floats) -> tuple[Floats, Floats, Floats]:
        """Return health, debt and collateral of each loan at prices times these factors."""
        prices = self._prices * factors
        debt = self._owed * prices[self._debt_in]
        return self._held @ (prices * self._weights) / debt, debt, self._held @ prices

    def at_risk(self, falling: NDArray[np.bool_], fall: float) -> AtRisk:
        """Return what may be liquidated once these assets have fallen by a share."""
        health, debt, collateral = self.values(np.where(falling, 1 - fall, 1.0))
        below = health < float(LIQUIDATABLE_BELOW)
        missing = np.maximum(debt - collateral, 0)[below]
        return AtRisk(
            fall,
            int(below.sum()),
            float(debt[below].sum()),
            float(collateral[below].sum()),
            float(missing.sum()),
        )


def measure(loans: Sequence[Loan], market: Market, *, stable: Sequence[str] = ()) -> Exposure:
    """Return all loans by health, and what falls of prices put at risk; `stable` assets stay."""
    book = Book(loans, market)
    health, debt, collateral = book.values(np.ones(len(market.assets)))
    can_fall = np.array([asset not in stable for asset in market.assets], np.bool_)
    alone = {}
    for column, asset in enumerate(market.assets):
        if can_fall[column] and book.is_held(column):
            one = np.arange(len(market.assets)) == column
            alone[asset] = tuple(book.at_risk(one, fall) for fall in FALLS)
    return Exposure(
        len(loans),
        float(debt.sum()),
        float(collateral.sum()),
        tuple(_buckets(health, debt)),
        tuple(book.at_risk(can_fall, fall) for fall in FALLS),
        alone,
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
