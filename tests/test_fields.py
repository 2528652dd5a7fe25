"""The exact field: what goes in comes out, to the last digit, on both databases."""

from decimal import Decimal

import pytest
from django.core.exceptions import FieldError, ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dualis.oracle.models import ManualPrice, Quote
from tests import world

pytestmark = pytest.mark.django_db

PRICES = st.decimals(
    min_value=Decimal("0.00000001"), max_value=Decimal("9" * 19 + ".99999999"), places=8
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(price=PRICES)
def test_a_number_survives_the_round_trip(price):
    asset = world.asset("ETH")
    row = ManualPrice(asset=asset, price=price, actor_id="x", entered_at=world.now())
    row.save()
    assert ManualPrice.objects.get(pk=row.pk).price == price
    assert ManualPrice.objects.filter(price=price, pk=row.pk).exists()


def test_assignment_quantises_so_that_a_row_prints_the_same_before_and_after_saving():
    row = world.quote("ETH", "2041")
    row.price = Decimal("2041.123456789999")
    before = row.to_dict()
    row.save()
    assert Quote.objects.get(pk="ETH").to_dict() == before
    assert row.price == Decimal("2041.12345679")


@pytest.mark.parametrize(
    "value", [1.5, "nonsense", Decimal("NaN"), Decimal("Infinity"), Decimal("1e30"), "", []]
)
def test_what_is_no_exact_number_is_refused_on_assignment(value):
    row = world.quote("ETH", "2041")
    with pytest.raises(ValidationError):
        row.price = value


@pytest.mark.parametrize("lookup", ["gt", "lt", "gte", "lte", "range", "contains"])
def test_sql_does_not_compare_what_it_cannot(lookup):
    with pytest.raises(FieldError):
        Quote.objects.filter(**{f"price__{lookup}": 1}).exists()


def test_no_negative_zero():
    row = world.quote("ETH", "2041")
    for zero in ("-0.000000001", "-0.00000000"):
        row.price = Decimal(zero)
        assert str(row.price) == "0E-8" and not row.price.is_signed()


def test_what_has_the_places_and_too_many_digits_is_refused():
    row = world.quote("ETH", "2041")
    digits = Quote._meta.get_field("price").max_digits - 8
    row.price = Decimal("9" * digits + ".00000000")
    with pytest.raises(ValidationError, match="does not fit"):
        row.price = Decimal("1" + "0" * digits + ".00000000")
