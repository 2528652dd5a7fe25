"""When a fall of a position's health is told, and as what (rulings, 14; spec 8). Pure.

A user's own thresholds take the place of the upper three lines of the zones; whoever left them as
they are has the zones themselves. The lines of the margin call and of liquidation are everybody's.
"""

from decimal import Decimal

from dualis.lending.risk import ZONES, Health, Zone, zone_of
from dualis.notifications.choices import Choices

ORDER = (*(zone for _, zone in ZONES), Zone.LIQUIDATABLE)  # from the best to the worst
TYPES = {
    Zone.CAUTION: "HEALTH_FACTOR_CAUTION",
    Zone.DANGER: "HEALTH_FACTOR_DANGER",
    Zone.CRITICAL: "HEALTH_FACTOR_CRITICAL",
    Zone.MARGIN_CALL: "LIQUIDATION_WARNING",
    Zone.LIQUIDATABLE: "LIQUIDATION_WARNING",
}
_TITLES = {
    Zone.CAUTION: "Health factor: caution",
    Zone.DANGER: "Health factor: danger",
    Zone.CRITICAL: "Health factor: critical",
    Zone.MARGIN_CALL: "Margin call",
    Zone.LIQUIDATABLE: "Liquidation is due",
}
_ADVICE = {
    Zone.MARGIN_CALL: "Below 0.95 it is liquidated: repay or add collateral.",
    Zone.LIQUIDATABLE: "Its collateral goes to auction.",
}

Lines = tuple[Decimal, ...]  # the lowest health factor of each zone but the worst
DEFAULT_LINES: Lines = tuple(lowest for lowest, _ in ZONES)


def lines_of(choices: Choices) -> Lines:
    """Return the lines at which this user is told."""
    return (choices.caution, choices.danger, choices.critical, *DEFAULT_LINES[3:])


def standing_of(health: Health, lines: Lines) -> Zone:
    """Return the zone by these lines, decided exactly."""
    if lines == DEFAULT_LINES:
        return zone_of(health)
    return next(
        (zone for lowest, zone in zip(lines, ORDER, strict=False) if not health.is_below(lowest)),
        Zone.LIQUIDATABLE,
    )


def is_worse(before: Zone, after: Zone) -> bool:
    """Tell whether this is a fall: only falls are told."""
    return ORDER.index(after) > ORDER.index(before)


def text(zone: Zone, position_id: str, health: Decimal | None) -> tuple[str, str]:
    """Return title and message of a fall into a zone."""
    advice = _ADVICE.get(zone, "Repay or add collateral to lift it.")
    return _TITLES[zone], f"The health factor of {position_id} fell to {health}. {advice}"
