"""Aggregation: the worked numbers of the specification, section 3."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dualis.oracle.aggregate import SourceQuote, aggregate, confidence, median, spread

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def quote(price, *, age=0, source="a", conf="0.95", **more):
    at = NOW - timedelta(seconds=age)
    return SourceQuote("ETH", Decimal(price), at, source, Decimal(conf), **more)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["0.95"], "0.8233"),
        (["0.95", "0.98"], "0.9007"),
        (["0.95", "0.98", "0.99"], "0.9733"),
        (["0.99"], "0.8580"),
        (["0.90"], "0.7800"),
        (["1", "1", "1", "1"], "1"),
    ],
)
def test_confidence_is_the_worked_number_of_the_specification(values, expected):
    assert confidence([Decimal(value) for value in values]) == Decimal(expected)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (["3"], "3"),
        (["1", "2", "9"], "2"),
        (["1", "2", "4", "9"], "3"),
        (["1.00000001", "1.00000002"], "1.00000002"),  # a half goes to the even digit
        (["1.00000002", "1.00000003"], "1.00000002"),
    ],
)
def test_median_takes_the_middle_or_the_mean_of_two(prices, expected):
    assert median(tuple(Decimal(price) for price in prices)) == Decimal(expected)


def test_spread_is_a_fraction_of_the_lowest():
    assert spread((Decimal(100), Decimal(101), Decimal(103))) == Decimal("0.03")


def test_aggregate_drops_quotes_older_than_their_source_allows():
    found = aggregate(
        [
            quote("100", age=300, source="old enough to count"),
            quote("200", age=301, source="too old"),
            quote("300", age=86_400, source="nav", max_age=timedelta(hours=24)),
            quote("400", age=86_401, source="nav too old", max_age=timedelta(hours=24)),
        ],
        NOW,
    )
    assert found is not None
    assert found.prices == (100, 300)
    assert found.price == 200
    assert found.sources == ("nav", "old enough to count")
    assert found.at == NOW - timedelta(seconds=300)


def test_aggregate_is_none_without_a_fresh_quote():
    assert aggregate([quote("100", age=301)], NOW) is None
    assert aggregate([], NOW) is None


def test_aggregate_is_simulated_if_any_of_its_quotes_is():
    real, simulated = quote("1"), quote("1", source="b", is_simulated=True)
    both, one = aggregate([real, simulated], NOW), aggregate([real], NOW)
    assert both is not None and both.is_simulated
    assert one is not None and not one.is_simulated
