"""The exact decimal field: text on SQLite (whose numbers keep 15 digits), numeric on PostgreSQL.

1. What is assigned is quantised at once, so that a row prints the same before and after saving.
2. SQL compares such a field for equality only: ordering, sums and F() over text would be wrong.
"""

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.forms import DecimalField as DecimalFormField

from dualis.exact import EXACT


class _Quantising:
    """Descriptor that quantises on assignment."""

    def __init__(self, field: "ExactDecimalField") -> None:
        self.field = field

    def __get__(self, instance: models.Model | None, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:
            instance.refresh_from_db(fields=[self.field.attname])
        return instance.__dict__[self.field.attname]

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


class ExactDecimalField(models.Field):
    """A decimal of up to `max_digits` digits, `decimal_places` of them after the point.

    Assigning what does not fit, is not finite, or is a float raises ValidationError.
    """

    description = "Exact decimal"
    empty_strings_allowed = False  # a row under construction has None, not ""

    def __init__(
        self, *args: Any, max_digits: int = 38, decimal_places: int = 18, **kwargs: Any
    ) -> None:
        self.max_digits = max_digits
        self.decimal_places = decimal_places
        self._unit = Decimal(1).scaleb(-decimal_places)
        self._limit = Decimal(1).scaleb(max_digits - decimal_places)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs |= {"max_digits": self.max_digits, "decimal_places": self.decimal_places}
        return name, path, args, kwargs

    def contribute_to_class(
        self, cls: type[models.Model], name: str, private_only: bool = False
    ) -> None:
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Quantising(self))

    def db_type(self, connection: Any) -> str:
        if connection.vendor == "sqlite":
            return "text"
        return f"numeric({self.max_digits}, {self.decimal_places})"

    def to_python(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            if self._is_quantised(value):
                return value
        elif value is None or hasattr(value, "resolve_expression"):
            return value
        if isinstance(value, float):
            raise ValidationError(f"{self.name} takes exact numbers, not the float {value!r}")
        try:
            number = Decimal(value).quantize(self._unit, rounding=ROUND_HALF_EVEN, context=EXACT)
        except (InvalidOperation, TypeError, ValueError) as error:
            raise ValidationError(f"{self.name} is no decimal number: {value!r}") from error
        if not number.is_finite() or len(number.as_tuple().digits) > self.max_digits:
            raise ValidationError(f"{self.name} does not fit {self.max_digits} digits: {value!r}")
        return number if number else abs(number)

    def _is_quantised(self, value: Decimal) -> bool:
        """Tell whether there is nothing to do, as with all that comes from the database."""
        return (
            value.same_quantum(self._unit)  # no infinity and no NaN does
            and -self._limit < value < self._limit
            and (bool(value) or not value.is_signed())
        )

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Decimal | None:
        return None if value is None else Decimal(value)

    def get_db_converters(self, connection: Any) -> list[Any]:
        """Return what makes a decimal of a column's value; numeric columns give one themselves."""
        return [self.from_db_value] if connection.vendor == "sqlite" else []

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = self.to_python(value)
        if value is None or connection.vendor != "sqlite" or hasattr(value, "resolve_expression"):
            return value
        return format(value, "f")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("exact", "in", "isnull"):
            raise FieldError(f"{self.name} cannot be compared with {lookup_name!r} in SQL")
        return super().get_lookup(lookup_name)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else format(value, "f")

    def formfield(self, **kwargs: Any) -> Any:
        defaults = {
            "form_class": DecimalFormField,
            "max_digits": self.max_digits,
            "decimal_places": self.decimal_places,
        }
        return super().formfield(**{**defaults, **kwargs})
