"""The curve the page draws is the bonus that auctions give: node's figures against ours."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path

from dualis.exact import ZERO
from dualis.lending import auction, resale, settlement
from dualis.lending.auction import CLOCK_SECONDS, Auction, LiquidationTier
from dualis.lending.risk import Collateral, Debt, Position, Price
from dualis.lending.terms import ASSETS, TIERS, CreditTier

MODULE = Path(__file__).parent.parent / "realtime" / "static" / "lending" / "bonus.js"
ASK = """
import { readFileSync } from "node:fs";
const { bonusAt } = await import(process.argv[1]);
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ curve, seconds }) => bonusAt(curve, seconds))));
"""


def _price(value: str) -> Price:
    exact = Decimal(value)
    return Price(exact, exact, exact)


def _loan(eth: str) -> Position:
    """The worked loan: 10 ETH against 15,000 USDC."""
    held = Collateral("ETH", Decimal(10), 18, _price(eth), ASSETS["ETH"])
    debt = Debt("USDC", Decimal(15_000), 6, _price("1"))
    return Position((held,), debt, TIERS[CreditTier.UNRATED])


def test_node_finds_the_bonus_that_a_bid_would_get() -> None:
    cases, wanted = [], []
    for tier in (LiquidationTier.SOFT, LiquidationTier.FORCED, LiquidationTier.FULL):
        for price in ("1690", "1550", "1500", "1400"):  # the cap: 12.7 %, 3.3 %, 0, none
            position = _loan(price)
            cap = settlement.cap_down(position)
            for seconds in (0, 1, 30, 59, 60, 61, 150, 299, 300, 900):
                running = Auction(tier, Decimal(15_000), ZERO, Decimal(seconds))
                (held,) = auction.sellable(position)
                wanted.append(float(settlement.bonus_down(running, position, held)))
                curve = {
                    "most": float(held.terms.penalty),
                    "clockSeconds": CLOCK_SECONDS[tier],
                    "cap": None if cap is None else float(cap),
                }
                cases.append({"curve": curve, "seconds": seconds})
    side = resale.Side(Decimal(2000), 18)
    for seconds in (0, 100, 300, 500):
        sale = resale.Sale(Decimal(1), Decimal(1), Decimal("0.05"), Decimal(seconds), side, side)
        wanted.append(float(resale.discount_down(sale)))
        curve = {"most": 0.05, "clockSeconds": resale.CLOCK_SECONDS, "cap": None}
        cases.append({"curve": curve, "seconds": seconds})
    done = subprocess.run(
        ["node", "--input-type=module", "-e", ASK, str(MODULE)],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == len(wanted) == 124
    for case, got, right in zip(cases, found, wanted, strict=True):
        assert abs(got - right) < 1e-12, case
