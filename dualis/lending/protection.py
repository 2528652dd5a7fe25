"""How much of a repayment, or of collateral, a protection rule moves. Pure.

As much as lifts health to a little above the trigger, rounded up, so that the next breath of the
price finds nothing to do; never more than `most`.
"""

from decimal import Decimal

from dualis.exact import EXACT, ZERO, div_down, div_up
from dualis.lending import risk

LOWEST, HIGHEST = Decimal(1), Decimal(3)  # a trigger is above the one and not above the other
MARGIN = Decimal("0.1")  # health above the trigger that is aimed at


def repayment_up(position: risk.Position, trigger: Decimal, most: Decimal) -> Decimal:
    """Return what to repay; 0 if nothing may be.

    Never leaves a debt below 100 USD (rulings, 9): all is repaid then, or as much less as needed.
    """
    debt = position.debt
    lacking = _lacking(position, trigger)
    target_price = EXACT.multiply(_target(trigger), debt.price.spot)
    amount = min(div_up(lacking, target_price, debt.places), debt.amount, most)
    if not risk.is_dust_debt(risk.with_debt(position, -amount)):
        return amount
    if most >= debt.amount:
        return debt.amount
    spare = EXACT.subtract(risk.debt_value(position), risk.MIN_DEBT)
    return div_down(max(spare, ZERO), debt.price.spot, debt.places)


def addition_up(
    position: risk.Position, trigger: Decimal, unit: risk.Collateral, most: Decimal
) -> Decimal:
    """Return how much to add of the asset that `unit` is of; 0 if it counts for nothing."""
    worth = EXACT.multiply(unit.price.spot, unit.terms.weight)
    if not worth:
        return ZERO
    return min(div_up(_lacking(position, trigger), worth, unit.places), most)


def _lacking(position: risk.Position, trigger: Decimal) -> Decimal:
    """Return the weighted USD that are missing at the target."""
    health = risk.health(position)
    return max(EXACT.subtract(EXACT.multiply(_target(trigger), health.debt), health.weighted), ZERO)


def _target(trigger: Decimal) -> Decimal:
    return EXACT.add(trigger, MARGIN)
