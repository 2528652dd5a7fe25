/** What a change would do to a position: health, LTV and liquidation prices, before and after. */

import * as risk from "../risk/risk.js";
import { el, setAttribute, setText } from "../ui/dom.js";
import * as format from "../ui/format.js";
import { ZONE_NAMES } from "../ui/gauge.js";

const arrow = (before, after) => (after === null || before === after ? before : `${before} → ${after}`);
const ltv = (position) => {
  const found = risk.ltvUp(position);
  return found === null ? format.NOTHING : format.rate(Number(found));
};

export class HealthFacts {
  element = el("dl", { class: "facts" });
  #health = el("dd", { class: "tone" });
  #ltv = el("dd");
  #debt = el("dd");
  #prices = new Map(); // symbol -> element

  constructor() {
    const line = (name, value) => el("div", {}, el("dt", {}, name), value);
    this.element.append(
      line("Health factor", this.#health),
      line("Debt", this.#debt),
      line("Loan to value", this.#ltv),
    );
  }

  /** Show a position, and what it would be; `after` is null while that is not known. */
  show(before, after) {
    const last = after ?? before;
    const health = [before, after].map((one) => one && format.healthFactor(risk.healthFactorDown(one)));
    const zone = risk.zoneOf(last);
    setText(this.#health, `${arrow(...health)} (${ZONE_NAMES[zone]})`);
    setAttribute(this.#health, "data-zone", zone);
    setText(this.#ltv, arrow(ltv(before), after && ltv(after)));
    const owed = ({ debt }) => format.amount(debt.amount, debt.places);
    setText(this.#debt, `${arrow(owed(before), after && owed(after))} ${last.debt.asset}`);
    this.#showPrices(before, last);
  }

  #showPrices(before, last) {
    const held = new Set(last.collaterals.map(({ asset }) => asset));
    for (const [symbol, value] of this.#prices) {
      if (!held.has(symbol)) value.parentElement.remove();
      if (!held.has(symbol)) this.#prices.delete(symbol);
    }
    for (const symbol of held) {
      if (!this.#prices.has(symbol)) {
        const value = el("dd");
        this.#prices.set(symbol, value);
        this.element.append(el("div", {}, el("dt", {}, `Liquidated at ${symbol}`), value));
      }
      const price = (position) => {
        const isHeld = position.collaterals.some(({ asset }) => asset === symbol);
        return isHeld ? format.usd(risk.liquidationPriceUp(position, symbol)) : format.NOTHING;
      };
      setText(this.#prices.get(symbol), arrow(price(before), price(last)));
    }
  }
}
