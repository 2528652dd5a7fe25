/** Reads positions as JSON from the standard input, writes what the page's risk module makes of each. */

import { text } from "node:stream/consumers";

import * as risk from "../../realtime/static/risk/risk.js";

const answer = (position) => ({
  health: risk.healthFactorDown(position),
  zone: risk.zoneOf(position),
  ltv: risk.ltvUp(position),
  capacity: risk.capacityDown(position),
  borrowable: risk.borrowableDown(position),
  isDust: risk.isDustDebt(position),
  collateral: position.collaterals.map(({ asset, spot }) => {
    const price = risk.liquidationPriceUp(position, asset);
    return {
      removable: risk.removableDown(position, asset),
      price,
      distance: price === null ? null : risk.distanceUp(price, spot),
    };
  }),
});

process.stdout.write(JSON.stringify(JSON.parse(await text(process.stdin)).map(answer)));
