"""The page's risk module against the server's: the same answers to the last digit."""

import json
import random
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

from dualis.lending import risk
from dualis.lending.risk import Collateral, Debt, Position, Price
from dualis.lending.terms import ASSETS, TIERS

SCRIPT = Path(__file__).parent / "js" / "risk_answers.mjs"
PLACES = {"USDC": 6, "wBTC": 8, "ETH": 18, "CC": 10, "T-BILL-2026": 6, "TIFA-REC": 2}
COUNT = 400


def amount(dice: random.Random, places: int, most: int) -> Decimal:
    return Decimal(dice.randrange(most * 10**places)).scaleb(-places)


def price(dice: random.Random) -> Price:
    spot = Decimal(dice.randrange(1, 10 ** dice.randrange(4, 13))).scaleb(-8)
    average = spot * Decimal(dice.choice(["0.97", "1", "1.02"]))
    return Price(spot, min(spot, average.quantize(Decimal("1E-8"))), spot)


def position(dice: random.Random) -> Position:
    """Return a position whose debt lies anywhere around what its collateral bears."""
    held = tuple(
        Collateral(name, amount(dice, PLACES[name], 50), PLACES[name], price(dice), ASSETS[name])
        for name in dice.sample(sorted(PLACES), dice.randrange(1, 4))
    )
    asset = dice.choice(["USDC", "wBTC", "ETH"])
    found = Position(
        held, Debt(asset, Decimal(0), PLACES[asset], price(dice)), dice.choice([*TIERS.values()])
    )
    owed = risk.weighted_value(found) * Decimal(dice.randrange(0, 160)) / 100
    units = (owed / found.debt.price.spot).quantize(Decimal(1).scaleb(-PLACES[asset]))
    return risk.with_debt(found, min(units, Decimal(10) ** 15))


def told(found: Position) -> dict[str, Any]:
    """Return a position as the page holds it."""
    return {
        "collaterals": [
            {
                "asset": held.asset,
                "amount": format(held.amount, "f"),
                "places": held.places,
                "spot": format(held.price.spot, "f"),
                "capacity": format(held.price.capacity, "f"),
                "ltv": float(held.terms.ltv),
                "threshold": float(held.terms.threshold),
                "haircut": float(held.terms.haircut),
            }
            for held in found.collaterals
        ],
        "debt": {
            "asset": found.debt.asset,
            "amount": format(found.debt.amount, "f"),
            "places": found.debt.places,
            "spot": format(found.debt.price.spot, "f"),
        },
        "tier": {"maxLTV": float(found.tier.max_ltv)},
    }


def answer(found: Position) -> dict[str, Any]:
    health = risk.health(found)
    return {
        "health": text(risk.health_factor_down(health)),
        "zone": risk.zone_of(health).value,
        "ltv": text(risk.weighted_ltv_up(found)),
        "capacity": text(risk.capacity_down(found)),
        "borrowable": text(risk.borrowable_down(found)),
        "isDust": risk.is_dust_debt(found),
        "collateral": [of_collateral(found, held) for held in found.collaterals],
    }


def of_collateral(found: Position, held: Collateral) -> dict[str, Any]:
    at = risk.liquidation_price_up(found, held.asset, risk.LIQUIDATABLE_BELOW)
    return {
        "removable": text(risk.removable_down(found, held.asset)),
        "price": text(at),
        "distance": None if at is None else text(risk.distance_up(at, held.price.spot)),
    }


def text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def test_the_page_computes_what_the_server_computes() -> None:
    dice = random.Random(20260301)
    found = [position(dice) for _ in range(COUNT)]
    done = subprocess.run(
        ["node", str(SCRIPT)],
        input=json.dumps([told(one) for one in found]),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    for one, of_page in zip(found, answers, strict=True):
        assert of_page == answer(one), told(one)
    assert {a["zone"] for a in answers} == {zone.value for zone in risk.Zone}
