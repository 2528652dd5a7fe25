"""Exact arithmetic: the direction is what the name says, for every sign."""

from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualis.exact import (
    div_down,
    div_up,
    mul_down,
    mul_up,
    plain,
    plain_trimmed,
    round_even,
    written,
)

NUMBERS = st.decimals(
    min_value=Decimal("-1e19"), max_value=Decimal("1e19"), places=18, allow_nan=False
)


@given(NUMBERS, NUMBERS, st.integers(0, 18))
def test_products_lie_between_down_and_up(a, b, places):
    unit = Decimal(1).scaleb(-places)
    low, high = mul_down(a, b, places), mul_up(a, b, places)
    assert abs(low) <= abs(high) and abs(high) - abs(low) <= unit
    from fractions import Fraction

    exact = abs(Fraction(a) * Fraction(b))
    assert abs(Fraction(low)) <= exact <= abs(Fraction(high))


@given(NUMBERS, NUMBERS.filter(bool), st.integers(0, 18))
def test_quotients_lie_between_down_and_up(a, b, places):
    from fractions import Fraction

    exact = abs(Fraction(a) / Fraction(b))
    assert abs(Fraction(div_down(a, b, places))) <= exact <= abs(Fraction(div_up(a, b, places)))


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [("2.5", 0, "2"), ("3.5", 0, "4"), ("0.125", 2, "0.12"), ("-0.0001", 2, "0.00")],
)
def test_round_even_and_no_negative_zero(value, places, expected):
    assert str(round_even(Decimal(value), places)) == expected


@pytest.mark.parametrize(
    ("value", "trimmed"),
    [("1E+3", "1000"), ("1.500", "1.5"), ("0.00", "0"), ("1E-8", "0.00000001"), ("100", "100")],
)
def test_text_has_no_exponent(value, trimmed):
    assert plain_trimmed(Decimal(value)) == trimmed
    assert plain(Decimal("1E-8"), 2) == "0.00"


@pytest.mark.parametrize("text", ["1", "0.5", "1e3", "-2", ".5"])
def test_a_written_number_is_what_the_text_says(text):
    assert written(text) == Decimal(text)


@pytest.mark.parametrize("text", ["1_000", "\u0663", "1\u00a0", "", "1,000", "x"])
def test_what_only_python_reads_as_a_number_is_none(text):
    with pytest.raises(InvalidOperation):
        written(text)
