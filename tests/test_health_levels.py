"""Which fall is told as what, by default lines and by a user's own."""

from dataclasses import replace
from decimal import Decimal

import pytest

from dualis.lending import risk
from dualis.lending.health_levels import DEFAULT_LINES, TYPES, is_worse, lines_of, standing_of, text
from dualis.lending.risk import Health, Zone
from dualis.notifications.choices import Choices
from dualis.notifications.kinds import KINDS

D = Decimal
OWN = lines_of(replace(Choices(), caution=D(2), danger=D("1.1"), critical=D("1.001")))


def test_the_defaults_of_choices_are_the_lines_of_the_zones():
    assert lines_of(Choices()) == DEFAULT_LINES


@pytest.mark.parametrize(
    ("factor", "by_default", "by_own"),
    [
        ("2", Zone.SAFE, Zone.SAFE),
        ("1.9999", Zone.SAFE, Zone.CAUTION),
        ("1.5", Zone.SAFE, Zone.CAUTION),
        ("1.4999", Zone.CAUTION, Zone.CAUTION),
        ("1.1999", Zone.DANGER, Zone.CAUTION),
        ("1.0999", Zone.DANGER, Zone.DANGER),
        ("1.0499", Zone.CRITICAL, Zone.DANGER),
        ("1.0009", Zone.CRITICAL, Zone.CRITICAL),
        ("0.9999", Zone.MARGIN_CALL, Zone.MARGIN_CALL),
        ("0.95", Zone.MARGIN_CALL, Zone.MARGIN_CALL),
        ("0.9499", Zone.LIQUIDATABLE, Zone.LIQUIDATABLE),
    ],
)
def test_a_standing_is_the_zone_by_the_users_lines(factor, by_default, by_own):
    health = Health(D(factor) * 1000, D(1000))
    assert standing_of(health, DEFAULT_LINES) == by_default == risk.zone_of(health)
    assert standing_of(health, OWN) == by_own


def test_without_debt_a_standing_is_safe():
    assert standing_of(Health(D(0), D(0)), OWN) == Zone.SAFE


def test_falls_alone_are_worse():
    assert is_worse(Zone.SAFE, Zone.CAUTION) and is_worse(Zone.MARGIN_CALL, Zone.LIQUIDATABLE)
    assert not is_worse(Zone.DANGER, Zone.CAUTION) and not is_worse(Zone.SAFE, Zone.SAFE)


def test_every_zone_but_safety_has_a_type_and_a_text():
    assert set(TYPES) == set(Zone) - {Zone.SAFE} and set(TYPES.values()) <= set(KINDS)
    for zone in TYPES:
        title, message = text(zone, "brw_1", D("1.1"))
        assert title and "brw_1 fell to 1.1. " in message
