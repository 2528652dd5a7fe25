"""What a quote is worth in a decision: rulings 2 and 4; how prices are written."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dualis.oracle import valuation

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Row:
    price: Decimal = Decimal(100)
    twap_5m: Decimal | None = None
    is_stale: bool = False
    is_tripped: bool = False
    updated_at: datetime = NOW


@pytest.mark.parametrize(
    ("row", "expected"),
    [(Row(), False), (Row(is_stale=True), True), (Row(is_tripped=True), True)],
)
def test_quote_is_frozen_while_stale_or_tripped(row, expected):
    assert valuation.is_frozen(row) is expected


def test_quote_is_frozen_when_no_tick_has_written_it_for_300_seconds():
    assert not valuation.is_frozen(Row(), NOW + timedelta(seconds=300))
    assert valuation.is_frozen(Row(), NOW + timedelta(seconds=301))


@pytest.mark.parametrize(("twap", "expected"), [(None, 100), ("90", 90), ("110", 100)])
def test_capacity_uses_the_lower_of_spot_and_average(twap, expected):
    row = Row(twap_5m=None if twap is None else Decimal(twap))
    assert valuation.price_for_capacity(row) == expected


def test_frozen_price_moves_ten_percent_in_the_borrowers_favour():
    row = Row(price=Decimal("0.00000015"))
    collateral = valuation.price_for_liquidation_of_frozen(row, is_collateral=True)
    debt = valuation.price_for_liquidation_of_frozen(row, is_collateral=False)
    assert collateral == Decimal("0.00000017")
    assert debt == Decimal("0.00000013")


@pytest.mark.parametrize(
    ("price", "text"),
    [
        ("3245.67", "3245.67"),
        ("67710", "67710.00"),
        ("1", "1.00"),
        ("0.99983347", "0.99983347"),
        ("0.1756", "0.1756"),
        ("0.00000001", "0.00000001"),
    ],
)
def test_price_text_has_two_decimals_from_one_dollar_on(price, text):
    assert valuation.price_text(Decimal(price)) == text
    assert valuation.price_text_or_none(Decimal(price)) == text
    assert valuation.price_text_or_none(None) is None
