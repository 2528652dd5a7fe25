"""What a transaction adds to an account's totals, and what a sample says of an account. Pure.

1. Profit is what an account is worth less what came into it: deposits, transfers, settlements.
   What is being withdrawn has left, as for margin.
2. The profit of perpetuals alone is realised profit less fees, funding, and what is not realised.

Assets other than USDC count at the mark of the sample after they moved: a few minutes later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from dualis.exact import EXACT, ZERO, round_even
from dualis.trading import state, summary
from dualis.trading.markets import COLLATERAL, USDC
from dualis.trading.state import Account, Transaction

USD_PLACES = 6

SAMPLE, HOURLY, DAILY = 0, 1, 2  # grades: any sample, the first of its hour, the first of its day
KEPT = {SAMPLE: timedelta(days=2), HOURLY: timedelta(days=32)}  # a day's first for ever
_PERIODS = {
    "day": (timedelta(days=1), SAMPLE),
    "week": (timedelta(days=7), HOURLY),
    "month": (timedelta(days=30), HOURLY),
    "allTime": (None, DAILY),
}


@dataclass(frozen=True, slots=True)
class Totals:
    """Since the account was opened, in USDC."""

    flows: Decimal = ZERO
    realized: Decimal = ZERO
    volume: Decimal = ZERO

    def plus(self, more: "Totals") -> "Totals":
        """Return the sum, kept to the unit."""
        return Totals(
            _kept(EXACT.add(self.flows, more.flows)),
            _kept(EXACT.add(self.realized, more.realized)),
            _kept(EXACT.add(self.volume, more.volume)),
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """What a sample says, in USDC."""

    value: Decimal
    pnl: Decimal
    perp_pnl: Decimal
    volume: Decimal

    def texts(self) -> list[str]:
        return [format(v, "f") for v in (self.value, self.pnl, self.perp_pnl, self.volume)]


@dataclass(frozen=True, slots=True)
class Period:
    """How far back a history goes (None: to the beginning), of which grade, of perpetuals alone."""

    span: timedelta | None
    grade: int
    is_perp: bool


PERIODS: dict[str, Period] = {
    **{name: Period(span, grade, False) for name, (span, grade) in _PERIODS.items()},
    **{
        f"perp{name[0].upper()}{name[1:]}": Period(span, grade, True)
        for name, (span, grade) in _PERIODS.items()
    },
}


def book(totals: dict[str, Totals], tx: Transaction, prices: Mapping[str, Decimal]) -> None:
    """Add a transaction to the totals of the accounts it concerns."""
    data = tx.data
    match tx.type:
        case state.ORDER_FILLED:
            gained = EXACT.subtract(Decimal(data["closedPnl"]), Decimal(data["fee"]))
            traded = EXACT.multiply(Decimal(data["price"]), Decimal(data["size"]))
            _add(totals, tx.user, realized=gained, volume=traded)
        case state.FUNDING:
            _add(totals, tx.user, realized=Decimal(data["payment"]))
        case state.DEPOSIT | state.TRANSFER:
            _add(totals, tx.user, flows=_worth(data, prices))
        case state.WITHDRAWAL if data["status"] == "pending":
            _add(totals, tx.user, flows=_worth(data, prices).copy_negate())
        case state.WITHDRAWAL if data["status"] == "failed":
            _add(totals, tx.user, flows=_worth(data, prices))
        case state.SETTLEMENT:
            _add(totals, tx.user, flows=_worth(data, prices))
            _add(totals, data["from"], flows=_worth(data, prices).copy_negate())


def figures(account: Account, totals: Totals, prices: Mapping[str, Decimal]) -> Figures:
    """Return what a sample says of an account at these marks."""
    found = summary.margin_of(account, prices)
    return Figures(
        _kept(found.account_value),
        _kept(EXACT.subtract(found.account_value, totals.flows)),
        _kept(EXACT.add(totals.realized, found.unrealized_pnl)),
        totals.volume,
    )


def grade_of(at: datetime, before: datetime | None) -> int:
    """Return the grade of a sample by when the one before it was taken."""
    if before is None or before.date() < at.date():
        return DAILY
    return HOURLY if before.hour < at.hour else SAMPLE


def _kept(value: Decimal) -> Decimal:
    return round_even(value, USD_PLACES)


def _add(totals: dict[str, Totals], name: str, **amounts: Decimal) -> None:
    totals[name] = totals.get(name, Totals()).plus(Totals(**amounts))


def _worth(data: Mapping[str, Any], prices: Mapping[str, Decimal]) -> Decimal:
    asset, amount = data.get("asset", USDC), Decimal(data["amount"])
    price = Decimal(1) if asset == USDC else prices.get(COLLATERAL[asset].feed, ZERO)
    return EXACT.multiply(amount, price)
