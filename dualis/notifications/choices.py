"""What a user chooses about notifications: the value, its defaults and its nested shape (spec 8).

Knows names, types and bounds. Knows nothing of rows, doors or time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

HIGHEST = Decimal(10)
LOWEST = {
    "caution": Decimal("1.01"),
    "danger": Decimal("1.01"),
    "critical": Decimal("1.001"),
}
THRESHOLD_PLACES = 3


@dataclass(frozen=True, slots=True)
class Choices:
    """The defaults are those of a user who never chose."""

    in_app: bool = True
    email: bool = True
    webhook: bool = False
    financial: bool = True
    caution: Decimal = Decimal("1.5")
    danger: Decimal = Decimal("1.2")
    critical: Decimal = Decimal("1.05")
    interest_milestones: bool = True
    rate_changes: bool = True
    auth: bool = True
    new_login_alerts: bool = True
    governance: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the nested shape; thresholds are JSON numbers, as health factors are."""
        values = asdict(self)
        nested: dict[str, Any] = {}
        for (*groups, last), name in _PATHS.items():
            place = nested
            for group in groups:
                place = place.setdefault(group, {})
            value = values[name]
            place[last] = float(value) if isinstance(value, Decimal) else value
        return nested


Path = tuple[str, ...]

_THRESHOLDS = ("financial", "healthFactorThresholds")
_PATHS: dict[Path, str] = {
    ("channels", "inApp"): "in_app",
    ("channels", "email"): "email",
    ("channels", "webhook"): "webhook",
    ("financial", "enabled"): "financial",
    (*_THRESHOLDS, "caution"): "caution",
    (*_THRESHOLDS, "danger"): "danger",
    (*_THRESHOLDS, "critical"): "critical",
    ("financial", "interestMilestones"): "interest_milestones",
    ("financial", "rateChanges"): "rate_changes",
    ("auth", "enabled"): "auth",
    ("auth", "newLoginAlerts"): "new_login_alerts",
    ("governance", "enabled"): "governance",
}
_GROUPS = {path[:depth] for path in _PATHS for depth in range(1, len(path))}
_SHOWN = 80  # characters of an unknown name that are said back


class InvalidChoices(ValueError):
    """`fields` maps the path of a field to the list of what is wrong with it."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__(str(fields))
        self.fields = fields


def merged(choices: Choices, body: Any) -> Choices:
    """Return the choices with those of a nested body put in; what is left out stays as it is.

    InvalidChoices for a name that is not known, a value of another type, a threshold out of bounds
    or out of order.
    """
    if not isinstance(body, Mapping):
        raise InvalidChoices({"body": ["must be an object."]})
    values: dict[str, Any] = {}
    wrong: dict[str, list[str]] = {}
    for path, value in _leaves(body):
        text = _complaint(path, value)
        if text:
            wrong[".".join(path)[:_SHOWN]] = [text]
        else:
            name = _PATHS[path]
            values[name] = Decimal(str(value)) if name in LOWEST else value
    if wrong:
        raise InvalidChoices(wrong)
    result = replace(choices, **values)
    if not result.caution > result.danger > result.critical:
        raise InvalidChoices({".".join(_THRESHOLDS): ["must fall: caution > danger > critical."]})
    return result


def _leaves(body: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    for name, value in body.items():
        path = (*above, name)
        if path in _GROUPS and isinstance(value, Mapping):
            yield from _leaves(value, path)
        else:
            yield path, value


def _complaint(path: Path, value: Any) -> str:
    """Return what is wrong with a value, or nothing."""
    if path in _GROUPS:
        return "must be an object."
    if path not in _PATHS:
        return "is not known."
    name = _PATHS[path]
    if name not in LOWEST:
        return "" if isinstance(value, bool) else "must be true or false."
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "must be a number."
    number = Decimal(str(value))
    exponent = number.as_tuple().exponent
    is_fine = isinstance(exponent, int) and exponent >= -THRESHOLD_PLACES
    if not is_fine or not LOWEST[name] <= number <= HIGHEST:
        return (
            f"must be from {LOWEST[name]} to {HIGHEST}, with up to {THRESHOLD_PLACES} decimal"
            " places."
        )
    return ""
