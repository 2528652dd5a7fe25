"""What a quote is worth in a decision (rulings 2, 4). Pure: takes anything shaped like a quote."""

from datetime import datetime
from decimal import Decimal
from typing import Protocol

from dualis.exact import mul_down, mul_up, plain, plain_trimmed, round_even
from dualis.oracle.aggregate import MAX_AGE, PRICE_PLACES

_UP = Decimal("1.10")
_DOWN = Decimal("0.90")


class Priced(Protocol):
    """The part of a quote that decisions look at; prices in USD."""

    @property
    def price(self) -> Decimal: ...
    @property
    def twap_5m(self) -> Decimal | None: ...
    @property
    def is_stale(self) -> bool: ...
    @property
    def is_tripped(self) -> bool: ...
    @property
    def updated_at(self) -> datetime: ...


def is_frozen(quote: Priced, now: datetime | None = None) -> bool:
    """Tell whether nothing risky may be done with the asset: stale, or its breaker is tripped.

    With `now` (wall clock) also if no tick has written the quote for 300 s: an engine that is down
    marks nothing stale.
    """
    if now is not None and now - quote.updated_at > MAX_AGE:
        return True
    return quote.is_stale or quote.is_tripped


def price_for_capacity(quote: Priced) -> Decimal:
    """Return the lower of spot and 5-minute TWAP: what collateral counts when one borrows."""
    return quote.price if quote.twap_5m is None else min(quote.price, quote.twap_5m)


def price_for_liquidation_of_frozen(quote: Priced, *, is_collateral: bool) -> Decimal:
    """Return the last price moved 10 % in the borrower's favour, rounded that way at 8 places."""
    return moved_in_favour(quote.price, is_higher_better=is_collateral)


def moved_in_favour(price: Decimal, *, is_higher_better: bool) -> Decimal:
    """Return a frozen price moved 10 % up or down: the way that is better for who holds it."""
    if is_higher_better:
        return mul_up(price, _UP, PRICE_PLACES)
    return mul_down(price, _DOWN, PRICE_PLACES)


def price_text(price: Decimal) -> str:
    """Return a price as the wire writes it: 2 decimals from 1 on, below it up to 8 (spec 1.3)."""
    if price >= 1:
        return plain(price, 2)
    return plain_trimmed(round_even(price, PRICE_PLACES))


def price_text_or_none(price: Decimal | None) -> str | None:
    """Return the price as the wire writes it, or None for none."""
    return None if price is None else price_text(price)
