"""The worked loan of the facts, 10 ETH against 15,000 USDC, and how its prices move."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from dualis.accounts.models import User
from dualis.lending import backstop, borrowing, liquidation, supplying
from dualis.lending.models import BorrowPosition, Liquidation, LiquidationStage, Market
from dualis.lending.watch import Watch
from dualis.oracle.models import Quote
from tests import lending_market as lm
from tests.lending_market import T0, after, rich


def opened() -> tuple[User, BorrowPosition]:
    """Return the borrower and the loan, at the spec's 3,245.67 USD for ETH; health is 1.77."""
    lm.opened({"ETH": "3245.67"})
    lender = rich("lender")
    supplying.supply(lender.id, "usdc-main", "500000", now=T0)
    borrower = rich("borrower")
    return borrower, loan(borrower)


def run(now: datetime, **options: Any) -> None:
    """Do a tick of the engine, with a memory of its own."""
    watch = Watch()
    watch.take(None)
    liquidation.run(now, watch, **options)


def loan(
    borrower: User, amount: str = "15000", collateral: dict[str, str] | None = None
) -> BorrowPosition:
    return borrowing.open_position(
        borrower.id, "usdc-main", amount, collateral or {"ETH": "10"}, now=T0
    ).position


def backed(amount: str = "100000") -> None:
    """Fund the backstop of USDC."""
    donor = rich("donor", {"USDC": amount})
    backstop.fund(donor.id, "USDC", "max", now=T0)


def reprice(symbol: str, price: str, **fields: Any) -> None:
    """Move a price; fields may freeze it."""
    row = Quote.objects.get(asset_id=symbol)
    row.price, row.twap_5m = Decimal(price), None
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


def auction_at(price: str) -> Liquidation:
    """Let ETH fall and the engine tick at T0; return the auction that opened."""
    reprice("ETH", price)
    run(T0)
    return Liquidation.objects.get(status="open")


def run_to(seconds: int, since: int = 0, step: int = 30) -> None:
    """Tick from `since` to `seconds` after T0, often enough that no tick is an outage."""
    for moment in ticks(since, seconds, step):
        run(after(seconds=moment))


def ticks(since: int, until: int, step: int) -> Iterable[int]:
    return [*range(since + step, until, step), until]


def market(**fields: Any) -> None:
    Market.objects.filter(id=1).update(**fields)


def stage(row: Liquidation, name: str) -> dict[str, Any]:
    """Return what a stage of a liquidation told."""
    return LiquidationStage.objects.get(key=f"{row.id}:{name}").to_dict()


def about(text: str | Decimal, expected: str, tolerance: str = "0.000002") -> bool:
    """Tell whether a figure is the worked one; interest of the auction's minutes is the rest."""
    wanted = Decimal(expected)
    return abs(Decimal(text) - wanted) <= Decimal(tolerance) * max(wanted, Decimal(1))
